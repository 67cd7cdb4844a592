"""Fields of Stripe objects, read safely: what they mean, or the name of the field that makes no sense."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from .money import MAX_MINOR, MoneyError, currency_code, parse_amount

TEXT_LIMIT: Final = 255
LAST_SECOND: Final = 253_402_300_799  # 9999-12-31T23:59:59Z, the end of what databases and clocks agree on
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
_REQUIRED: Final = object()

Json = dict[str, Any]


class UnusableObject(ValueError):
    """An object that names no usable money fact; says which object and which field.

    Its observation is stored all the same.
    """

    def __init__(self, item: Json, field: str) -> None:
        name = f"{text(item.get('object')) or '?'} {identifier(item.get('id')) or '?'}"
        value = item.get(field)
        if value in (None, ""):
            message = _("%(name)s: the field “%(field)s” is missing.") % {"name": name, "field": field}
        else:
            message = _("%(name)s: the field “%(field)s” cannot be used: %(value)s") % {
                "name": name,
                "field": field,
                "value": repr(value)[:60],
            }
        super().__init__(message)
        self.field = field


def identifier(value: Any) -> str:
    """An id given as text or as an expanded object; blank when absent, empty or longer than an id can be."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) and len(value) <= TEXT_LIMIT else ""


def text(value: Any) -> str:
    """A short word, or blank."""
    return value if isinstance(value, str) and len(value) <= TEXT_LIMIT else ""


def currency_of(item: Json) -> str:
    """The upper-case currency code of an object."""
    try:
        return currency_code(text(item.get("currency")))
    except MoneyError as error:
        raise UnusableObject(item, "currency") from error


def amount(item: Json, field: str, currency: str, default: Any = _REQUIRED) -> int:
    """An amount in minor units, not negative.

    Stripe sends integers. Recordings of other tools hold text: with a decimal point it means major units ("10.00" USD
    is 1000), without one minor units.
    """
    value = item.get(field)
    if value is None and default is not _REQUIRED:
        return int(default)
    minor = _integer(value)
    if minor is None and isinstance(value, str) and "." in value:
        try:
            minor = parse_amount(value, currency)
        except MoneyError as error:
            raise UnusableObject(item, field) from error
    if minor is None or not 0 <= minor <= MAX_MINOR:
        raise UnusableObject(item, field)
    return minor


def count(item: Json, field: str) -> int:
    """A signed integer amount as Stripe sends it."""
    value = _integer(item.get(field))
    if value is None or abs(value) > MAX_MINOR:
        raise UnusableObject(item, field)
    return value


def moment(item: Json, field: str) -> datetime:
    """A Unix time in whole seconds as an aware UTC datetime."""
    value = item.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= LAST_SECOND:
        raise UnusableObject(item, field)
    return datetime.fromtimestamp(value, UTC)


def moment_or_none(item: Any, field: str) -> str | None:
    """A Unix time as ISO text; None when absent or 0 (a dispute that cannot be answered has `due_by` 0, not 1970)."""
    try:
        return moment(item, field).isoformat() if isinstance(item, dict) else None
    except UnusableObject:
        return None


def _integer(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else None


def settlement(item: Json, currency: str) -> tuple[int | None, Json | None]:
    """Fee in minor units of `currency` and what was settled, when the balance transaction is expanded.

    A charge settled in another currency has its fee in that one, so the fee is then told in the settlement only.
    """
    row = item.get("balance_transaction")
    if not isinstance(row, dict):
        return None, None
    settled_in = currency_of(row)
    fee = count(row, "fee")
    settled = {
        "currency": settled_in,
        "amount_minor": count(row, "amount"),
        "fee_minor": fee,
        "net_minor": count(row, "net"),
    }
    return (fee if settled_in == currency else None), settled


def reference(item: Json, keys: Sequence[str]) -> tuple[str, str]:
    """The organization's own reference and the metadata key that gave it."""
    metadata = item.get("metadata")
    for key in keys if isinstance(metadata, dict) else ():
        value = metadata.get(key) if isinstance(metadata, dict) else None
        found = identifier(str(value) if isinstance(value, int) and not isinstance(value, bool) else value)
        if found:
            return found, key
    return "", ""


def customer(item: Json) -> str:
    """Who paid: the customer's id, else the e-mail address in lower case, else the card's fingerprint, else blank."""
    billing = item.get("billing_details")
    method = item.get("payment_method_details")
    card = method.get("card") if isinstance(method, dict) else None
    return (
        identifier(item.get("customer"))
        or (identifier(billing.get("email")).lower() if isinstance(billing, dict) else "")
        or (identifier(card.get("fingerprint")) if isinstance(card, dict) else "")
    )


def last_listed_charge(item: Json) -> str:
    """The newest charge of an intent rendered before `latest_charge` existed (its list is newest first)."""
    listed = item.get("charges")
    rows = listed.get("data") if isinstance(listed, dict) else None
    return identifier(rows[0]) if isinstance(rows, list) and rows else ""


def compact(**values: Any) -> Json:
    """The values that say something."""
    return {name: value for name, value in values.items() if value not in (None, "", [])}
