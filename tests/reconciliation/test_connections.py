"""Work side by side over two connections: only where both see the same, and nothing is lost or left behind."""

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from billing.models import Organization
from reconciliation import connections
from reconciliation.comparisons import payments_sides
from reconciliation.core import report as reports
from tests.reconciliation.books import Books, filled

on_postgres = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def together(number: int, at_once: threading.Barrier) -> tuple[int, int, int]:
    """A call that ends only when another one is under way: its number, its thread, what it sees in the database."""
    at_once.wait(timeout=20)
    return number, threading.get_ident(), Organization.objects.count()


def calls(count: int, make: Callable[[int], tuple[int, int, int]]) -> list[Callable[[], tuple[int, int, int]]]:
    return [partial(make, number) for number in range(count)]


class TestOnPostgres:
    pytestmark = on_postgres

    def test_calls_are_made_two_at_a_time_and_answered_in_their_order(self) -> None:
        Organization.objects.create(slug="acme", name="Acme")
        at_once = threading.Barrier(2)
        found = connections.side_by_side(calls(6, lambda number: together(number, at_once)))
        assert [number for number, _thread, _seen in found] == list(range(6))
        assert len({thread for _number, thread, _seen in found}) == 2
        assert {seen for _number, _thread, seen in found} == {1}

    def test_what_a_transaction_has_written_is_read_inside_it(self) -> None:
        with transaction.atomic():
            Organization.objects.create(slug="acme", name="Acme")
            found = connections.side_by_side(calls(3, lambda number: (number, threading.get_ident(), seen())))
        assert found == [(number, threading.get_ident(), 1) for number in range(3)]

    @pytest.mark.parametrize("broken", range(4))
    def test_the_error_of_a_call_is_raised_and_the_second_connection_closed(self, broken: int) -> None:
        used: set[Any] = set()
        at_once = threading.Barrier(2)

        def failing(number: int) -> tuple[int, int, int]:
            seen()
            used.add(connection.connection)
            if number < 2:
                at_once.wait(timeout=20)
            if number == broken:
                raise RuntimeError("no answer")
            return number, 0, 0

        with pytest.raises(RuntimeError, match="no answer"):
            connections.side_by_side(calls(4, failing))
        assert {one.closed for one in used if one is not connection.connection} == {True}
        assert not connection.connection.closed

    def test_records_connected_to_changes_are_found_over_two_connections(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[int] = []
        side_by_side = payments_sides.side_by_side

        def noting(reads: list[Callable[[], Any]]) -> list[Any]:
            asked.append(len(reads))
            return side_by_side(reads)

        monkeypatch.setattr(payments_sides, "MANY_KEYS", 1)
        monkeypatch.setattr(payments_sides, "side_by_side", noting)
        books = filled(Books())
        books.run()
        assert asked == []
        books.paid("p1", 4_321, "ch_2")
        books.charged("ch_new", 4_321, customer="cus_a")
        changed = books.run()
        assert len(asked) > 1
        again = books.run(full=True)
        assert again.written == {"items": 0, "discrepancies": 0, "log": 0}
        assert reports.digest(again.report) == reports.digest(changed.report)


@pytest.mark.django_db
def test_a_single_call_needs_no_second_connection() -> None:
    assert connections.side_by_side([threading.get_ident]) == [threading.get_ident()]


@pytest.mark.parametrize("fails", [False, True])
def test_threads_take_short_turns_only_while_they_work_side_by_side(fails: bool) -> None:
    usual = sys.getswitchinterval()
    with suppress(RuntimeError), connections.short_turns():
        assert sys.getswitchinterval() < usual / 10
        if fails:
            raise RuntimeError
    assert sys.getswitchinterval() == pytest.approx(usual)


def test_usual_turns_come_back_with_the_last_who_asked_for_short_ones() -> None:
    usual = sys.getswitchinterval()
    first, second = connections.short_turns(), connections.short_turns()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert sys.getswitchinterval() < usual / 10
    second.__exit__(None, None, None)
    assert sys.getswitchinterval() == pytest.approx(usual)


def seen() -> int:
    return Organization.objects.count()
