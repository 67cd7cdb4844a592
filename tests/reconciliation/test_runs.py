"""Runs: what they store, that they change nothing needlessly, and that they always end stored."""

import itertools
import random
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from billing.models import Organization
from reconciliation import leases, runs
from reconciliation.core import report as reports
from reconciliation.models import (
    ReconciliationActionLog,
    ReconciliationDiscrepancy,
    ReconciliationItem,
    ReconciliationRun,
)
from reconciliation.report_markdown import markdown
from tests.reconciliation.books import END, LATER, NOON, START, Books, minutes

pytestmark = pytest.mark.django_db
MID = datetime(2026, 10, 16, tzinfo=UTC)


@pytest.fixture
def books() -> Books:
    return Books()


def filled(books: Books, order: random.Random | None = None) -> Books:
    """Books with a case of every kind, written in any order."""
    steps = [
        lambda: books.paid("p1", key="ch_1", customer="cus_1"),
        lambda: books.charged("ch_1", customer="cus_1"),
        lambda: books.charged("ch_1b", customer="cus_1", at=NOON + minutes(2)),
        lambda: books.paid("p2", 2000, key="ch_2"),
        lambda: books.charged("ch_2", 1900, fee_minor=100),
        lambda: books.paid("p3", key="ch_gone"),
        lambda: books.charged("ch_4", 777, at=NOON + timedelta(days=3)),
        lambda: books.paid("p5", key="ch_5", currency="JPY"),
        lambda: books.charged("ch_5"),
        lambda: books.paid("p6", 300, customer="cus_6"),
        lambda: books.charged("ch_6a", 300, customer="cus_6", at=NOON + timedelta(hours=2)),
        lambda: books.charged("ch_6b", 300, customer="cus_6", at=NOON + timedelta(hours=9)),
        lambda: books.paid("p7", key="ch_7", at=LATER - timedelta(days=20)),
        lambda: books.charged("ch_7", status="pending", at=LATER - timedelta(days=20)),
        lambda: books.charged("py_8", excluded_reason="destination_payment"),
    ]
    if order:
        order.shuffle(steps)
    for step in steps:
        step()
    return books


def rows_written() -> tuple[int, int, int, int]:
    """How many rows runs have written."""
    return (
        ReconciliationItem.objects.count(),
        ReconciliationItem.objects.exclude(closed_run=None).count(),
        ReconciliationDiscrepancy.objects.count(),
        ReconciliationActionLog.objects.count(),
    )


def test_running_again_writes_nothing_and_reports_the_same_bytes(books: Books) -> None:
    first = filled(books).run()
    before = rows_written()
    second = books.run(now=LATER + timedelta(hours=5))
    assert second.written == {"items": 0, "discrepancies": 0, "log": 0}
    assert rows_written() == before
    assert reports.canonical(first.report) == reports.canonical(second.report)
    assert markdown(first.report) == markdown(second.report)


def test_the_order_of_arrival_does_not_show_in_the_report() -> None:
    bodies = set()
    for seed in range(12):
        books = Books(f"acme-{seed}")
        report = filled(books, random.Random(seed)).run().report
        bodies.add(reports.canonical({**report, "organization": "acme"}))
    assert len(bodies) == 1


def test_every_record_read_is_counted_once_per_side_and_currency(books: Books) -> None:
    totals = filled(books).run().totals
    assert {currency: cell["control"] for currency, cell in totals.items()} == {"EUR": True, "JPY": True}
    assert totals["EUR"]["total"]["left"]["count"] == 5
    assert totals["EUR"]["total"]["right"]["count"] == 9


def test_a_late_event_clears_what_it_explains_and_the_log_says_so(books: Books) -> None:
    books.paid("p1", key="ch_1")
    books.run()
    books.charged("ch_1")
    result = books.run()
    row = books.only("MissingProviderRecord")
    assert (result.status, row.status, row.resolution_code) == ("ok", "resolved", "cleared")
    last = ReconciliationActionLog.objects.latest("id")
    assert (last.action, last.after["outcome"], last.after["match_pass"]) == ("cleared", "matched", "reference")


