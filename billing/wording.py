"""Words for people that every part needs: amounts and times, in the reader's language."""

from datetime import datetime, tzinfo
from decimal import Decimal
from functools import lru_cache

from babel.dates import format_datetime
from babel.numbers import format_decimal
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from billing.money import UnknownCurrency, stripe_exponent

# Names that migrations put into the database in English; shown in the reader's language.
ROLES = (
    gettext_noop("Operator"),
    gettext_noop("Manager"),
    gettext_noop("Owner"),
    gettext_noop("Auditor"),
    gettext_noop("Integration"),
)
MINUS = "\N{MINUS SIGN}"


def locale_name() -> str:
    """The reader's locale for numbers and dates."""
    return "fr" if (get_language() or "en").startswith("fr") else "en"


@lru_cache(maxsize=4_096)
def _written(number: Decimal | int, pattern: str | None, locale: str) -> str:
    """A number by a pattern of Babel. A report tells the same few hundred over and over, most of them zero."""
    return str(format_decimal(number, format=pattern, locale=locale))


def number_text(amount_minor: int, currency: str, *, sign: bool = False) -> str:
    """`amount_minor` of `currency` without its code: 1,234.50 or 1 234,50; `sign` shows a plus as well.

    Minor units as they are when the currency is not known.
    """
    try:
        digits = stripe_exponent(currency)
    except UnknownCurrency:
        digits = 0
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    text = _written(Decimal(abs(amount_minor)).scaleb(-digits), pattern, locale_name())
    mark = MINUS if amount_minor < 0 else "+" if sign and amount_minor > 0 else ""
    return f"{mark}{text}"


def amount_text(amount_minor: int, currency: str, *, sign: bool = False) -> str:
    """`amount_minor` of `currency` for the reader: 1,234.50 EUR or 1 234,50 EUR; `sign` shows a plus as well."""
    return f"{number_text(amount_minor, currency, sign=sign)} {currency}"


def count_text(count: int) -> str:
    """A whole number with separators of thousands: 12,480."""
    return _written(count, None, locale_name())


def decimal_text(value: str | float, digits: int | None = None) -> str:
    """A number with `digits` decimals, else with those it is written with: 98.5 or 98,5."""
    number = Decimal(str(value))
    shown = max(0, -int(number.as_tuple().exponent)) if digits is None else digits
    pattern = "#,##0" + ("." + "0" * shown if shown else "")
    return str(format_decimal(number, format=pattern, locale=locale_name()))


def hours_text(seconds: int) -> str:
    """A span in hours, with decimals only where there are any: 1.5 h."""
    return f"{decimal_text(f'{seconds / 3600:g}')} h"


def time_text(moment: datetime, zone: tzinfo) -> str:
    """An aware time as a person in `zone` reads it in a sentence: 18 Nov 2026, 09:31 CET."""
    local = moment.astimezone(zone)
    return f"{format_datetime(local, 'd MMM y, HH:mm', locale=locale_name())} {local.strftime('%Z')}"


def stamp_text(moment: datetime, zone: tzinfo, *, seconds: bool = False) -> str:
    """An aware time in `zone` for tables, where digits stand in columns: 2026-11-18 09:31 CET."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z" if seconds else "%Y-%m-%d %H:%M %Z")


def role_text(name: str) -> str:
    """A role's name; one that somebody has made themselves stays as written."""
    return _(name) if name in ROLES else name
