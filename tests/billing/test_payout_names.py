"""Payouts that lines of the statement name."""

import pytest

from billing.models import Payout, SourceChange
from tests.reconciliation.payout_books import PayoutBooks

pytestmark = pytest.mark.django_db


def noted(books: PayoutBooks) -> list[str]:
    """The payouts noted as changed since the last call, by name."""
    rows = SourceChange.objects.filter(organization=books.organization, source="payout")
    names = dict(Payout.objects.filter(organization=books.organization).values_list("pk", "external_id"))
    found = sorted(names[pk] for pk in rows.values_list("identity_id", flat=True) if pk is not None)
    rows.delete()
    return found


@pytest.fixture
def books() -> PayoutBooks:
    return PayoutBooks()


def test_a_payout_is_known_as_soon_as_a_line_names_it(books: PayoutBooks) -> None:
    books.line("txn_1", 100, payout="po_1")
    books.line("txn_2", -100, type_="payout", source="po_2")
    assert list(Payout.objects.order_by("external_id").values_list("external_id", flat=True)) == ["po_1", "po_2"]
    assert noted(books) == ["po_1", "po_2"]


def test_a_line_that_is_no_payout_names_none(books: PayoutBooks) -> None:
    books.line("txn_1", 100, source="ch_1")
    assert (Payout.objects.count(), noted(books)) == (0, [])


def test_a_line_that_says_nothing_new_notes_nothing(books: PayoutBooks) -> None:
    books.line("txn_1", 100, payout="po_1")
    noted(books)
    books.line("txn_1", 100, payout="po_1")
    assert noted(books) == []


def test_a_line_that_moves_notes_the_payout_it_leaves_and_the_one_it_joins(books: PayoutBooks) -> None:
    books.line("txn_1", 100, payout="po_1")
    noted(books)
    books.line("txn_1", 100, payout="po_2")
    assert noted(books) == ["po_1", "po_2"]


def test_a_withdrawn_line_notes_its_payout(books: PayoutBooks) -> None:
    fetch = books.line("txn_1", 100, payout="po_1")
    noted(books)
    books.withdraw(fetch)
    assert noted(books) == ["po_1"]


def test_a_payout_known_from_a_line_becomes_version_one_when_it_is_fetched(books: PayoutBooks) -> None:
    books.line("txn_1", 9_500, payout="po_1")
    books.payout("po_1", 9_500)
    payout = Payout.objects.get()
    assert (payout.current_number, payout.versions.get().number) == (1, 1)
