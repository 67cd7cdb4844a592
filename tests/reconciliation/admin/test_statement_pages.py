"""Discrepancies and items of `statements` on the desk: both sides under their own names, found by any of their ids."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem
from tests.people import browser, person
from tests.reconciliation.books import NOON
from tests.reconciliation.invoice_books import InvoiceBooks

DISCREPANCIES = "admin:reconciliation_reconciliationdiscrepancy_changelist"
ITEMS = "admin:reconciliation_reconciliationitem_changelist"


@pytest.fixture(scope="module")
def books(rows_of_module: None) -> InvoiceBooks:
    """An underpaid invoice, a refund nobody booked, a dispute."""
    books = InvoiceBooks()
    books.billed("INV-1", 5000, document_number="2026/1", customer="cus_1")
    books.line("1", 4500, "INV-1", fee=90, customer="cus_1")
    books.refunded("9", 700, "ch_1", at=NOON + timedelta(days=1))
    books.disputed("dp_1", 4500, "ch_1")
    books.run()
    return books


@pytest.fixture
def owner(db: None, books: InvoiceBooks) -> Client:
    return browser(person("Owner", books.organization))


@pytest.mark.parametrize("type_", ["UNDERPAID_INVOICE", "UNAPPLIED_REFUND"])
def test_the_page_of_a_discrepancy_names_the_sides_of_its_comparison(
    owner: Client, books: InvoiceBooks, type_: str
) -> None:
    for row in ReconciliationDiscrepancy.objects.filter(type=type_):
        url = reverse("admin:reconciliation_reconciliationdiscrepancy_change", args=[row.pk])
        page = owner.get(url).content.decode()
        assert "Difference (Stripe&#x27;s statement − Invoice)" in page
        assert ">Ours<" not in page


def test_the_page_of_an_item_shows_invoice_and_line(owner: Client, books: InvoiceBooks) -> None:
    item = ReconciliationItem.objects.get(left_id__gt=0, closed_run=None)
    page = owner.get(reverse("admin:reconciliation_reconciliationitem_change", args=[item.pk])).content.decode()
    for text in ("2026/1", "INV-1", "txn_1", "ch_1", "Invoice underpaid"):
        assert text in page


@pytest.mark.parametrize(
    ("term", "discrepancies", "items"),
    [("2026/1", 1, 1), ("INV-1", 1, 1), ("txn_1", 0, 1), ("re_9", 1, 1), ("dp_1", 1, 0), ("nothing", 0, 0)],
)
def test_an_id_of_either_side_finds_what_is_about_it(owner: Client, term: str, discrepancies: int, items: int) -> None:
    found = [
        len(owner.get(reverse(name), {"q": term}).context["cl"].result_list) for name in (DISCREPANCIES, ITEMS)
    ]  # fmt: skip
    assert found == [discrepancies, items]
