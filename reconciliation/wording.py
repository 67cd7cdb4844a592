"""Words for people: amounts, times and the sentence that says why a discrepancy is one. In the reader's language and
zone.
"""

from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from babel.dates import format_datetime
from babel.numbers import format_decimal
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing.money import stripe_exponent

MINUS = "\N{MINUS SIGN}"


Facts = dict[str, Any]


def amount_text(amount_minor: int, currency: str, *, sign: bool = False) -> str:
    """`amount_minor` of `currency` for the reader: 1,234.50 EUR or 1 234,50 EUR; `sign` shows a plus as well."""
    digits = stripe_exponent(currency)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    text = format_decimal(Decimal(abs(amount_minor)).scaleb(-digits), format=pattern, locale=locale_name())
    mark = MINUS if amount_minor < 0 else "+" if sign and amount_minor > 0 else ""
    return f"{mark}{text} {currency}"


def locale_name() -> str:
    """The reader's locale for numbers and dates."""
    return "fr" if (get_language() or "en").startswith("fr") else "en"


def moment_text(micros: int, zone: tzinfo) -> str:
    """Microseconds since 1970 UTC as a person in `zone` reads it: 18 Nov 2026, 09:31 CET."""
    moment = datetime.fromtimestamp(micros // 1_000_000, UTC).astimezone(zone)
    return f"{format_datetime(moment, 'd MMM y, HH:mm', locale=locale_name())} {moment.strftime('%Z')}"


def money(record: Facts) -> str:
    """The amount of a record."""
    return amount_text(record["amount_minor"], record["currency"])


def provider_name(record: Facts | None) -> str:
    """Who the provider is, as a sentence names it."""
    name = (record or {}).get("provider")
    return "Stripe" if name in (None, "stripe") else _("the provider file") if name == "csv" else str(name)


def capital(text: str) -> str:
    """With a capital first letter, whatever follows."""
    return text[:1].upper() + text[1:]
