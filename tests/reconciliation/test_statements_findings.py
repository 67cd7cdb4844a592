"""What the `statements` comparison finds: reason, expected, actual, difference, parts, sentence, what clears it."""

from datetime import UTC, timedelta
from typing import Any

import pytest

from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.sentences import clears_when, sentence, type_name

from .books import NOON
from .invoice_books import InvoiceBooks

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def books() -> InvoiceBooks:
    return InvoiceBooks()


def told(books: InvoiceBooks, type_: str) -> str:
    """The sentence of the one discrepancy of a type, which has a name and says what clears it."""
    row = books.only(type_)
    assert type_name(type_) != type_
    assert clears_when(row)
    return sentence(row, UTC)


def figures(row: ReconciliationDiscrepancy) -> tuple[object, ...]:
    return (row.reason_code, row.expected, row.actual, row.difference_minor, row.unexplained_minor, row.currency)


def test_a_payment_for_an_unknown_invoice(books: InvoiceBooks) -> None:
    books.line("1", 1234, "INV-9")
    books.run()
    row = books.only("MISSING_INVOICE")
    assert figures(row) == ("invoice.unknown", "INV-9", "ch_1", 1234, 1234, "EUR")
    assert (row.left_id, row.severity) == (0, "major")
    assert told(books, row.type) == (
        "Stripe received 12.34 EUR on 10 Oct 2026, 12:00 UTC (ch_1) for invoice INV-9; no such invoice is here."
    )


def test_a_payment_that_names_no_invoice(books: InvoiceBooks) -> None:
    books.line("1", 1234)
    books.run()
    assert books.only("MISSING_INVOICE").reason_code == "invoice.not_named"
    assert told(books, "MISSING_INVOICE").endswith("(ch_1); nothing says for which invoice.")


def test_an_invoice_paid_here_only(books: InvoiceBooks) -> None:
    books.billed("INV-1", document_number="2026/7")
    books.run()
    row = books.only("MissingProviderRecord")
    assert figures(row) == ("missing.not_on_statement", "1000", "", -1000, -1000, "EUR")
    assert told(books, row.type) == (
        "Invoice 2026/7 (INV-1), 10.00 EUR, is paid here; no line of Stripe's statement is for it. The 48 h grace "
        "ended on 12 Oct 2026, 12:00 UTC."
    )


def test_an_underpaid_invoice(books: InvoiceBooks) -> None:
    books.billed("INV-1", 5000)
    books.line("1", 4500, "INV-1")
    books.run()
    assert figures(books.only("UNDERPAID_INVOICE")) == ("invoice.underpaid", "5000", "4500", -500, -500, "EUR")
    assert told(books, "UNDERPAID_INVOICE") == (
        "Stripe received 45.00 EUR for invoice INV-1, which shows 50.00 EUR: 5.00 EUR less. Nothing on record explains "
        "it."
    )


def test_a_fee_taken_off_an_invoice_explains_what_is_missing(books: InvoiceBooks) -> None:
    books.billed("INV-1", 5075)
    books.line("1", 5000, "INV-1", fee=75)
    books.run()
    row = books.only("UNDERPAID_INVOICE")
    assert figures(row)[0::4] == ("invoice.fee_deducted", 0)
    assert row.severity == "minor"
    assert "the card fee (−0.75 EUR, fee of ch_1)" in told(books, row.type)


def test_a_payment_that_failed_later_explains_what_is_missing(books: InvoiceBooks) -> None:
    books.billed("INV-1", 3300)
    books.line("1", 3300, "INV-1", type="payment", charge="py_1")
    books.line("2", -3300, kind="charge_failure", category="charge_failure", charge="py_1", at=NOON + DAY)
    books.run()
    row = books.only("UNDERPAID_INVOICE")
    assert figures(row) == ("invoice.payment_failed", "3300", "0", -3300, 0, "EUR")
    assert "a payment that failed (−33.00 EUR, txn_2)" in told(books, row.type)


def test_an_open_invoice_whose_payment_failed_needs_nobody(books: InvoiceBooks) -> None:
    books.billed("INV-1", 3300, status="open")
    books.line("1", 3300, "INV-1", charge="py_1")
    books.line("2", -3300, kind="charge_failure", category="charge_failure", charge="py_1")
    assert books.run().status == "ok"


def test_a_capture_of_less_than_was_authorised_is_no_refund(books: InvoiceBooks) -> None:
    books.billed("INV-1", 4400)
    books.line("1", 6000, "INV-1")
    books.line("2", -1600, kind="partial_capture", type="refund", category="partial_capture_reversal", charge="ch_1")
    assert books.run().status == "ok"
    books.billed("INV-1", 6000)
    books.run()
    row = books.only("UNDERPAID_INVOICE")
    assert figures(row) == ("invoice.not_captured", "6000", "4400", -1600, 0, "EUR")


