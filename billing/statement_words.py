"""Stripe's words for balance transactions, mapped to our kinds of statement lines.

Classified by `reporting_category` (https://docs.stripe.com/reports/reporting-categories); `type` decides only where an
old rendering or report has no category. A word that is not here is stored as unknown and shown, never refused.
"""

from typing import Final

from .models.statements import LineKind

CATEGORY: Final[dict[str, LineKind]] = {
    "charge": LineKind.CHARGE,
    "charge_failure": LineKind.CHARGE_FAILURE,
    "refund": LineKind.REFUND,
    "refund_failure": LineKind.REFUND_FAILURE,
    "partial_capture_reversal": LineKind.PARTIAL_CAPTURE,
    "dispute": LineKind.DISPUTE,
    "dispute_reversal": LineKind.DISPUTE_REVERSAL,
    **dict.fromkeys(("fee", "network_cost", "platform_earning", "platform_earning_refund"), LineKind.FEE),
    "tax": LineKind.TAX,
    "payout": LineKind.PAYOUT,
    "payout_reversal": LineKind.PAYOUT_REVERSAL,
    **dict.fromkeys(("transfer", "connect_collection_transfer"), LineKind.TRANSFER),
    "transfer_reversal": LineKind.TRANSFER_REVERSAL,
    **dict.fromkeys(("topup", "topup_reversal"), LineKind.TOPUP),
    **dict.fromkeys(("connect_reserved_funds", "risk_reserved_funds", "payout_minimum_balance_hold"), LineKind.RESERVE),
    "payout_minimum_balance_release": LineKind.RESERVE,
    "other_adjustment": LineKind.ADJUSTMENT,
    **dict.fromkeys(
        ("advance", "advance_funding", "anticipation_repayment", "climate_order_purchase", "climate_order_refund"),
        LineKind.OTHER,
    ),
    **dict.fromkeys(("contribution", "currency_conversion", "obligation", "fee_credit_funding"), LineKind.OTHER),
    **dict.fromkeys(
        ("issuing_authorization_hold", "issuing_authorization_release", "issuing_transaction", "issuing_disputes"),
        LineKind.OTHER,
    ),
}

TYPE: Final[dict[str, LineKind]] = {
    **dict.fromkeys(("charge", "payment"), LineKind.CHARGE),
    **dict.fromkeys(("payment_failure_refund", "payment_reversal"), LineKind.CHARGE_FAILURE),
    **dict.fromkeys(("refund", "payment_refund"), LineKind.REFUND),
    "refund_failure": LineKind.REFUND_FAILURE,
    **dict.fromkeys(("stripe_fee", "stripe_fx_fee", "application_fee", "application_fee_refund"), LineKind.FEE),
    "tax_fee": LineKind.TAX,
    "payout": LineKind.PAYOUT,
    **dict.fromkeys(("payout_cancel", "payout_failure"), LineKind.PAYOUT_REVERSAL),
    "transfer": LineKind.TRANSFER,
    **dict.fromkeys(("transfer_cancel", "transfer_failure", "transfer_refund"), LineKind.TRANSFER_REVERSAL),
    **dict.fromkeys(("topup", "topup_reversal"), LineKind.TOPUP),
    **dict.fromkeys(("reserve_transaction", "reserved_funds", "reserve_hold", "reserve_release"), LineKind.RESERVE),
    "adjustment": LineKind.ADJUSTMENT,
}


def line_kind(*, category: str, type_word: str, gross_minor: int, source_type: str) -> LineKind:
    """The kind of a line. A dispute's line that brings money back is its reinstatement, whatever the word."""
    kind = CATEGORY.get(category, LineKind.UNKNOWN) if category else TYPE.get(type_word, LineKind.UNKNOWN)
    if kind == LineKind.ADJUSTMENT and source_type == "dispute" and not category:
        kind = LineKind.DISPUTE
    if kind == LineKind.DISPUTE and gross_minor > 0:
        return LineKind.DISPUTE_REVERSAL
    return kind
