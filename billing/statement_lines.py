"""One balance transaction read as a statement line: what it states, and which objects may say whose it is.

Pure: nothing is stored here. A fact the source does not state is absent, not empty: a report without fee details says
nothing about them. Field meanings: https://docs.stripe.com/api/balance_transactions/object.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .money import MAX_MINOR
from .stripe_fields import Json, UnusableObject, compact, count, currency_of, customer, identifier, moment, text

# Ids tell what kind of object a source is when it is not expanded (https://docs.stripe.com/api/expanding_objects).
_PREFIXES: Final = {
    "ch": "charge", "py": "charge", "re": "refund", "pyr": "refund", "dp": "dispute", "du": "dispute", "po": "payout",
    "tr": "transfer", "trr": "transfer_reversal", "fee": "application_fee", "fr": "fee_refund", "tu": "topup",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """What an object's metadata says, and who it is: charge, refund, dispute, payment_intent, …"""

    who: str
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LineFacts:
    """What a source states about a line: `values` by field of StatementLineVersion (amounts signed, in minor units of
    `currency`), and the objects that may answer whose it is, best first.
    """

    external_id: str
    values: dict[str, Any]
    said: list[Said] = field(default_factory=list)
    invoice: tuple[str, str] = ("", "")  # an invoice named outside metadata, and by whom

    @property
    def references(self) -> list[str]:
        """The charge and payment intent behind the line, as far as stated."""
        named = (self.values.get("charge_reference"), self.values.get("intent_reference"))
        return [name for name in named if name]


def line_facts(item: Json) -> LineFacts:
    """The facts of a balance transaction, its `source` expanded or a bare id. Raises UnusableObject naming the field
    that is missing or makes no sense.
    """
    if item.get("object") != "balance_transaction":
        raise UnusableObject(item, "object")
    external_id = identifier(item.get("id"))
    if not external_id:
        raise UnusableObject(item, "id")
    gross, fee, net = (count(item, name) for name in ("amount", "fee", "net"))
    if net != gross - fee:
        raise UnusableObject(item, "net")
    source = item.get("source")
    values: dict[str, Any] = {
        "type": text(item.get("type"))[:100],
        "category": text(item.get("reporting_category"))[:100],
        "gross_minor": gross,
        "fee_minor": fee,
        "net_minor": net,
        "currency": currency_of(item),
        "exchange_rate": _rate(item.get("exchange_rate")),
        "fee_details": _fee_details(item.get("fee_details")),
        "occurred_at": moment(item, "created"),
        "source_reference": identifier(source),
        "source_type": source_type(source),
        "detail": compact(description=_short(item.get("description")), balance_type=text(item.get("balance_type"))),
    }
    if item.get("available_on"):
        values["available_at"] = moment(item, "available_on")
    values |= _source_facts(source, gross)
    if isinstance(source, dict) and identifier(source.get("source_transfer")):
        # A destination payment: on the statement of the connected account that the transfer went to.
        values["detail"]["source_transfer"] = identifier(source.get("source_transfer"))
    said = list(_sayers(source))
    if said:
        values["detail"]["metadata"] = {one.who: dict(one.metadata) for one in said if one.metadata}
    return LineFacts(external_id, values, said, _named_invoice(source))


def source_type(source: Any) -> str:
    """The kind of object a source is, from the object itself or from its id; blank when there is none."""
    if isinstance(source, dict):
        return text(source.get("object"))[:64]
    return _PREFIXES.get(identifier(source).partition("_")[0], "")


def _source_facts(source: Any, gross_minor: int) -> dict[str, Any]:
    """Charge, payment intent, customer and what the customer saw, as far as the source tells."""
    kind, own = source_type(source), identifier(source)
    facts: dict[str, Any] = {"charge_reference": own} if kind == "charge" else {}
    if not isinstance(source, dict):
        return facts
    charge = source.get("charge") or source.get("source_transaction")
    if kind != "charge" and identifier(charge):
        facts["charge_reference"] = identifier(charge)
    intent = identifier(source.get("payment_intent"))
    if not intent and isinstance(charge, dict):
        intent = identifier(charge.get("payment_intent"))
    paid_by = customer(source) or (customer(charge) if isinstance(charge, dict) else "")
    facts |= compact(intent_reference=intent, customer=paid_by)
    shown = source.get("amount_captured") if kind == "charge" else source.get("amount")
    if kind in {"charge", "refund", "dispute"} and isinstance(shown, int) and 0 < shown <= MAX_MINOR:
        facts["presentment_minor"] = shown if gross_minor >= 0 else -shown
        facts["presentment_currency"] = currency_of(source)
    return facts


def _sayers(source: Any) -> Iterator[Said]:
    """The source and the charge and payment intent it carries: charges first, since metadata is copied to them."""
    if not isinstance(source, dict):
        return
    charge = source.get("charge")
    chain = [source, charge, source.get("payment_intent")]
    if isinstance(charge, dict):
        chain.append(charge.get("payment_intent"))
    for item in chain:
        if isinstance(item, dict):
            metadata = item.get("metadata")
            yield Said(text(item.get("object"))[:20], metadata if isinstance(metadata, dict) else {})


def _named_invoice(source: Any) -> tuple[str, str]:
    """The invoice a charge or payment intent names itself, as renderings before 2025-03-31 do."""
    if isinstance(source, dict):
        for item in (source, source.get("charge"), source.get("payment_intent")):
            found = identifier(item.get("invoice")) if isinstance(item, dict) else ""
            if found and isinstance(item, dict):
                return found, text(item.get("object"))[:20]
    return "", ""


def _rate(value: Any) -> str:
    """An exchange rate as plain text; blank when there was no conversion."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ""
    return str(value)[:40]


def _fee_details(value: Any) -> list[Json]:
    rows = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
    return [
        compact(
            type=text(row.get("type")),
            description=_short(row.get("description")),
            amount_minor=count(row, "amount"),
            currency=currency_of(row),
            application=identifier(row.get("application")),
        )
        for row in rows
    ]


def _short(value: Any) -> str:
    return value[:255] if isinstance(value, str) else ""
