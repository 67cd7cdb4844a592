"""One run per organization, comparison and period, however many workers want it; and holders killed again and again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from reconciliation.models import ReconciliationItem, ReconciliationRun, RunLease, RunPart
from reconciliation.runs import LeaseHeld, execute, leases, preparing
from reconciliation.runs import execution as running
from tests.conftest import ROOT
from tests.reconciliation.books import END, LATER, START, Books, filled, rows_written
from tests.reconciliation.racer import PERIOD, race
from tests.reconciliation.shard_facts import left_by_an_undone, shape, stored
from tests.reconciliation.test_shard_workers import killed_at, queued

Environment = Callable[..., dict[str, str]]
NEVER = 10**9


def each_period_was_run_once(periods: int, worked: list[int]) -> None:
    runs = ReconciliationRun.objects.all()
    assert runs.count() == periods == sum(worked)
    assert len(set(runs.values_list("period_start", flat=True))) == periods
    assert len(set(runs.values_list("number", flat=True))) == periods
    assert set(runs.values_list("status", flat=True)) <= {"ok", "break"}
    pairs = ReconciliationItem.objects.filter(closed_run=None).values_list("left_id", "right_id")
    assert len(pairs) == len(set(pairs)) > 0


@pytest.mark.usefixtures("ledger_transactions")
def test_runs_that_several_workers_want_are_each_run_once(together: Callable[..., list[Any]]) -> None:
    books, start = filled(Books()), START + timedelta(days=9)
    worked = together(lambda seed: race(books.organization.slug, 6, seed, start, LATER), [1, 2, 3])
    each_period_was_run_once(6, worked)


@pytest.mark.trust
@pytest.mark.usefixtures("ledger_transactions")
def test_two_hundred_periods_and_eight_processes_make_two_hundred_runs(child_environment: Environment) -> None:
    books, periods = filled(Books()), 200
    environment = child_environment(same_database=True) | {"LOG_LEVEL": "WARNING"}
    code = (
        "import datetime; from tests.reconciliation.racer import race; "
        "print(race({slug!r}, {periods}, {seed}, {start!r}, {now!r}))"
    )
    told = {"slug": books.organization.slug, "periods": periods, "start": START, "now": LATER}
    racers = [
        subprocess.Popen(
            [sys.executable, "manage.py", "shell", "-v", "0", "-c", code.format(**told, seed=seed)],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True,
        )
        for seed in range(8)
    ]  # fmt: skip
    worked = [int(racer.communicate(timeout=900)[0]) for racer in racers]
    assert START + periods * PERIOD < END
    each_period_was_run_once(periods, worked)


POINTS = [
    (running, "_in_parts", 1), (preparing, "work_out", 1), (preparing, "decide", 1), (running, "write_items", 1),
    (running, "end_run", 1), (running.action_log, "write", 1),
]  # fmt: skip


def a_killed_holder_is_taken_over(times: int) -> None:
    """Kills the holder of one run's lease `times` times, each time at another point; the last one ends the run."""
    books = filled(Books())
    run, now, clock = queued(books), LATER, leases.LEASE + timedelta(minutes=1)
    for kill in range(times):
        module, name, call = POINTS[kill % len(POINTS)]
        with killed_at(module, name, call):
            execute(run=run, now=now)
        assert rows_written() == (0, 0, 0, 0)
        with pytest.raises(LeaseHeld):
            execute(run=run, now=now + timedelta(minutes=1))
        stale = run.number or 0
        now += clock
        execute_after = leases.acquire(run=run, now=now)
        assert execute_after > stale
        with pytest.raises(leases.LeaseLost), running.transaction.atomic():
            leases.hold(run=run, fence=stale)
        leases.release(run=run, fence=execute_after)
    assert execute(run=run, now=now).status == "break"
    assert rows_written()[0] > 0


@pytest.mark.django_db
def test_a_holder_killed_anywhere_is_taken_over_after_the_lease_and_cannot_write_any_more() -> None:
    a_killed_holder_is_taken_over(len(POINTS))


@pytest.mark.trust
@pytest.mark.django_db
def test_a_holder_killed_twenty_times_is_taken_over_each_time() -> None:
    a_killed_holder_is_taken_over(20)


@pytest.mark.trust
@pytest.mark.usefixtures("ledger_transactions")
def test_three_processes_killed_again_and_again_leave_what_one_that_is_not_leaves(
    child_environment: Environment, tmp_path: Path, settings: Any
) -> None:
    books, done = filled(Books()), RunPart.objects.filter(done=True)
    uncut = shape(left_by_an_undone(books, start=START, end=END))
    environment = child_environment(same_database=True) | {
        "SHARD_FROM_RECORDS": "2", "SHARD_RECORDS": "2", "RUN_FILES": str(tmp_path / "runs"), "LOG_LEVEL": "ERROR",
    }  # fmt: skip
    command = [sys.executable, "manage.py", "reconcile", "--organization", books.organization.slug, "--workers", "3"]
    command += ["--from", f"{START:%Y-%m-%d}", "--to", f"{END:%Y-%m-%d}", "--full", "--json"]
    for parts_done in (0, 2, 4, 6, NEVER):
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        while process.poll() is None:
            if RunPart.objects.exists() and done.count() >= parts_done:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            time.sleep(0.01)
        RunLease.objects.update(expires_at=timezone.now())
    assert done.count() == RunPart.objects.count() > 6
    assert ReconciliationRun.objects.get().status == "break"
    assert shape(stored(books)) == uncut
