"""How often what happens in the generated books: in each thousand, the same."""

from typing import Final

SHARES: Final[dict[str, int]] = {
    "by_reference": 860,
    "by_intent": 40,
    "by_own_reference": 20,
    "by_invoice": 15,
    "by_window": 15,
    "one_to_many": 5,
    "many_to_one": 5,
    "refunded": 5,
    "failed_both": 5,
    "excluded": 5,
    "late_here": 3,
    "late_there": 2,
    "fee_deducted": 2,
    "refund_netted": 1,
    "amount_differs": 3,
    "currency_differs": 2,
    "status_differs": 3,
    "not_booked": 3,
    "not_at_provider": 3,
    "charged_twice": 2,
    "ambiguous": 1,
}
"""Of a thousand: 975 agree, are excluded, or are matched by weaker evidence, 5 are not due yet, 20 differ."""
THOUSAND: Final = 1_000
SCENARIOS: Final = [name for name, share in SHARES.items() for _ in range(share)]

NOT_BOOKED: Final = ("not_booked", "excluded", "late_here")
NOT_CHARGED: Final = ("not_at_provider", "late_there")
NO_REFERENCE: Final = ("by_own_reference", "by_invoice", "by_window", "ambiguous")
NAMES_INTENT: Final = ("by_intent", "one_to_many")
NO_INVOICE: Final = ("by_window", "ambiguous")
HALVED_HERE: Final = ("many_to_one",)
HALVED_THERE: Final = ("one_to_many",)
TWO_CHARGES: Final = ("one_to_many", "charged_twice", "ambiguous")
REFUND_THERE: Final = ("refunded", "refund_netted")
