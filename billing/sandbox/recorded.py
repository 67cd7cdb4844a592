"""The recorded Stripe payments as an account's shelf (source and licence: billing/sample/data/README.md)."""

from typing import Any

from billing.sample.recorded import balance_transactions, stripe_objects

from .shelf import Shelf

LISTS = {"charge": "charges", "payment_intent": "payment_intents", "refund": "refunds"}


def recorded_shelf(account: str = "acct_1Recorded00000") -> Shelf:
    """Charges, payment intents, refunds and the balance transactions that settled them.

    The lines of the connected accounts' own statements stand here too, as they do in the recording.
    """
    shelf = Shelf(account=account)
    for item in stripe_objects():
        line = item.get("balance_transaction")
        if isinstance(line, dict):
            item["balance_transaction"] = line["id"]
        shelf.add(LISTS[item["object"]], item)
    for line in sorted(balance_transactions(), key=lambda one: (one["created"], one["id"])):
        shelf.add("balance_transactions", _line(line))
    return shelf


def _line(line: dict[str, Any]) -> dict[str, Any]:
    """As rendered today; the recording's own tables leave out what is the same in every row."""
    fee = {"type": "stripe_fee", "description": "Stripe processing fees", "application": None}
    details = [fee | {"amount": line["fee"], "currency": line["currency"]}] if line["fee"] else []
    return line | {"description": None, "fee_details": details, "status": "pending"}
