"""Amounts: text to minor units and back."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.money import (
    CURRENCY_TABLE,
    MAX_MINOR,
    MoneyError,
    UnknownCurrency,
    exponent,
    format_minor,
    known_currency,
    parse_amount,
    stripe_exponent,
)

CODES = [row["code"] for row in csv.DictReader(CURRENCY_TABLE.read_text("utf-8").splitlines()) if row["iso_exponent"]]


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1234.50", "EUR", 123450),
        ("1234.5", "eur", 123450),
        (" 7\n", "EUR", 700),
        ("-10.00", "USD", -1000),
        ("-0.00", "USD", 0),
        ("007.10", "USD", 710),
        ("1500", "JPY", 1500),
        ("1.234", "KWD", 1234),
        ("5", "UGX", 500),
        ("5.00", "UGX", 500),
        ("5", "ISK", 500),
        ("20", "MGA", 20),
        ("20.00", "MGA", 20),
        ("1.250", "LYD", 125),
        ("9999999999999.99", "EUR", MAX_MINOR),
    ],
)
def test_a_plain_amount_becomes_minor_units_of_stripes_exponent(text: str, currency: str, minor: int) -> None:
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "part"),
    [
        ("10.001", "EUR", "EUR has 2"),
        ("10.000", "EUR", "EUR has 2"),
        ("10.0", "JPY", "JPY has none"),
        ("5.50", "UGX", "UGX has none"),
        ("20.50", "MGA", "MGA has none"),
        ("1.255", "LYD", "LYD has 2"),
        ("1.2345", "KWD", "KWD has 3"),
        ("", "EUR", "missing"),
        ("  ", "EUR", "missing"),
        ("1,234.50", "EUR", "thousands separators"),
        ("1.234.50", "EUR", "thousands separators"),
        ("1 234", "EUR", "thousands separators"),
        ("10,50", "EUR", "decimal comma"),
        ("1e3", "EUR", "exponent notation"),
        ("NaN", "EUR", "not a number"),
        ("Infinity", "EUR", "not a number"),
        ("+10", "EUR", "not a number"),
        (".50", "EUR", "not a number"),
        ("10.", "EUR", "not a number"),
        ("１０", "EUR", "digits 0 to 9"),
        ("−10", "EUR", "digits 0 to 9"),
        ("10000000000000.00", "EUR", "too large"),
        ("9" * 500, "EUR", "too large"),
        ("10", "EURO", "three letters"),
        ("10", "", "three letters"),
        ("10", "ＥＵＲ", "three letters"),
        ("10", "ZZZ", "not known"),
        ("10", "XAU", "not known"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(text: str, currency: str, part: str) -> None:
    with pytest.raises(MoneyError, match=part):
        parse_amount(text, currency)


def test_exponents_follow_the_table() -> None:
    assert {code for code in CODES if exponent(code) != stripe_exponent(code)} == {
        *("ISK", "UGX", "UYI", "MGA", "CLF", "IQD", "LYD", "UYW")
    }
    assert (exponent("MGA"), stripe_exponent("MGA")) == (2, 0)
    assert (exponent("isk"), stripe_exponent("isk")) == (0, 2)


def test_a_code_is_normalised_to_upper_case() -> None:
    assert known_currency(" eur ") == "EUR"
    with pytest.raises(UnknownCurrency):
        known_currency("QQQ")


def test_an_amount_of_a_currency_outside_the_table_is_shown_as_it_is() -> None:
    assert format_minor(12345, "QQQ") == "12345"


@given(st.integers(-MAX_MINOR, MAX_MINOR), st.sampled_from(CODES))
def test_text_of_an_amount_reads_back_as_the_same_amount(minor: int, currency: str) -> None:
    whole = 10 ** max(stripe_exponent(currency) - exponent(currency), 0)
    minor -= minor % whole if minor >= 0 else -(-minor % whole)
    assert parse_amount(format_minor(minor, currency), currency) == minor


@given(st.text(max_size=60), st.sampled_from(CODES))
def test_any_text_is_an_amount_or_a_refusal(text: str, currency: str) -> None:
    try:
        minor = parse_amount(text, currency)
    except MoneyError:
        return
    assert parse_amount(format_minor(minor, currency), currency) == minor
