"""Small Stripe objects and events for tests, in today's rendering; every field can be overridden."""

import itertools
from typing import Any

Json = dict[str, Any]
T0 = 1_767_225_600  # 2026-01-01T00:00:00Z

_numbers = itertools.count(1)


def charge(**fields: Any) -> Json:
    """A settled card charge of 12.00 EUR."""
    return {
        "id": "ch_1",
        "object": "charge",
        "amount": 1200,
        "amount_captured": 1200,
        "amount_refunded": 0,
        "balance_transaction": "txn_1",
        "billing_details": {"email": None},
        "captured": True,
        "created": T0,
        "currency": "eur",
        "customer": "cus_1",
        "disputed": False,
        "livemode": False,
        "metadata": {},
        "paid": True,
        "payment_intent": "pi_1",
        "refunded": False,
        "status": "succeeded",
    } | fields


def refund(**fields: Any) -> Json:
    """A refund of 5.00 EUR of the charge above."""
    return {
        "id": "re_1",
        "object": "refund",
        "amount": 500,
        "charge": "ch_1",
        "created": T0 + 60,
        "currency": "eur",
        "metadata": {},
        "payment_intent": "pi_1",
        "status": "succeeded",
    } | fields


def intent(**fields: Any) -> Json:
    """The payment intent of the charge above."""
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "amount": 1200,
        "amount_received": 1200,
        "created": T0,
        "currency": "eur",
        "customer": "cus_1",
        "last_payment_error": None,
        "latest_charge": "ch_1",
        "livemode": False,
        "metadata": {},
        "status": "succeeded",
    } | fields


def dispute(**fields: Any) -> Json:
    """A dispute about the charge above."""
    return {
        "id": "dp_1",
        "object": "dispute",
        "amount": 1200,
        "balance_transactions": [],
        "charge": "ch_1",
        "created": T0 + 120,
        "currency": "eur",
        "evidence_details": {"due_by": T0 + 604_800},
        "metadata": {},
        "payment_intent": "pi_1",
        "reason": "fraudulent",
        "status": "needs_response",
    } | fields


def event(item: Json, kind: str = "charge.updated", **fields: Any) -> Json:
    """An event about `item`, with an id of its own."""
    return {
        "id": f"evt_{next(_numbers)}",
        "object": "event",
        "api_version": "2025-12-15.clover",
        "created": T0,
        "data": {"object": item},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    } | fields