def test_a_difference_that_comes_back_reopens_the_same_discrepancy(books: Books) -> None:
    books.paid("p1", 1000, key="ch_1")
    books.charged("ch_1", 900)
    books.run()
    first = books.only("AmountMismatch")
    books.charged("ch_1", 1000)
    books.run()
    books.charged("ch_1", 800)
    books.run()
    again = books.only("AmountMismatch")
    assert (again.pk, again.status, again.difference_minor) == (first.pk, "open", -200)
    actions = list(ReconciliationActionLog.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["opened", "cleared", "reopened"]


@pytest.mark.parametrize(("amount", "status"), [(900, "resolved"), (800, "open")])
def test_a_difference_accepted_by_a_person_stays_resolved_until_its_amount_changes(
    books: Books, amount: int, status: str
) -> None:
    books.paid("p1", 1000, key="ch_1")
    books.charged("ch_1", 900)
    books.run()
    ReconciliationDiscrepancy.objects.update(status="resolved", resolution_code="accepted", resolved_at=LATER)
    books.charged("ch_1", amount, fee_minor=7)
    books.run()
    assert books.only("AmountMismatch").status == status


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


def test_a_dry_run_tells_what_a_run_would_write_and_writes_nothing(books: Books) -> None:
    filled(books)
    rehearsal = books.run(dry_run=True)
    assert rehearsal.run is None
    assert (rows_written(), ReconciliationRun.objects.count()) == ((0, 0, 0, 0), 0)
    real = books.run()
    assert (rehearsal.written, rehearsal.discrepancies) == (real.written, real.discrepancies)
    assert reports.canonical(rehearsal.report) == reports.canonical(real.report)


def test_a_run_that_fails_is_stored_as_an_error_and_writes_nothing_else(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(books)

    def broken(*_args: object, **_options: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(runs, "store_report", broken)
    result = runs.reconcile(organization=books.organization, start=START, end=END, by=None, now=LATER)
    run = ReconciliationRun.objects.get()
    assert (result.status, run.status, run.error) == ("error", "error", "RuntimeError: the disk is full")
    assert rows_written() == (0, 0, 0, 0)
    monkeypatch.undo()
    assert books.run().status == "break"


def test_a_run_refuses_to_start_while_another_writes_the_same_comparison(books: Books) -> None:
    other = runs.open_run(
        organization=books.organization, comparison="payments", start=START, end=MID, by=None, via="test", now=LATER
    )
    leases.acquire(run=other, now=LATER)
    with pytest.raises(leases.LeaseHeld, match=f"R-{other.pk} is being written"):
        books.run()
    assert books.run(now=LATER + leases.LEASE).status == "ok"


def test_a_stale_holder_can_no_longer_write(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(books)
    work_out = runs.work_out

    def slow(run: ReconciliationRun, *rest: object, **options: object) -> object:
        usurper = runs.open_run(
            organization=books.organization, comparison="payments", start=START, end=MID, by=None, via="test", now=LATER
        )
        leases.acquire(run=usurper, now=LATER + leases.LEASE)
        return work_out(run, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(runs, "work_out", slow)
    result = runs.reconcile(organization=books.organization, start=START, end=END, by=None, now=LATER)
    assert result.status == "error"
    assert "lost its lease" in result.error
    assert rows_written() == (0, 0, 0, 0)


def test_the_same_period_asked_for_twice_is_one_unfinished_run(books: Books) -> None:
    asked = [
        runs.open_run(
            organization=books.organization, comparison="payments", start=START, end=END, by=None, via="test", now=LATER
        )
        for _ in range(2)
    ]
    assert asked[0].pk == asked[1].pk


def test_organizations_do_not_see_each_other() -> None:
    ours, theirs = filled(Books("ours")), Books("theirs")
    theirs.paid("p1", key="ch_1")
    theirs.run()
    assert ours.run().counts["matched"] == 1
    assert theirs.outcomes() == {"only_left": 1}
    assert Organization.objects.count() == 2


def test_the_report_equals_what_the_stored_items_add_up_to(books: Books) -> None:
    report = filled(books).run().report
    stored = ReconciliationItem.objects.filter(closed_run=None, occurred_at__gte=START, occurred_at__lt=END)
    frame = pl.DataFrame(list(stored.values("outcome", "left_currency", "left_amount_minor")), infer_schema_length=None)
    euros = frame.filter(pl.col("left_currency") == "EUR").group_by("outcome").agg(pl.col("left_amount_minor").sum())
    for outcome, amount in euros.iter_rows():
        assert report["totals"]["EUR"]["outcomes"][outcome]["left"]["amount_minor"] == amount