def test_an_overpaid_invoice(books: InvoiceBooks) -> None:
    books.billed("INV-1", 5000)
    books.line("1", 5100, "INV-1")
    books.run()
    assert figures(books.only("OVERPAID_INVOICE")) == ("invoice.overpaid", "5000", "5100", 100, 100, "EUR")
    assert "1.00 EUR more" in told(books, "OVERPAID_INVOICE")


def test_an_invoice_paid_twice(books: InvoiceBooks) -> None:
    books.billed("INV-1", 5000)
    books.line("1", 5000, "INV-1")
    books.line("2", 5000, "INV-1", at=NOON + DAY)
    books.run()
    row = books.only("OVERPAID_INVOICE")
    assert figures(row) == ("invoice.paid_twice", "5000", "10000", 5000, 0, "EUR")
    assert row.explanation["parts"] == [{"code": "payment", "amount_minor": 5000, "source": "txn_2"}]


def test_an_overpayment_noted_on_the_invoice(books: InvoiceBooks) -> None:
    books.billed("INV-1", 5000, paid_minor=5000, detail={"amount_overpaid_minor": 100})
    books.line("1", 5100, "INV-1")
    books.run()
    assert figures(books.only("OVERPAID_INVOICE"))[0::4] == ("invoice.overpaid_noted", 0)


def test_a_second_payment_keeps_the_triage_of_an_underpaid_invoice(books: InvoiceBooks) -> None:
    books.billed("INV-1", 5000)
    books.line("1", 4000, "INV-1")
    books.run()
    first = books.only("UNDERPAID_INVOICE")
    books.line("2", 500, "INV-1", at=NOON + DAY)
    books.run()
    row = books.only("UNDERPAID_INVOICE")
    assert (row.pk, row.difference_minor, row.status) == (first.pk, -500, "open")


def test_a_converted_payment_agrees_at_its_own_rate(books: InvoiceBooks) -> None:
    shown: dict[str, Any] = {"presentment_minor": 10_000, "presentment_currency": "USD", "exchange_rate": "0.912"}
    books.billed("INV-1", 10_000, currency="USD")
    books.line("1", 9120, "INV-1", **shown)
    result = books.run()
    assert result.status == "ok"
    assert [result.totals[code]["control"] for code in ("EUR", "USD")] == [True, True]


def test_a_converted_payment_that_differs_is_told_in_the_settlement_currency(books: InvoiceBooks) -> None:
    shown: dict[str, Any] = {"presentment_minor": 9_000, "presentment_currency": "USD", "exchange_rate": "0.9"}
    books.billed("INV-1", 10_000, currency="USD")
    books.line("1", 8100, "INV-1", **shown)
    books.run()
    row = books.only("UNDERPAID_INVOICE")
    assert figures(row) == ("invoice.underpaid", "9000", "8100", -900, -900, "EUR")
    assert "The invoice is over 100.00 USD; compared at the rate Stripe settled at." in told(books, row.type)


def test_yen_convert_by_their_own_digits(books: InvoiceBooks) -> None:
    shown: dict[str, Any] = {"presentment_minor": 10_000, "presentment_currency": "JPY", "exchange_rate": "0.0061"}
    books.billed("INV-1", 10_000, currency="JPY")
    books.line("1", 6100, "INV-1", **shown)
    assert books.run().status == "ok"


def test_a_conversion_gone_wrong_shows_as_an_amount_that_differs(books: InvoiceBooks) -> None:
    shown: dict[str, Any] = {"presentment_minor": 10_000, "presentment_currency": "USD", "exchange_rate": "0.9"}
    books.billed("INV-1", 10_000, currency="USD")
    books.line("1", 8100, "INV-1", **shown)
    books.run()
    assert books.only("UNDERPAID_INVOICE").difference_minor == -900


def test_a_payment_nothing_converts_is_not_compared(books: InvoiceBooks) -> None:
    books.billed("INV-1", currency="USD")
    books.line("1", 900, "INV-1")
    books.run()
    assert figures(books.only("CurrencyMismatch")) == ("currency.differs", "USD", "EUR", None, None, "USD")
    assert "Amounts are not compared." in told(books, "CurrencyMismatch")


def test_an_invoice_called_off_and_paid_all_the_same(books: InvoiceBooks) -> None:
    books.billed("INV-1", status="void")
    books.line("1", 1000, "INV-1")
    books.run()
    assert books.only("StatusMismatch").reason_code == "status.paid_but_called_off"
    assert told(books, "StatusMismatch") == "Stripe received 10.00 EUR for invoice INV-1, which is void here."
    books.refunded("1", 1000, "ch_1", at=NOON + DAY)
    assert books.run().status == "ok"


def test_a_type_nobody_has_classified_is_kept_and_told(books: InvoiceBooks) -> None:
    books.line("1", -77, kind="unknown", type="moon_fee", category="moonlight", charge="")
    result = books.run()
    assert result.report["excluded"] == {"unclassified": 1}
    row = books.only("UNCLASSIFIED_PROVIDER_TYPE")
    assert figures(row) == ("type.unknown", "", "moonlight / moon_fee", -77, -77, "EUR")
    assert "as “moonlight / moon_fee”, which is not known here." in told(books, row.type)
