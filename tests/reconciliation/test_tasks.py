"""The job of a run: worked once however often it is delivered, put off while another writes, stopped when it kills."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from reconciliation import tasks
from reconciliation.models import ReconciliationRun
from reconciliation.runs import leases
from reconciliation.tasks import trigger_run, work_run
from tests.people import browser, person
from tests.reconciliation.books import END, START, Books
from tests.worker import Worker


@pytest.fixture
def books(db: None) -> Books:
    books = Books()
    books.paid("p1", 1000, "ch_1")
    books.charged("ch_1", 1000)
    return books


def triggered(books: Books, days: int = 0) -> ReconciliationRun:
    return trigger_run(
        organization=books.organization, comparison="payments", start=START, end=END + timedelta(days=days), by=None,
        now=timezone.now(),
    )  # fmt: skip


def test_a_triggered_run_is_worked(books: Books) -> None:
    run = triggered(books)
    assert work_run(run.pk) == "ok"
    run.refresh_from_db()
    assert (run.status, run.attempts) == ("ok", 1)
    assert run.report is not None
    assert run.report["items"]["matched"] == 1


def test_a_job_delivered_again_changes_nothing(books: Books) -> None:
    run = triggered(books)
    work_run(run.pk)
    before = ReconciliationRun.objects.filter(pk=run.pk).values().get()
    assert work_run(run.pk) == "already ended"
    assert ReconciliationRun.objects.filter(pk=run.pk).values().get() == before


def test_a_job_of_a_run_that_is_gone_ends_quietly(books: Books) -> None:
    assert work_run(987_654) == "already ended"


def test_a_run_waits_while_another_one_writes(books: Books) -> None:
    other, run = triggered(books), triggered(books, days=1)
    fence = leases.acquire(run=other, now=timezone.now())
    assert work_run(run.pk) == "later"
    assert work_run(run.pk) == "later"  # a second delivery schedules nothing more
    later = Schedule.objects.get()
    assert later.next_run > timezone.now()
    assert later.args == f"({run.pk}, 1)"
    leases.release(run=other, fence=fence)
    assert work_run(run.pk, 1) == "ok"


def test_a_run_that_waited_too_often_ends_as_an_error(books: Books) -> None:
    other, run = triggered(books), triggered(books, days=1)
    leases.acquire(run=other, now=timezone.now())
    assert work_run(run.pk, tasks.MAX_WAITS) == "error"
    run.refresh_from_db()
    assert (run.status, run.error) == ("error", tasks.NEVER_FREE)
    assert run.finished_at is not None


def test_a_second_delivery_leaves_a_run_alone_that_is_being_worked(books: Books) -> None:
    run = triggered(books)
    leases.acquire(run=run, now=timezone.now())
    assert work_run(run.pk) == "later"
    run.refresh_from_db()
    assert (run.status, run.attempts) == ("queued", 0)


def test_a_run_whose_worker_died_is_taken_up_again(books: Books) -> None:
    run = triggered(books)
    leases.acquire(run=run, now=timezone.now() - 2 * leases.LEASE)
    ReconciliationRun.objects.filter(pk=run.pk).update(status="running", number=1, attempts=1)
    assert work_run(run.pk) == "ok"


def test_a_run_that_kills_its_worker_is_not_tried_for_ever(books: Books) -> None:
    run = triggered(books)
    ReconciliationRun.objects.filter(pk=run.pk).update(attempts=tasks.MAX_STARTS)
    assert work_run(run.pk) == "error"
    run.refresh_from_db()
    assert (run.status, run.error) == ("error", tasks.STOPPED_OFTEN)


def test_a_failure_before_the_run_begins_is_tried_again_later(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(**_options: Any) -> None:
        raise OperationalError("database is locked")

    run = triggered(books)
    monkeypatch.setattr(tasks, "execute", locked)
    assert work_run(run.pk) == "later"
    assert Schedule.objects.count() == 1


def test_a_run_that_lost_its_lease_says_so_unless_a_later_delivery_works_it(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, mine = triggered(books), {"number": 1}

    def lost(*, run: ReconciliationRun, **_options: Any) -> None:
        run.number = mine["number"]
        ReconciliationRun.objects.filter(pk=run.pk).update(number=2, status="running")
        raise leases.LeaseLost("taken over")

    monkeypatch.setattr(tasks, "execute", lost)
    work_run(run.pk)
    run.refresh_from_db()
    assert run.status == "running"  # number 2 is at work
    mine["number"] = 2
    work_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.error) == ("error", tasks.TAKEN_OVER)


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    """The real worker, ended with everything it started."""
    worker = Worker(tmp_path / "worker.log")
    yield worker
    worker.stop()


def test_the_worker_works_a_run_that_somebody_triggered_in_the_admin(ledger_transactions: None, worker: Worker) -> None:
    books = Books()
    books.paid("p1", 1000, "ch_1")
    books.charged("ch_1", 900)
    client = browser(person("Manager", books.organization))
    asked = {
        "organization": str(books.organization.pk), "comparison": "payments", "first_day": "2026-10-01",
        "last_day": "2026-10-31",
    }  # fmt: skip
    page = client.post("/admin/reconciliation/reconciliationrun/trigger/", asked)["Location"]
    assert "Waiting for the worker" in client.get(page).content.decode()
    worker.start()
    run = ReconciliationRun.objects.get()
    until = time.monotonic() + 90
    while run.status in ("queued", "running") and time.monotonic() < until:
        time.sleep(0.2)
        run.refresh_from_db()
    assert (run.status, run.error, run.attempts) == ("break", "", 1), worker.log.read_text()
    assert client.get(f"{page.removesuffix('change/')}progress/")["HX-Refresh"] == "true"
    assert "Amount differs" in client.get(page).content.decode()
    until = time.monotonic() + 20
    while OrmQ.objects.exists() and time.monotonic() < until:
        time.sleep(0.2)
    assert not OrmQ.objects.exists()
