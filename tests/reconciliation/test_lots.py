"""Lots of items worked on beside others: in order, few alive at once, no thread left, errors where they belong."""

import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from reconciliation import connections
from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.runs import execute, leases
from reconciliation.runs.shards import explaining, finishing, lots
from reconciliation.runs.shards.lots import LOTS_ALIVE, Lots
from tests.reconciliation.books import END, LATER, START, Books, filled, rows_written
from tests.reconciliation.shard_facts import alike, cut, left_by
from tests.reconciliation.test_shard_workers import queued


def numbered(start: int, count: int) -> pl.DataFrame:
    return pl.DataFrame({"left_id": range(start, start + count)}, schema={"left_id": pl.Int64})


def taken_from(working: Lots[list[int]], sizes: list[int]) -> Iterator[list[int]]:
    at = 0
    for size in sizes:
        working.add(numbered(at, size))
        at += size
        yield from working.ready()
    yield from working.rest()


def ids_of(items: pl.DataFrame) -> list[int]:
    return items["left_id"].to_list()


@tried(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), max_size=12), st.integers(1, 5))
def test_lots_come_in_order_and_whole_however_the_items_came(sizes: list[int], size: int) -> None:
    with Lots(ids_of, size) as working:
        came = list(taken_from(working, sizes))
    assert [number for lot in came for number in lot] == list(range(sum(sizes)))
    assert all(len(lot) == size for lot in came[:-1])
    assert [] not in came


class Alive:
    """Counts the lots that were begun and not yet handed back after they were taken."""

    def __init__(self) -> None:
        self.now, self.most = 0, 0

    def work(self, items: pl.DataFrame) -> list[int]:
        self.now += 1
        self.most = max(self.most, self.now)
        return ids_of(items)

    def take(self, sizes: list[int]) -> int:
        with Lots(self.work, 1) as working:
            for _lot in taken_from(working, sizes):
                threading.Event().wait(0.001)  # storing a lot takes a while
                self.now -= 1
        return self.most


def test_few_lots_are_alive_at_once() -> None:
    assert Alive().take([30, 30]) <= LOTS_ALIVE


def test_without_the_limit_all_lots_would_be_alive_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control."""
    monkeypatch.setattr(lots, "LOTS_ALIVE", 1_000)
    assert Alive().take([30, 30]) > LOTS_ALIVE


def test_an_error_is_raised_where_its_lot_is_taken_with_the_line_it_came_from() -> None:
    def failing(_items: pl.DataFrame) -> list[int]:
        raise RuntimeError("no explanation")

    with pytest.raises(RuntimeError, match="no explanation") as caught, Lots(failing, 2) as working:
        list(taken_from(working, [2]))
    assert "in failing" in "".join(traceback.format_tb(caught.value.__traceback__))


def test_no_thread_is_left_and_waiting_lots_are_dropped_when_the_block_is_left_by_an_error() -> None:
    before, begun, release = threading.active_count(), [], threading.Event()

    def slow(items: pl.DataFrame) -> list[int]:
        begun.append(ids_of(items))
        release.wait(10)
        return begun[-1]

    def overtaken() -> None:
        with Lots(slow, 1) as working:
            working.add(numbered(0, 4))
            release.set()
            raise leases.LeaseLost("overtaken")

    with pytest.raises(leases.LeaseLost):
        overtaken()
    assert len(begun) <= LOTS_ALIVE
    assert threading.active_count() == before


def test_the_next_one_is_made_in_another_thread_while_one_is_looked_at() -> None:
    made, threads = threading.Event(), []

    def items() -> Iterator[int]:
        for number in range(3):
            threads.append(threading.get_ident())
            yield number
            made.set()

    coming = connections.one_ahead(items())
    assert next(coming) == 0
    assert made.wait(20)
    assert list(coming) == [1, 2]
    assert threading.get_ident() not in threads


def test_what_fails_to_be_made_is_raised_after_what_was_made_before() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise RuntimeError("a file is gone")

    before, coming = threading.active_count(), connections.one_ahead(items())
    assert next(coming) == 1
    with pytest.raises(RuntimeError, match="a file is gone"):
        next(coming)
    assert threading.active_count() == before


@pytest.fixture
def books(db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Books:
    settings.RUN_FILES = tmp_path
    monkeypatch.setattr(finishing, "ITEMS_A_LOT", 2)
    cut(settings, records=10)
    return filled(Books())


def test_a_run_in_parts_explains_beside_the_thread_that_writes(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    explain, threads = explaining.explain_some, []

    def noting(*args: Any) -> Any:
        threads.append(threading.get_ident())
        return explain(*args)

    monkeypatch.setattr(explaining, "explain_some", noting)
    left_by(books, start=START, end=END)
    assert len(threads) > LOTS_ALIVE
    assert threading.get_ident() not in threads
    assert len(set(threads)) == 1


def test_a_run_explained_in_many_lots_leaves_what_an_uncut_one_leaves(books: Books, settings: Any) -> None:
    alike(books, settings, records=10, start=START, end=END)
    assert ReconciliationDiscrepancy.objects.count() > 2
    again = left_by(books, start=START, end=END)
    assert again["written"] == {"items": 0, "discrepancies": 0, "log": 0}


def test_a_failure_to_explain_a_later_lot_ends_the_run_with_nothing_written(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    explain, calls = explaining.explain_some, iter(range(1, 100))

    def failing(*args: Any) -> Any:
        if next(calls) == 3:
            raise RuntimeError("no explanation")
        return explain(*args)

    before = threading.active_count()
    monkeypatch.setattr(explaining, "explain_some", failing)
    result = execute(run=queued(books), now=LATER)
    assert (result.status, result.error) == ("error", "RuntimeError: no explanation")
    assert rows_written() == (0, 0, 0, 0)
    assert threading.active_count() == before


def test_a_lease_lost_between_two_lots_ends_the_thread_and_writes_nothing(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, calls = explaining.store, iter(range(1, 100))

    def overtaken(*args: Any) -> None:
        if next(calls) == 2:
            raise leases.LeaseLost("overtaken by a later run")
        store(*args)

    before = threading.active_count()
    monkeypatch.setattr(explaining, "store", overtaken)
    assert "overtaken" in execute(run=queued(books), now=LATER).error
    assert rows_written() == (0, 0, 0, 0)
    assert threading.active_count() == before
