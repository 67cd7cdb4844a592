"""Amounts of money: text to integer minor units and back.

Minor units inside Tieout follow the exponent of Stripe's API, for internal payments as well, so that both sides of a
comparison count in the same unit: 5 UGX are 500 minor units, though ISO 4217 gives the shilling no decimals. The
exponents are in `data/currencies.csv`; digits of locale data are for display and never used here.
"""

import csv
import re
from functools import cache
from pathlib import Path
from typing import Final

from django.utils.translation import gettext as _

CURRENCY_TABLE: Final = Path(__file__).parent / "data" / "currencies.csv"
# Sums of many thousand amounts must stay inside 64 bits; no single payment comes near this.
MAX_MINOR: Final = 10**15 - 1

_PLAIN: Final = re.compile(r"(-?)([0-9]{1,4000})(?:\.([0-9]{1,200}))?")
_CODE: Final = re.compile(r"[A-Z]{3}")


class MoneyError(ValueError):
    """An amount or currency that cannot be used; `str()` of it is written for people."""


class UnknownCurrency(MoneyError):
    """A currency code that is not in the table."""


@cache
def _table() -> dict[str, tuple[int | None, int]]:
    with CURRENCY_TABLE.open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: (int(row["iso_exponent"]) if row["iso_exponent"] else None, int(row["stripe_exponent"]))
            for row in csv.DictReader(file)
        }


def currency_code(text: str) -> str:
    """The upper-case form of a three-letter currency code; raises `UnknownCurrency` when `text` has another shape."""
    code = text.strip().upper() if text.isascii() else ""
    if not _CODE.fullmatch(code):
        raise UnknownCurrency(
            _("“%(text)s” is not a currency code. Write three letters, such as EUR.") % {"text": text[:20]}
        )
    return code


def _exponents(currency: str) -> tuple[int, int]:
    code = currency_code(currency)
    iso, stripe = _table().get(code, (None, 0))
    if iso is None:
        raise UnknownCurrency(
            _("The currency %(code)s is not known here. Write its ISO 4217 code, such as EUR.") % {"code": code}
        )
    return iso, stripe


def known_currency(text: str) -> str:
    """The upper-case code of a currency whose digits are known; raises `UnknownCurrency`."""
    _exponents(text)
    return currency_code(text)


def exponent(currency: str) -> int:
    """Decimal digits the currency has by ISO 4217; raises `UnknownCurrency`."""
    return _exponents(currency)[0]


def stripe_exponent(currency: str) -> int:
    """Decimal digits of the minor unit used by Stripe's API and by Tieout; raises `UnknownCurrency`."""
    return _exponents(currency)[1]


@cache
def currencies_with(digits: int) -> tuple[str, ...]:
    """The codes of the currencies whose minor unit has `digits` decimals."""
    return tuple(code for code, (_iso, stripe) in _table().items() if stripe == digits)


def parse_amount(text: str, currency: str) -> int:
    """A decimal amount such as "1234.50" as integer minor units of `currency` (Stripe's exponent); may be negative.

    Only ASCII digits with a decimal point are read; nothing is rounded or guessed. Raises `MoneyError` for anything
    else and for more digits than the currency has. Where ISO and Stripe differ, zeros may fill the longer form ("5.00"
    UGX).
    """
    iso, stripe = _exponents(currency)
    found = _PLAIN.fullmatch(text.strip(" \t\r\n"))
    if not found:
        raise MoneyError(_refusal(text))
    sign, whole, decimals = found[1], found[2], found[3] or ""
    code, smallest = currency_code(currency), min(iso, stripe)
    if len(decimals) > max(iso, stripe) or decimals[smallest:].strip("0"):
        raise MoneyError(_too_precise(text, code, smallest))
    minor = int(whole + decimals[:stripe].ljust(stripe, "0"))
    if minor > MAX_MINOR:
        raise MoneyError(_("The amount “%(text)s” is too large to be a payment.") % {"text": text.strip()[:40]})
    return -minor if sign else minor


def format_minor(amount_minor: int, currency: str) -> str:
    """Plain text of an amount, "-1234.50"; minor units as they are when the currency is not in the table."""
    try:
        digits = stripe_exponent(currency)
    except UnknownCurrency:
        return str(amount_minor)
    sign, text = "-" if amount_minor < 0 else "", str(abs(amount_minor)).rjust(digits + 1, "0")
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else f"{sign}{text}"


def _too_precise(text: str, code: str, digits: int) -> str:
    values = {"text": text.strip()[:40], "code": code, "digits": digits}
    if digits == 0:
        return _("The amount “%(text)s” has decimals, but %(code)s has none. Write whole units.") % values
    return _("The amount “%(text)s” has too many decimals: %(code)s has %(digits)d.") % values


def _refusal(text: str) -> str:
    """Why `text` is no plain decimal amount, as a sentence that says what to write instead."""
    stripped = text.strip()
    values = {"text": stripped[:40]}
    if not stripped:
        return _("The amount is missing. Write a number such as 1234.50.")
    if not stripped.isascii():
        return _("The amount “%(text)s” has characters other than the digits 0 to 9. Write 1234.50.") % values
    if re.fullmatch(r"-?[0-9]+,[0-9]{1,2}", stripped):
        return _("The amount “%(text)s” has a decimal comma. Write a decimal point: 1234.50.") % values
    if re.fullmatch(r"-?[0-9]+(?:[,' _.][0-9]+)+", stripped):
        return _("The amount “%(text)s” has thousands separators. Write 1234.50.") % values
    if re.fullmatch(r"[-+]?[0-9.]+[eE][-+]?[0-9]+", stripped):
        return _("The amount “%(text)s” is in exponent notation. Write it out: 1234.50.") % values
    return _("The amount “%(text)s” is not a number. Write one such as 1234.50.") % values
