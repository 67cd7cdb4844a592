"""Tables of the billing source."""

from .changes import SourceChange
from .imports import ImportBatch
from .organizations import Membership, Organization
from .payments import Payment, PaymentVersion, RecordKind, Status
from .provider import ProviderEvent, ProviderKind, ProviderRecord, ProviderRecordVersion

__all__ = [
    "ImportBatch",
    "Membership",
    "Organization",
    "Payment",
    "PaymentVersion",
    "ProviderEvent",
    "ProviderKind",
    "ProviderRecord",
    "ProviderRecordVersion",
    "RecordKind",
    "SourceChange",
    "Status",
]
