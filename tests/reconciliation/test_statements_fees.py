"""Fees held against what was agreed with the provider."""

import io
from datetime import UTC
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from reconciliation.core.fees import Terms, expected_fee, terms_for
from reconciliation.models import FeeTerms, ReconciliationActionLog, ReconciliationDiscrepancy
from reconciliation.sentences import sentence

from .invoice_books import InvoiceBooks

CARDS = Terms("EUR", "charge", 15_000, 25)


def test_terms_for_a_type_come_before_those_for_any() -> None:
    anything = Terms("EUR", "", 20_000)
    assert terms_for([CARDS, anything], "EUR", "charge") == CARDS
    assert terms_for([CARDS, anything], "EUR", "payment") == anything
    assert terms_for([CARDS, anything], "USD", "charge") is None


@pytest.mark.parametrize(("amount", "fee"), [(0, 25), (1000, 40), (1033, 40), (1034, 41), (3300, 75)])
def test_a_fee_is_rounded_half_up(amount: int, fee: int) -> None:
    assert expected_fee(CARDS, amount) == fee


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command("fee_terms", "--organization", "acme", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def books(db: None) -> InvoiceBooks:
    """Two paid invoices, one with a fee that is 0.90 EUR too high."""
    books = InvoiceBooks()
    for own, fee in (("1", 40), ("2", 130)):
        books.billed(f"INV-{own}")
        books.line(own, 1000, f"INV-{own}", fee=fee)
    return books


def only(books: InvoiceBooks) -> ReconciliationDiscrepancy:
    return books.only("FEE_VARIANCE")


def test_fees_are_not_compared_before_terms_are_agreed(books: InvoiceBooks) -> None:
    assert books.run().status == "ok"


def test_a_fee_above_what_was_agreed_is_told(books: InvoiceBooks) -> None:
    books.run()
    assert "EUR, charge: 1.5 % and 0.25, give or take 0.01" in command(
        "--currency", "eur", "--type", "charge", "--rate", "1.5", "--fixed", "0.25"
    )
    assert books.run().discrepancies == {"FEE_VARIANCE": 1}
    row = only(books)
    assert (row.reason_code, row.expected, row.actual, row.difference_minor, row.severity) == (
        "fee.higher", "40", "130", 90, "minor"
    )  # fmt: skip
    assert sentence(row, UTC) == (
        "Stripe took 1.30 EUR of ch_2; the agreed terms come to 0.40 EUR: 0.90 EUR more. Nothing on record explains it."
    )
    assert books.outcomes() == {"matched": 2}


def test_what_stripe_itself_names_as_another_fee_explains_it(books: InvoiceBooks) -> None:
    command("--currency", "EUR", "--rate", "1.5", "--fixed", "0.25")
    details = [{"type": "stripe_fee", "amount_minor": 40}, {"type": "tax", "amount_minor": 90}]
    books.line("2", 1000, "INV-2", fee=130, fee_details=details)
    books.run()
    assert (only(books).reason_code, only(books).severity, only(books).unexplained_minor) == (
        "fee.explained",
        "none",
        0,
    )


def test_corrected_terms_clear_what_was_found(books: InvoiceBooks) -> None:
    command("--currency", "EUR", "--rate", "1.5", "--fixed", "0.25")
    books.run()
    command("--currency", "EUR", "--rate", "1.5", "--fixed", "0.25", "--tolerance", "0.90")
    assert books.run().status == "ok"
    assert only(books).resolution_code == "cleared"


def test_setting_terms_is_on_record_and_setting_them_again_is_not(books: InvoiceBooks) -> None:
    for _time in range(2):
        command("--currency", "EUR", "--rate", "2.9", "--fixed", "0.30")
    assert FeeTerms.objects.get().rate_ppm == 29_000
    assert [row.action for row in ReconciliationActionLog.objects.all()] == ["fee_terms_set"]
    assert "not compared" in command("--currency", "EUR", "--remove")
    assert ReconciliationActionLog.objects.latest("pk").after == {"currency": "EUR", "line_type": ""}


@pytest.mark.parametrize(
    "wrong",
    [{"rate": "1,5"}, {"rate": "101"}, {"fixed": "0.255"}, {"fixed": "-1"}, {"currency": "EURO"}, {"tolerance": "x"}],
)
def test_terms_that_make_no_sense_are_refused_in_words(books: InvoiceBooks, wrong: dict[str, Any]) -> None:
    values = {"currency": "EUR", "rate": "1.5", "fixed": "0.25", **wrong}
    with pytest.raises(CommandError) as refusal:
        command(*(f"--{name}={value}" for name, value in values.items()))
    assert refusal.value.returncode == 2
    assert not FeeTerms.objects.exists()


def test_an_unknown_organization_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match="There is no organization"):
        command()
