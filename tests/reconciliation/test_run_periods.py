"""Periods: what belongs to which, and states read back."""

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from reconciliation.models import ReconciliationItem, ReconciliationRun
from tests.reconciliation.books import END, START, Books, filled

pytestmark = pytest.mark.django_db
MID = datetime(2026, 10, 16, tzinfo=UTC)


@pytest.fixture
def books() -> Books:
    return Books()


def test_state_as_of_an_earlier_run_can_be_read_back(books: Books) -> None:
    books.paid("p1", key="ch_1")
    first = books.run().run
    books.charged("ch_1")
    second = books.run().run
    assert first is not None
    assert second is not None
    items = ReconciliationItem.objects.filter(organization=books.organization)
    states = []
    for number in (first.number, second.number):
        as_of = items.filter(opened_run__lte=number).exclude(closed_run__lte=number)
        states.append([item.outcome for item in as_of])
    assert states == [["only_left"], ["matched"]]


def test_a_payment_moved_to_another_month_leaves_the_first_and_joins_the_second(books: Books) -> None:
    books.paid("p1", at=START + timedelta(days=2), key="ch_gone")
    books.run()
    books.paid("p1", at=END + timedelta(days=2), key="ch_gone")
    assert books.run().counts["only_left"] == 0
    assert books.outcomes() == {"only_left": 1}
    following = books.run(start=END, end=END + timedelta(days=30), now=END + timedelta(days=29))
    assert following.counts["only_left"] == 1
    assert books.outcomes() == {"only_left": 1}


def test_a_pair_across_two_months_belongs_to_the_month_of_our_side(books: Books) -> None:
    books.paid("p1", at=END - timedelta(hours=1), key="ch_1")
    books.charged("ch_1", at=END + timedelta(hours=1))
    november = {"start": END, "end": END + timedelta(days=30), "now": END + timedelta(days=40)}
    assert books.run(**november).counts["matched"] == 0
    october = books.run()
    assert (october.counts["matched"], october.written["items"]) == (1, 0)
    assert books.run(**november).written["items"] == 0


def test_overlapping_periods_end_in_the_items_of_one_run_over_all() -> None:
    windows = [(START, MID), (MID - timedelta(days=3), END), (START, END)]
    states = set()
    for number, order in enumerate(itertools.permutations(windows)):
        books = filled(Books(f"acme-{number}"), random.Random(number))
        for start, end in order:
            books.run(start=start, end=end)
        items = ReconciliationItem.objects.filter(organization=books.organization, closed_run=None)
        facts = items.values_list("outcome", "left_amount_minor", "right_amount_minor", "match_pass", "occurred_at")
        states.add(tuple(sorted(facts, key=str)))
    assert len(states) == 1


def test_a_partner_outside_the_period_is_decided_anew_when_its_pair_breaks(books: Books) -> None:
    books.paid("p1", at=START - timedelta(days=40), key="ch_1")
    books.charged("ch_1")
    books.run()
    assert books.outcomes() == {"matched": 1}
    books.paid("p1", at=START - timedelta(days=40), key="ch_other")
    books.run()
    assert books.outcomes() == {"only_left": 1, "only_right": 1}


@pytest.mark.parametrize(
    ("zone", "first", "last", "told"),
    [
        ("America/New_York", "0001-01-01", "2026-01-01", "Choose a day between 2000 and 2199."),
        ("Europe/Paris", "2026-01-01", "9999-12-31", "Choose a day between 2000 and 2199."),
        ("Pacific/Apia", "2011-12-30", "2011-12-31", "--to must be a later day than --from"),  # a day it left out
    ],
)
def test_days_that_make_no_period_are_refused_by_the_command(zone: str, first: str, last: str, told: str) -> None:
    Books(timezone=zone)
    with pytest.raises(CommandError, match=told):
        call_command("reconcile", organization="acme", start=first, end=last)
    assert not ReconciliationRun.objects.exists()
