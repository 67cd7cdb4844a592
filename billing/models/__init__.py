"""Tables of the billing source."""

from .imports import ImportBatch
from .organizations import Membership, Organization
from .payments import Payment, PaymentVersion
from .provider import ProviderEvent, ProviderRecord, ProviderRecordVersion

__all__ = [
    "ImportBatch",
    "Membership",
    "Organization",
    "Payment",
    "PaymentVersion",
    "ProviderEvent",
    "ProviderRecord",
    "ProviderRecordVersion",
]
