"""Rules and clocks that change between runs, of this period or of one beside it."""

from datetime import timedelta

import pytest

from tests.reconciliation.books import END, LATER, NOON, Books
from tests.reconciliation.test_incremental import MID, named

pytestmark = pytest.mark.django_db


def ends_as_a_full_run(books: Books) -> bool:
    """Whether one more run, of the whole period, changes nothing."""
    before = named(books)
    books.run(full=True)
    return named(books) == before


def test_a_rule_that_changed_and_changed_back_leaves_nothing_of_a_run_of_another_period() -> None:
    books = Books()
    books.paid("p7", key="ch_7")
    books.charged("ch_7", 990)
    books.run()
    for tolerance, end in ((50, MID), (0, END)):
        books.organization.tolerance_minor = tolerance
        books.organization.save()
        books.run(end=end)
    assert books.outcomes()["mismatched"] == 1
    assert ends_as_a_full_run(books)


def test_a_run_of_another_period_at_a_later_clock_leaves_nothing_when_the_clock_is_set_back() -> None:
    books = Books()
    books.paid("late", key="ch_late", at=NOON)
    books.run(now=NOON + timedelta(hours=1))
    books.run(now=LATER, end=MID)
    assert books.run(now=NOON + timedelta(hours=2)).counts["not_due"] == 1


def test_why_refunds_are_not_compared_is_told_as_the_setting_is_now() -> None:
    books = Books()
    books.charged("ch_1", kind="charge")
    books.charged("re_1", 300, kind="refund", parent_reference="ch_1")
    books.run()
    books.organization.refunds = "never"
    books.organization.save()
    books.run()
    assert ends_as_a_full_run(books)
