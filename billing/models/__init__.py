"""Tables of the billing source."""

from .adjustments import Adjustment
from .balances import ProviderBalance
from .changes import SourceChange
from .fetches import ProviderFetch
from .imports import ImportBatch
from .invoices import Invoice, InvoiceKind, InvoicePayment, InvoicePaymentVersion, InvoiceStatus, InvoiceVersion
from .organizations import Membership, Organization
from .payments import Payment, PaymentVersion, RecordKind, Status
from .payouts import Payout, PayoutVersion
from .provider import ProviderEvent, ProviderKind, ProviderRecord, ProviderRecordVersion
from .saved_views import SavedView
from .statements import LineKind, StatementLine, StatementLineVersion, StatementWithdrawal

__all__ = [
    "Adjustment",
    "ImportBatch",
    "Invoice",
    "InvoiceKind",
    "InvoicePayment",
    "InvoicePaymentVersion",
    "InvoiceStatus",
    "InvoiceVersion",
    "LineKind",
    "Membership",
    "Organization",
    "Payment",
    "PaymentVersion",
    "Payout",
    "PayoutVersion",
    "ProviderBalance",
    "ProviderEvent",
    "ProviderFetch",
    "ProviderKind",
    "ProviderRecord",
    "ProviderRecordVersion",
    "RecordKind",
    "SavedView",
    "SourceChange",
    "StatementLine",
    "StatementLineVersion",
    "StatementWithdrawal",
    "Status",
]
