"""Workers of a run in parts: killed anywhere, several at once, overtaken, poisoned; what it leaves stays the same."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_q.models import OrmQ

from reconciliation.models import ReconciliationItem, ReconciliationRun, RunLease, RunPart
from reconciliation.runs import execute, leases, open_run, reconcile, shards
from reconciliation.runs.shards import explaining, finishing, joining, matching, parts, reading, working
from reconciliation.tasks import trigger_run, work_run
from tests.reconciliation.books import END, LATER, START, Books, filled, rows_written
from tests.reconciliation.shard_facts import cut, left_by_an_undone, shape, stored, whole

AFTER_THE_LEASE = LATER + leases.LEASE + timedelta(minutes=1)


class Killed(BaseException):
    """The worker's process is gone: nothing after this moment runs in it."""


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> Path:
    settings.RUN_FILES = tmp_path
    return tmp_path


@pytest.fixture
def books(db: None, settings: Any) -> Books:
    cut(settings, records=16)
    return filled(Books())


def queued(books: Books) -> ReconciliationRun:
    return open_run(
        organization=books.organization, comparison="payments", start=START, end=END, by=None, via="test", now=LATER
    )


@contextmanager
def killed_at(module: Any, name: str, call: int = 1) -> Iterator[None]:
    """The worker dies when it calls a function for the n-th time; it cleans nothing up, as after SIGKILL."""
    calls, original = iter(range(1, 1_000)), getattr(module, name)

    def deadly(*args: Any, **options: Any) -> Any:
        if next(calls) == call:
            raise Killed
        return original(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, deadly)
        patch.setattr(parts, "give_back", lambda _part: None)
        patch.setattr(leases, "release", lambda **_: None)
        with pytest.raises(Killed):
            yield


POINTS = [
    (reading, "write_parts", 1), (reading, "keep_back", 1), (working, "leave", 1), (matching, "settle", 1),
    (matching, "keep", 2), (working, "leave", 3), (finishing, "match_rest", 1), (finishing, "write_rows", 2),
    (explaining, "store", 1), (finishing, "end_run", 1),
]  # fmt: skip


@pytest.mark.parametrize(("module", "name", "call"), POINTS, ids=lambda value: getattr(value, "__name__", str(value)))
def test_a_worker_killed_anywhere_leaves_a_run_that_the_next_one_ends_alike(
    books: Books, settings: Any, module: Any, name: str, call: int
) -> None:
    whole(settings)
    uncut = shape(left_by_an_undone(books, start=START, end=END))
    cut(settings, records=16)
    run = queued(books)
    with killed_at(module, name, call):
        execute(run=run, now=LATER)
    assert rows_written() == (0, 0, 0, 0)  # nothing is seen of a run that is not finished
    done = set(RunPart.objects.filter(run=run, done=True).values_list("pk", flat=True))
    assert execute(run=run, now=AFTER_THE_LEASE).status == "break"
    assert shape(stored(books)) == uncut
    again = RunPart.objects.filter(pk__in=done, attempts__gt=1)
    assert not again.exists()  # what was done is not done again


def test_a_run_whose_files_are_gone_begins_again(books: Books, files: Path) -> None:
    run = queued(books)
    with killed_at(finishing, "match_rest"):
        execute(run=run, now=LATER)
    working.remove(working.folder_of(run, files))
    assert execute(run=run, now=AFTER_THE_LEASE).status == "break"


def test_a_part_that_kills_its_workers_again_and_again_ends_the_run(books: Books) -> None:
    run, now = queued(books), LATER
    for _worker in range(parts.MAX_STARTS):
        with killed_at(matching, "settle"):
            execute(run=run, now=now)
        now += leases.LEASE + timedelta(minutes=1)
    result = execute(run=run, now=now)
    assert result.status == "error"
    assert "several times" in result.error
    assert rows_written() == (0, 0, 0, 0)


def settled_in_pairs(books: Books, monkeypatch: pytest.MonkeyPatch, patience: float) -> str:
    """How a run ends whose first two parts wait for each other."""
    meeting, settle, calls = threading.Barrier(2), matching.settle, iter(range(100))

    def together(**facts: Any) -> Any:
        if next(calls) < meeting.parties:
            meeting.wait(patience)
        return settle(**facts)

    monkeypatch.setattr(matching, "settle", together)
    result = execute(run=queued(books), now=LATER)
    return result.error or result.status


