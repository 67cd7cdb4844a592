"""Stripe's words for statuses, mapped to the canonical ones.

A word that is not here is stored as unknown, never refused.
"""

from typing import Final

from .models.payments import Status

CHARGE: Final = {"succeeded": Status.SUCCEEDED, "pending": Status.PENDING, "failed": Status.FAILED}
REFUND: Final = {
    "succeeded": Status.SUCCEEDED,
    "pending": Status.PENDING,
    "requires_action": Status.PENDING,
    "failed": Status.FAILED,
    "canceled": Status.CANCELED,
}
INTENT: Final = {
    "succeeded": Status.SUCCEEDED,
    "canceled": Status.CANCELED,
    **dict.fromkeys(
        ("processing", "requires_action", "requires_capture", "requires_confirmation", "requires_payment_method"),
        Status.PENDING,
    ),
    **dict.fromkeys(("requires_source", "requires_source_action"), Status.PENDING),  # names before 2019-02-11
}
# A dispute is money going back to the customer: lost means it went, won and closed mean it did not.
DISPUTE: Final = {
    "lost": Status.SUCCEEDED,
    "won": Status.CANCELED,
    "prevented": Status.CANCELED,
    "warning_closed": Status.CANCELED,
    "charge_refunded": Status.CANCELED,
    **dict.fromkeys(("needs_response", "under_review"), Status.PENDING),
    **dict.fromkeys(("warning_needs_response", "warning_under_review"), Status.PENDING),
}
DISPUTE_PROGRESS: Final = {
    "warning_needs_response": 0,
    "warning_under_review": 1,
    "warning_closed": 2,
    "prevented": 2,
    "needs_response": 3,
    "under_review": 4,
    **dict.fromkeys(("won", "lost", "charge_refunded"), 5),
}
REFUND_PROGRESS: Final = {Status.PENDING: 0, Status.SUCCEEDED: 1, Status.FAILED: 2, Status.CANCELED: 2}
