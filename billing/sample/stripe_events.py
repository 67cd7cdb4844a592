"""Provider records of a generated month as Stripe events.

Balance transactions come expanded, as an export of events with their objects fetched again gives them: the fee is
known.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from billing.sample.plan import Theirs

_CHARGE_EVENTS = {"succeeded": "charge.succeeded", "pending": "charge.pending", "failed": "charge.failed"}
_INTENT_STATUS = {"succeeded": "succeeded", "pending": "processing", "failed": "requires_payment_method"}


def events_of(records: Sequence[Theirs], reference_key: str) -> Iterator[dict[str, Any]]:
    """Events that tell of `records`: one for each charge and refund, and one for the payment intent behind a charge."""
    refunded: dict[str, int] = {}
    for record in records:
        if record.kind == "refund":
            refunded[record.parent] = refunded.get(record.parent, 0) + record.amount_minor
    for record in records:
        if record.kind == "refund":
            yield _event("refund.created", record.occurred_at, _refund(record))
            continue
        yield _event(_CHARGE_EVENTS[record.status], record.occurred_at, _charge(record, reference_key, 0))
        if record.id in refunded:
            back = max(other.occurred_at for other in records if other.parent == record.id)
            yield _event("charge.refunded", back, _charge(record, reference_key, refunded[record.id]))
        if record.parent and record.latest:
            name = "payment_intent.payment_failed" if record.status == "failed" else "payment_intent.succeeded"
            yield _event(name, record.occurred_at, _intent(record, reference_key))


def _event(name: str, created: int, item: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"evt_{name.replace('.', '_')}_{item['id']}",
        "object": "event",
        "type": name,
        "created": created,
        "livemode": False,
        "api_version": "2025-03-31.basil",
        "data": {"object": item},
    }


def _common(kind: str, record: Theirs) -> dict[str, Any]:
    return {
        "object": kind,
        "id": record.id,
        "created": record.occurred_at,
        "amount": record.amount_minor,
        "currency": record.currency.lower(),
        "status": record.status,
        "livemode": False,
    }


def _charge(record: Theirs, reference_key: str, refunded_minor: int) -> dict[str, Any]:
    captured = record.status != "failed"
    return {
        **_common("charge", record),
        "amount_captured": record.amount_minor if captured else 0,
        "amount_refunded": refunded_minor,
        "balance_transaction": _balance_transaction(record),
        "captured": captured,
        "customer": record.customer or None,
        "disputed": False,
        "failure_code": None if captured else "card_declined",
        "metadata": {reference_key: record.reference} if record.reference else {},
        "payment_intent": record.parent or None,
        "refunded": refunded_minor >= record.amount_minor,
        "source_transfer": record.transfer or None,
    }


def _balance_transaction(record: Theirs) -> dict[str, Any] | None:
    if record.fee_minor is None:
        return None
    return {
        "object": "balance_transaction",
        "id": f"txn_{record.id.partition('_')[2]}",
        "created": record.occurred_at,
        "type": "charge",
        "reporting_category": "charge",
        "amount": record.amount_minor,
        "fee": record.fee_minor,
        "net": record.amount_minor - record.fee_minor,
        "currency": record.currency.lower(),
        "exchange_rate": None,
        "source": record.id,
    }


def _intent(record: Theirs, reference_key: str) -> dict[str, Any]:
    failed = record.status == "failed"
    return {
        **_common("payment_intent", record),
        "id": record.parent,
        "status": _INTENT_STATUS[record.status],
        "amount_received": record.amount_minor if record.status == "succeeded" else 0,
        "customer": record.customer or None,
        "last_payment_error": {"code": "card_declined"} if failed else None,
        "latest_charge": record.id,
        "metadata": {reference_key: record.reference} if record.reference else {},
    }


def _refund(record: Theirs) -> dict[str, Any]:
    return {
        **_common("refund", record),
        "balance_transaction": None,
        "charge": record.parent,
        "metadata": {},
        "payment_intent": None,
    }
