"""Runs always end stored, and only one of them writes."""

from datetime import UTC, datetime

import pytest

from reconciliation.core import report as reports
from reconciliation.models import (
    ReconciliationRun,
)
from reconciliation.runs import execution, leases, preparing
from tests.reconciliation.books import END, LATER, START, Books, filled, rows_written

pytestmark = pytest.mark.django_db
MID = datetime(2026, 10, 16, tzinfo=UTC)


@pytest.fixture
def books() -> Books:
    return Books()


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

    monkeypatch.setattr(execution, "end_run", broken)
    result = execution.reconcile(organization=books.organization, start=START, end=END, by=None, now=LATER)
    run = ReconciliationRun.objects.get()
    assert (result.status, run.status, run.error) == ("error", "error", "RuntimeError: the disk is full")
    assert rows_written() == (0, 0, 0, 0)
    monkeypatch.undo()
    assert books.run().status == "break"


def test_a_run_refuses_to_start_while_another_writes_the_same_comparison(books: Books) -> None:
    other = execution.open_run(
        organization=books.organization, comparison="payments", start=START, end=MID, by=None, via="test", now=LATER
    )
    leases.acquire(run=other, now=LATER)
    with pytest.raises(leases.LeaseHeld, match=f"R-{other.pk} is being written"):
        books.run()
    assert books.run(now=LATER + leases.LEASE).status == "ok"


def test_a_stale_holder_can_no_longer_write(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(books)
    work_out = preparing.work_out

    def slow(run: ReconciliationRun, *rest: object, **options: object) -> object:
        usurper = execution.open_run(
            organization=books.organization, comparison="payments", start=START, end=MID, by=None, via="test", now=LATER
        )
        leases.acquire(run=usurper, now=LATER + leases.LEASE)
        return work_out(run, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(preparing, "work_out", slow)
    result = execution.reconcile(organization=books.organization, start=START, end=END, by=None, now=LATER)
    assert result.status == "error"
    assert "lost its lease" in result.error
    assert rows_written() == (0, 0, 0, 0)


def test_the_same_period_asked_for_twice_is_one_unfinished_run(books: Books) -> None:
    asked = [
        execution.open_run(
            organization=books.organization, comparison="payments", start=START, end=END, by=None, via="test", now=LATER
        )
        for _ in range(2)
    ]
    assert asked[0].pk == asked[1].pk
