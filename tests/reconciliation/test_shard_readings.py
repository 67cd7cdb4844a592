"""Runs in parts that read again, or go on after another run has written: nothing of what was read before is used."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from reconciliation import frames
from reconciliation.runs import execute, reconcile
from reconciliation.runs.shards import joining, matching, reading, working
from tests.reconciliation.books import END, LATER, NOON, START, Books
from tests.reconciliation.shard_facts import cut, whole
from tests.reconciliation.test_shard_workers import AFTER_THE_LEASE, killed_at, queued

MID = START + timedelta(days=15)
NOTHING = {"items": 0, "discrepancies": 0, "log": 0}
NOV: dict[str, Any] = {"start": END, "end": END + timedelta(days=30)}
IN_NOV = END + timedelta(days=15)


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> Path:
    settings.RUN_FILES = tmp_path
    return tmp_path


def add_pairs(books: Books, count: int) -> None:
    for number in range(count):
        books.paid(f"p{number}", 1000, f"ch_{number}")
        books.charged(f"ch_{number}", 1000)


@pytest.mark.django_db
def test_reading_again_leaves_no_files_of_the_first_reading(settings: Any) -> None:
    whole(settings)
    books = Books()
    books.paid("p0", 1, at=NOON)  # the lowest identity
    for number in range(60):
        books.paid(f"other-{number}", 1, key=f"ch_o{number}", at=START - timedelta(days=90))
    books.paid("l", 400, "ch_1", at=NOON)
    books.charged("ch_1", 400, reference="p0", at=NOON)
    books.run()
    for number in range(8):
        books.paid(f"n{number}", 100 + number, f"ch_n{number}", at=IN_NOV)
        books.charged(f"ch_n{number}", 100 + number, at=IN_NOV)
    books.charged("ch_2", 400, at=IN_NOV)
    books.paid("l", 400, "ch_2", at=NOON)
    cut(settings, records=10)
    result = reconcile(organization=books.organization, by=None, now=LATER + timedelta(days=20), **NOV)
    assert result.error == ""
    whole(settings)
    assert books.run(**NOV, full=True, now=LATER + timedelta(days=20)).written == NOTHING


def part_of(key: str, count: int) -> int:
    return int((pl.Series([key]).hash() % count)[0])


@pytest.mark.django_db
def test_reading_again_forgets_refunds_of_the_first_reading(settings: Any) -> None:
    cut(settings, records=4)
    books = Books(refunds="always")
    add_pairs(books, 10)
    run = queued(books)
    count = working.parts_of(21)
    target = next(f"ch_{n}" for n in range(1, 10) if part_of(f"ch_{n}", count) != part_of("ch_0", count))
    books.charged("re_1", 1000, kind="refund", parent_reference="ch_0")
    with killed_at(reading, "keep_back", 1):
        execute(run=run, now=LATER)
    books.charged("re_1", 1000, kind="refund", parent_reference=target)
    result = execute(run=run, now=AFTER_THE_LEASE)
    assert result.error == ""
    whole(settings)
    assert books.run(now=AFTER_THE_LEASE + timedelta(hours=1)).written == NOTHING
    assert books.run(full=True, now=AFTER_THE_LEASE + timedelta(hours=1)).written == NOTHING


@pytest.mark.django_db
def test_a_run_that_goes_on_does_not_undo_what_a_later_run_wrote(settings: Any) -> None:
    cut(settings, records=4)
    books = Books()
    add_pairs(books, 10)
    books.paid("x", 1000, "ch_x")
    books.charged("ch_x", 900)
    run = queued(books)
    with killed_at(matching, "settle", 1):
        execute(run=run, now=LATER)
    books.paid("x", 900, "ch_x")
    day = {"start": START, "end": MID}
    whole(settings)
    now = AFTER_THE_LEASE
    assert books.run(**day, now=now).status == "ok"
    cut(settings, records=4)
    assert execute(run=run, now=now + timedelta(hours=1)).status == "ok"
    whole(settings)
    books.run(**day, now=now + timedelta(hours=2))
    assert books.run(**day, now=now + timedelta(hours=2), full=True).written == NOTHING


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_full_disk_while_reading_ends_the_run(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "PIECE_BYTES", 100)
    monkeypatch.setattr(reading, "ROWS_A_CUT", 2)
    cut(settings, records=4)
    books = Books()
    add_pairs(books, 30)

    def full(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    run = queued(books)
    monkeypatch.setattr(reading, "write_parts", full)
    assert execute(run=run, now=LATER).status == "error"
    run.refresh_from_db()
    assert "No space left" in run.error


@pytest.mark.django_db
def test_whoever_finishes_a_run_that_its_beginner_left_gives_the_lease_back(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut(settings, records=4)
    books = Books()
    add_pairs(books, 10)
    run = queued(books)
    with monkeypatch.context() as patch:
        patch.setattr(joining, "MOST", timedelta(0))
        assert execute(run=run, now=LATER, wait=False).status == "running"
    assert joining.join(run=run, now=LATER) == "ok"
    assert books.run().written == NOTHING
