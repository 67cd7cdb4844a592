"""Deeds of the merchant that reach the bank or the customer's books: payouts, invoices and what paid them."""

from collections.abc import Mapping, Sequence
from typing import Any

from .merchant import DAY, Merchant
from .shelf import Json


def pay_out(merchant: Merchant, at: int, *, currency: str = "eur", itemised: bool = True) -> Json | None:
    """Send everything of a currency created before `at` and not paid out yet to the bank; None when it is not positive.

    The payout's own line is on its list, as Stripe has it.
    """
    shelf = merchant.shelf
    waiting = [
        line
        for line in shelf.all("balance_transactions")
        if line["currency"] == currency and line["created"] < at and "_payout" not in line
    ]
    amount = sum(line["net"] for line in waiting)
    if amount <= 0:
        return None
    payout_id = merchant.name("po")
    own = merchant.line(payout_id, -amount, 0, at, words=("payout", "payout"), currency=currency)
    for line in [*waiting, own]:
        line["_payout"] = payout_id
    payout = shelf.add(
        "payouts",
        {
            "id": payout_id, "object": "payout", "amount": amount, "arrival_date": at + 2 * DAY, "automatic": True,
            "balance_transaction": own["id"], "created": at, "currency": currency, "failure_code": None,
            "failure_balance_transaction": None, "livemode": False, "metadata": {}, "method": "standard",
            "reconciliation_status": "completed" if itemised else "in_progress", "status": "paid",
            "type": "bank_account",
        },
    )  # fmt: skip
    merchant.event("payout.paid", payout, at)
    return payout


def fail_payout(merchant: Merchant, payout: Json, at: int) -> Json:
    """The bank returns a payout that was paid: up to five days later."""
    back = merchant.line(
        payout["id"], payout["amount"], 0, at, words=("payout_failure", "payout_reversal"), currency=payout["currency"]
    )
    payout |= {"status": "failed", "failure_code": "account_closed", "failure_balance_transaction": back["id"]}
    merchant.event("payout.failed", payout, at)
    return payout


def invoice(
    merchant: Merchant, amount: int, at: int, *, paid_by: Sequence[tuple[Json, int]] = (), currency: str = "eur",
    metadata: Mapping[str, str] | None = None, subscription_metadata: Mapping[str, str] | None = None,
    outside: bool = False,
) -> Json:  # fmt: skip
    """A finalised invoice of one line and the links to what paid it: (charge, how much of it). `outside`: paid in cash
    or by transfer, recorded by hand.
    """
    invoice_id = merchant.name("in")
    paid = amount if outside else sum(part for _charge, part in paid_by)
    parent: dict[str, Any] | None = None
    if subscription_metadata is not None:
        details = {"subscription": merchant.name("sub"), "metadata": dict(subscription_metadata)}
        parent = {"type": "subscription_details", "subscription_details": details}
    item = merchant.shelf.add(
        "invoices",
        {
            "id": invoice_id, "object": "invoice", "number": f"{merchant.prefix}-{merchant.numbers['in']:04}",
            "created": at, "currency": currency, "customer": "cus_Sandbox1", "total": amount, "amount_due": amount,
            "amount_paid": min(paid, amount), "amount_overpaid": max(0, paid - amount),
            "amount_remaining": max(0, amount - paid), "status": "paid" if paid >= amount else "open",
            "due_date": at + 30 * DAY, "livemode": False, "metadata": dict(metadata or {}), "parent": parent,
            "status_transitions": {"finalized_at": at, "paid_at": at if paid >= amount else None},
            "lines": {"object": "list", "has_more": False, "data": [_line(merchant, amount, at, currency)]},
        },
    )  # fmt: skip
    links: list[tuple[dict[str, str], int]] = [
        ({"type": "payment_intent", "payment_intent": charge["payment_intent"]}, part) for charge, part in paid_by
    ]
    if outside:
        links.append(({"type": "payment_record", "payment_record": merchant.name("pyrec")}, amount))
    for payment, part in links:
        _link(merchant, item, payment, part, at)
    merchant.event("invoice.finalized", item, at)
    return item


def _line(merchant: Merchant, amount: int, at: int, currency: str) -> Json:
    return {
        "id": merchant.name("il"), "object": "line_item", "amount": amount, "currency": currency, "quantity": 1,
        "description": "Stationery", "period": {"start": at, "end": at}, "metadata": {},
    }  # fmt: skip


def _link(merchant: Merchant, item: Json, payment: dict[str, str], amount: int, at: int) -> None:
    merchant.shelf.add(
        "invoice_payments",
        {
            "id": merchant.name("inpay"), "object": "invoice_payment", "invoice": item["id"], "payment": payment,
            "amount_paid": amount, "amount_requested": amount, "created": at, "currency": item["currency"],
            "is_default": True, "livemode": False, "status": "paid",
            "status_transitions": {"paid_at": at, "canceled_at": None},
        },
    )  # fmt: skip
