"""Discrepancy types of the `statements` comparison besides the common ones, as the API spells them, and how much each
matters.
"""

from .findings import CURRENCY, MISSING_PROVIDER, STATUS

MISSING_INVOICE = "MISSING_INVOICE"
UNAPPLIED_REFUND = "UNAPPLIED_REFUND"
OVERPAID = "OVERPAID_INVOICE"
UNDERPAID = "UNDERPAID_INVOICE"
FEE = "FEE_VARIANCE"
UNCLASSIFIED = "UNCLASSIFIED_PROVIDER_TYPE"
TYPES = (MISSING_INVOICE, UNAPPLIED_REFUND, OVERPAID, UNDERPAID, FEE, UNCLASSIFIED)

# The first row that fits decides, as in core.findings.
SEVERITY = (
    (UNAPPLIED_REFUND, "dispute.inquiry", "minor"),
    (UNAPPLIED_REFUND, "dispute.over", "none"),
    (UNAPPLIED_REFUND, "refund.came_back", "minor"),
    (OVERPAID, "invoice.overpaid_noted", "minor"),
    (UNDERPAID, "invoice.fee_deducted", "minor"),
    (FEE, "fee.explained", "none"),
    (FEE, "*", "minor"),
    (UNCLASSIFIED, "*", "minor"),
    (STATUS, "status.paid_but_open", "minor"),
    (STATUS, "*", "major"),
    *((type_, "*", "major") for type_ in (MISSING_INVOICE, UNAPPLIED_REFUND, OVERPAID, UNDERPAID)),
    *((type_, "*", "major") for type_ in (CURRENCY, MISSING_PROVIDER)),
)
