"""One Stripe object (a dict as the API renders it) read as the state of a provider record.

Pure: nothing is stored here. Objects are read tolerantly where Stripe's renderings differ by API version (expanded or
not, nested lists or not, unknown words), and refused by name of the field where money would have to be guessed.
Field meanings: https://docs.stripe.com/api/charges/object, …/refunds/object, …/payment_intents/object,
…/disputes/object.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from . import stripe_words as words
from .models.payments import Status
from .models.provider import ProviderKind
from .stripe_disputes import dispute_detail
from .stripe_fields import (
    Json,
    UnusableObject,
    amount,
    compact,
    currency_of,
    customer,
    identifier,
    last_listed_charge,
    moment,
    reference,
    settlement,
    text,
)

__all__ = ["DESTINATION_PAYMENT", "RecordState", "UnusableObject", "observed_objects", "record_state"]

DESTINATION_PAYMENT: Final = "destination_payment"
_NESTED_DEPTH: Final = 4


@dataclass(frozen=True, slots=True)
class RecordState:
    """What one observation says about a provider record. Amounts in minor units of `currency`, never negative.

    `rank` orders states that share a second (higher is later in the object's life); states of equal rank and other
    content contradict each other. `preference` only picks which contradicting state is shown.
    """

    kind: str
    external_id: str
    parent_reference: str
    amount_minor: int
    fee_minor: int | None
    currency: str
    status: str
    occurred_at: datetime
    reference: str = ""
    customer: str = ""
    excluded_reason: str = ""
    detail: Json = field(default_factory=dict)
    rank: tuple[int, ...] = (0,)
    preference: int = 0


def record_state(item: Json, reference_keys: Sequence[str] = ()) -> RecordState | None:
    """The state a Stripe object shows, or None when it is no charge, refund, payment intent or dispute.

    `reference_keys`: metadata keys that carry the organization's own reference, best first. Raises `UnusableObject`
    naming the field that is missing or makes no sense.
    """
    read = _READERS.get(str(item.get("object")))
    return read(item, reference_keys) if read else None


def observed_objects(item: Json, depth: int = 0) -> Iterator[Json]:
    """The object itself and the records it carries: charges of an intent, refunds of a charge, anything expanded."""
    yield item
    if depth >= _NESTED_DEPTH:
        return
    for name in ("latest_charge", "charge", "payment_intent", "dispute", "source"):
        yield from _nested(item.get(name), depth)
    for name in ("charges", "refunds"):
        listed = item.get(name)
        rows = listed.get("data") if isinstance(listed, dict) else None
        for row in rows if isinstance(rows, list) else ():
            yield from _nested(row, depth)


def _nested(value: Any, depth: int) -> Iterator[Json]:
    if isinstance(value, dict) and text(value.get("object")) in _READERS and identifier(value.get("id")):
        yield from observed_objects(value, depth + 1)


def _charge(item: Json, keys: Sequence[str]) -> RecordState:
    currency = currency_of(item)
    captured, disputed = item.get("captured") is not False, item.get("disputed") is True
    total = amount(item, "amount", currency)
    # A partial capture leaves amount_captured below amount; a failed charge has none.
    taken = (amount(item, "amount_captured", currency, default=0) if captured else 0) or total
    refunded = amount(item, "amount_refunded", currency, default=0)
    fee, settled = settlement(item, currency)
    own, key = reference(item, keys)
    word = text(item.get("status"))
    settled_by = identifier(item.get("balance_transaction"))
    return RecordState(
        kind=ProviderKind.CHARGE,
        external_id=_own_id(item),
        parent_reference=identifier(item.get("payment_intent")),
        amount_minor=taken,
        fee_minor=fee,
        currency=currency,
        status=_charge_status(item, word, captured),
        occurred_at=moment(item, "created"),
        reference=own,
        customer=customer(item),
        excluded_reason=DESTINATION_PAYMENT if item.get("source_transfer") else "",
        detail=compact(
            provider_status=word,
            balance_transaction=settled_by,
            settled=settled,
            amount_refunded_minor=refunded or None,
            authorized_minor=total if total != taken else None,
            captured=None if captured else False,
            disputed=disputed or None,
            failure_code=text(item.get("failure_code")),
            invoice=identifier(item.get("invoice")),
            reference_key=key,
            source_transfer=identifier(item.get("source_transfer")),
        ),
        rank=(
            int(word != "pending"),
            int(captured),
            refunded,
            int(disputed),
            int(bool(settled_by)),
            int(fee is not None),
        ),
    )


def _charge_status(item: Json, word: str, captured: bool) -> str:
    """Money given back is told by the refunds' own records, so a refunded charge stays succeeded here."""
    if word == "succeeded" and not captured:
        return Status.CANCELED if item.get("refunded") is True else Status.PENDING
    return words.CHARGE.get(word, Status.UNKNOWN)


def _refund(item: Json, keys: Sequence[str]) -> RecordState:
    currency = currency_of(item)
    fee, settled = settlement(item, currency)
    own, key = reference(item, keys)
    word = text(item.get("status")) or "succeeded"  # absent in renderings from before refunds had a status
    status = words.REFUND.get(word, Status.UNKNOWN)
    detail = compact(
        provider_status=text(item.get("status")),
        balance_transaction=identifier(item.get("balance_transaction")),
        failure_balance_transaction=identifier(item.get("failure_balance_transaction")),
        settled=settled,
        payment_intent=identifier(item.get("payment_intent")),
        reason=text(item.get("reason")),
        failure_reason=text(item.get("failure_reason")),
        reference_key=key,
    )
    return RecordState(
        kind=ProviderKind.REFUND,
        external_id=_own_id(item),
        parent_reference=identifier(item.get("charge")) or identifier(item.get("payment_intent")),
        amount_minor=amount(item, "amount", currency),
        fee_minor=fee,
        currency=currency,
        status=status,
        occurred_at=moment(item, "created"),
        reference=own,
        detail=detail,
        rank=(words.REFUND_PROGRESS.get(status, 0), int("balance_transaction" in detail), int(bool(settled))),
    )


def _payment_intent(item: Json, keys: Sequence[str]) -> RecordState:
    currency = currency_of(item)
    word = text(item.get("status"))
    status = words.INTENT.get(word, Status.UNKNOWN)
    if item.get("last_payment_error") and word in {"requires_payment_method", "requires_source"}:
        status = Status.FAILED
    total = amount(item, "amount", currency)
    received = amount(item, "amount_received", currency, default=0) if status == Status.SUCCEEDED else 0
    own, key = reference(item, keys)
    return RecordState(
        kind=ProviderKind.PAYMENT_INTENT,
        external_id=_own_id(item),
        parent_reference="",
        amount_minor=received or total,
        fee_minor=None,
        currency=currency,
        status=status,
        occurred_at=moment(item, "created"),
        reference=own,
        customer=customer(item),
        detail=compact(
            provider_status=word,
            latest_charge=identifier(item.get("latest_charge")) or last_listed_charge(item),
            invoice=identifier(item.get("invoice")),
            reference_key=key,
        ),
        # An intent can go back and forth between its statuses, so a shared second stays a contradiction whatever they
        # are; only succeeded and canceled are final (https://docs.stripe.com/payments/paymentintents/lifecycle).
        preference=int(status in {Status.SUCCEEDED, Status.CANCELED}),
    )


def _dispute(item: Json, keys: Sequence[str]) -> RecordState:
    currency = currency_of(item)
    word = text(item.get("status"))
    own, key = reference(item, keys)
    shown = dispute_detail(item)
    return RecordState(
        kind=ProviderKind.DISPUTE,
        external_id=_own_id(item),
        parent_reference=identifier(item.get("charge")) or identifier(item.get("payment_intent")),
        amount_minor=amount(item, "amount", currency),
        fee_minor=None,
        currency=currency,
        status=words.DISPUTE.get(word, Status.UNKNOWN),
        occurred_at=moment(item, "created"),
        reference=own,
        detail=compact(
            provider_status=word,
            reason=text(item.get("reason")),
            payment_intent=identifier(item.get("payment_intent")),
            reference_key=key,
            **shown,
        ),
        rank=(words.DISPUTE_PROGRESS.get(word, 0), len(shown.get("moves", ())), shown.get("submissions", 0)),
    )


def _own_id(item: Json) -> str:
    own = identifier(item.get("id"))
    if not own:
        raise UnusableObject(item, "id")
    return own


_READERS: Final[dict[str, Callable[[Json, Sequence[str]], RecordState]]] = {
    "charge": _charge,
    "refund": _refund,
    "payment_intent": _payment_intent,
    "dispute": _dispute,
}