def test_two_parts_are_settled_side_by_side(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settled_in_pairs(books, monkeypatch, 20) == "break"


def test_parts_settled_one_by_one_would_wait_for_each_other(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control."""
    monkeypatch.setattr(working, "AT_ONCE", 1)
    assert "BrokenBarrierError" in settled_in_pairs(books, monkeypatch, 0.1)


def test_a_worker_that_is_stopped_gives_back_all_parts_it_has(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(**_facts: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(matching, "settle", stopped)
    with pytest.raises(KeyboardInterrupt):
        execute(run=queued(books), now=LATER)
    waiting = RunPart.objects.filter(phase="match", done=False)
    assert list(waiting.values_list("attempts", flat=True)).count(1) == working.AT_ONCE
    assert not waiting.exclude(claimed_until=None).exists()


def test_a_part_that_fails_ends_the_run_and_leaves_neither_files_nor_lease(
    books: Books, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any, **_options: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(matching, "settle", broken)
    result = execute(run=queued(books), now=LATER)
    assert (result.status, result.error) == ("error", "RuntimeError: the disk is full")
    assert list(files.iterdir()) == []
    assert not RunLease.objects.exclude(run=None).exists()


def test_a_worker_whose_run_was_overtaken_writes_nothing(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    later = open_run(
        organization=books.organization, comparison="payments", start=START, end=END + timedelta(days=1), by=None,
        via="test", now=LATER,
    )  # fmt: skip
    match_rest = finishing.match_rest

    def slow(*args: Any) -> Any:
        leases.acquire(run=later, now=AFTER_THE_LEASE)
        return match_rest(*args)

    monkeypatch.setattr(finishing, "match_rest", slow)
    assert "lost its lease" in execute(run=queued(books), now=LATER).error
    assert rows_written() == (0, 0, 0, 0)


def test_without_the_fence_a_worker_that_was_overtaken_would_write(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control."""
    monkeypatch.setattr(leases, "hold", lambda **_: None)
    with pytest.raises(AssertionError):
        test_a_worker_whose_run_was_overtaken_writes_nothing(books, monkeypatch)
    assert ReconciliationItem.objects.exists()


def test_whoever_joins_a_run_takes_the_parts_that_are_left(books: Books) -> None:
    run = queued(books)
    with killed_at(matching, "keep", 2):
        execute(run=run, now=LATER)
    assert shards.join(run=run, now=LATER + timedelta(seconds=1)) == "running"  # the dead worker's part is claimed yet
    RunLease.objects.filter(run=run).update(expires_at=AFTER_THE_LEASE)
    assert shards.join(run=run, now=LATER + parts.CLAIM + timedelta(minutes=1)) == "break"


def test_a_job_of_a_run_in_parts_calls_the_other_workers(books: Books) -> None:
    run = trigger_run(
        organization=books.organization, comparison="payments", start=START, end=END, by=None, now=timezone.now()
    )
    assert work_run(run.pk) == "break"
    called = [job.name() for job in OrmQ.objects.all()]
    assert called.count(f"help run {run.pk}") == 1  # two workers in all
    assert work_run(run.pk) == "already ended"


def test_a_job_leaves_what_remains_to_the_next_job(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "MOST", timedelta(0))
    run = trigger_run(
        organization=books.organization, comparison="payments", start=START, end=END, by=None, now=timezone.now()
    )
    answers = [work_run(run.pk)]
    while answers[-1] == "to be continued":
        answers.append(work_run(run.pk))
    assert answers[-1] == "break"
    matched = RunPart.objects.filter(run=run, phase="match").count()
    assert len(answers) == 2 + -(-matched // working.AT_ONCE)  # reading, matching some at a time, the end


def test_join_run_refuses_a_run_without_parts(books: Books) -> None:
    with pytest.raises(CommandError, match="no parts to take"):
        call_command("join_run", str(queued(books).pk))


@pytest.mark.usefixtures("ledger_transactions")
def test_a_run_in_parts_delivered_three_times_at_once_is_written_once(
    settings: Any, together: Callable[..., list[Any]]
) -> None:
    cut(settings, records=16)
    books = filled(Books())
    run = trigger_run(
        organization=books.organization, comparison="payments", start=START, end=END, by=None, now=timezone.now()
    )
    answers = together(work_run, [run.pk] * 3)
    assert answers.count("break") == 1
    assert set(answers) <= {"break", "later", "to be continued", "running", "already ended"}
    in_parts = shape(stored(books))
    whole(settings)
    uncut = reconcile(organization=books.organization, start=START, end=END, by=None, now=LATER, full=True)
    assert uncut.written == {"items": 0, "discrepancies": 0, "log": 0}
    assert shape(stored(books)) == in_parts
