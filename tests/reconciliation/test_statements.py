"""The `statements` comparison: invoices against lines of the statement, and what is found about them."""

import pytest

from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem

from .invoice_books import InvoiceBooks

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> InvoiceBooks:
    return InvoiceBooks()


def test_a_payment_of_its_invoice_is_a_matched_pair(books: InvoiceBooks) -> None:
    invoice = books.billed("INV-1")
    line = books.line("1", 1000, "INV-1", fee=40)
    assert books.run().status == "ok"
    item = ReconciliationItem.objects.get()
    assert (item.left_id, item.right_id, item.outcome, item.match_pass) == (
        invoice.pk, line.pk, "matched", "invoice_named"
    )  # fmt: skip


def test_a_line_whose_invoice_is_missing_is_told(books: InvoiceBooks) -> None:
    books.line("1", 1000, "INV-1")
    assert books.run().discrepancies == {"MISSING_INVOICE": 1}
    books.billed("INV-1")
    assert books.run().status == "ok"


def test_a_dispute_is_on_record_from_the_first_run(books: InvoiceBooks) -> None:
    books.billed("INV-1")
    books.line("1", 1000, "INV-1")
    books.disputed("dp_1", 1000, "ch_1")
    books.line("2", -1000, kind="dispute", category="dispute", source_reference="dp_1", charge="ch_1", fee=1500)
    assert books.run().discrepancies == {"UNAPPLIED_REFUND": 1}
    row = ReconciliationDiscrepancy.objects.get()
    assert (row.reference, row.reason_code, row.difference_minor, row.unexplained_minor) == (
        "dp_1", "dispute.open", -1000, 0
    )  # fmt: skip
    books.disputed("dp_1", 1000, "ch_1", "won")
    books.line("3", 1000, kind="dispute_reversal", source_reference="dp_1", charge="ch_1")
    assert books.run().status == "ok"
    row.refresh_from_db()
    assert (row.status, row.reason_code, row.difference_minor) == ("resolved", "dispute.over", 0)
    books.disputed("dp_2", 500, "ch_9", "won")
    books.run()
    assert ReconciliationDiscrepancy.objects.get(reference="dp_2").status == "resolved"
