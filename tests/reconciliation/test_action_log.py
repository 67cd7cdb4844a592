"""Appending to the action log, and verifying a log nobody touched."""

import threading
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection, transaction

from billing.models import Organization
from reconciliation.action_log import Entry, append, appending, verify
from reconciliation.core.sealing import UnsealableError
from reconciliation.models import LogHead, LogSeal, ReconciliationActionLog

from .log_facts import NOW, make_entries, make_organization, write


@pytest.fixture
def organization(db: None) -> Organization:
    return make_organization()


def test_a_batch_is_stored_as_given_and_sealed(organization: Organization) -> None:
    (seal,) = write(organization, 3)

    rows = list(ReconciliationActionLog.objects.all())
    assert [row.position for row in rows] == [0, 1, 2]
    assert {row.batch_id for row in rows} == {seal.batch}
    assert rows[0].before == {"status": "open", "parts": [1, None, True]}
    assert (rows[0].discrepancy_id, rows[0].run_id, rows[0].item_id) == (1, 7, None)
    assert rows[0].at == NOW
    assert (seal.number, seal.count, seal.total, seal.previous_hash) == (1, 3, 3, "")


def test_seals_form_one_chain_per_organization(organization: Organization) -> None:
    other = make_organization("other")
    first, second = write(organization, 2, 5)
    (elsewhere,) = write(other, 1)

    assert (second.number, second.total, second.previous_hash) == (2, 7, first.hash)
    assert (elsewhere.number, elsewhere.previous_hash) == (1, "")
    head = LogHead.objects.get(organization=organization)
    assert (head.number, head.total, head.hash) == (2, 7, second.hash)


def test_two_batches_in_one_transaction_make_two_seals(organization: Organization) -> None:
    with transaction.atomic():
        first = append(organization=organization, entries=make_entries(1), now=NOW)
        second = append(organization=organization, entries=make_entries(1, 2), now=NOW)

    assert second.previous_hash == first.hash
    assert verify().ok


@pytest.mark.usefixtures("ledger_transactions")
def test_appending_outside_a_transaction_is_refused() -> None:
    organization = make_organization()
    with pytest.raises(transaction.TransactionManagementError, match="inside the transaction"):
        append(organization=organization, entries=make_entries(1), now=NOW)
    assert not ReconciliationActionLog.objects.exists()


def test_an_empty_batch_is_refused(organization: Organization) -> None:
    with pytest.raises(ValueError, match="at least one entry"):
        append(organization=organization, entries=[], now=NOW)


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        (Entry("opened", "system", before={"amount": 1.5}), r"before\.amount is float"),
        (Entry("opened", "system", after={"parts": [{"at": NOW}]}), r"after\.parts\[0\]\.at is datetime"),
        (Entry("opened", "system", reason="a\x00b"), "reason holds a character"),
        (Entry("opened", "system", reason="half \ud83d"), "reason holds a character"),
        (Entry("opened", "system", after={"na\x00me": 1}), "a key of after holds a character"),
    ],
)
def test_a_value_databases_would_not_give_back_is_refused_by_name(
    organization: Organization, entry: Entry, named: str
) -> None:
    with pytest.raises(UnsealableError, match=named):
        append(organization=organization, entries=[entry], now=NOW)


def test_a_time_without_a_zone_is_refused(organization: Organization) -> None:
    with pytest.raises(UnsealableError, match="needs a time zone"):
        append(organization=organization, entries=make_entries(1), now=datetime(2026, 3, 1))


@pytest.mark.usefixtures("ledger_transactions")
def test_a_rolled_back_transaction_leaves_no_trace_in_the_chain() -> None:
    organization = make_organization()
    (first,) = write(organization, 2)
    with transaction.atomic():
        append(organization=organization, entries=make_entries(3, 10), now=NOW)
        transaction.set_rollback(True)
    (second,) = write(organization, 1)

    assert (second.number, second.total, second.previous_hash) == (2, 3, first.hash)
    assert verify().ok


def test_a_log_nobody_touched_verifies(organization: Organization) -> None:
    write(organization, 1, 40, 3)
    write(make_organization("other"), 2)
    make_organization("silent")
    told: list[tuple[int, int]] = []

    verification = verify(progress=lambda done, total: told.append((done, total)))

    assert verification.ok
    assert [(log.organization, log.number, log.total) for log in verification.logs] == [
        ("acme", 3, 44),
        ("other", 1, 2),
        ("silent", 0, 0),
    ]


def test_a_large_batch_verifies_and_reports_progress(organization: Organization) -> None:
    write(organization, 2500, 2500)
    told: list[tuple[int, int]] = []

    assert verify(organization=organization, progress=lambda done, total: told.append((done, total))).ok
    assert told == [(2500, 5000), (5000, 5000)]


def append_many(organization: Organization) -> None:
    for number in range(10):
        with transaction.atomic():
            append(organization=organization, entries=make_entries(3, number), now=NOW)


@pytest.mark.usefixtures("ledger_transactions")
def test_eight_writers_at_once_make_no_fork(together: Callable[..., list[Any]]) -> None:
    organization = make_organization()

    assert together(append_many, [organization] * 8) == [None] * 8

    seals = list(LogSeal.objects.order_by("number"))
    assert [seal.number for seal in seals] == list(range(1, 81))
    assert all(seal.previous_hash == before.hash for before, seal in pairwise(seals))
    assert verify().ok


@pytest.mark.usefixtures("ledger_transactions")
def test_without_the_lock_on_the_head_writers_collide(
    together: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the test above: each writer reads the head before any other has written."""
    organization = make_organization()
    write(organization, 1)
    barrier = threading.Barrier(8)

    def unlocked(organization: Organization) -> LogHead:
        return heads[threading.get_ident()]

    heads: dict[int, LogHead] = {}

    def append_one(organization: Organization) -> None:
        heads[threading.get_ident()] = LogHead.objects.get(organization=organization)
        barrier.wait(timeout=60)
        with transaction.atomic():
            append(organization=organization, entries=make_entries(3), now=NOW)

    monkeypatch.setattr(appending, "_locked_head", unlocked)
    results = together(append_one, [organization] * 8)

    assert sum(result is None for result in results) == 1
    assert verify().ok, "even then the database refuses a fork"


@pytest.mark.usefixtures("ledger_transactions")
def test_a_check_while_writers_go_on_finds_nothing(together: Callable[..., list[Any]]) -> None:
    organization = make_organization()
    write(organization, 50)

    def work(number: int) -> bool | None:
        if number == 0:
            return all(verify().ok for _ in range(5))
        append_many(organization)
        return None

    assert together(work, [0, 1, 2]) == [True, None, None]


def test_the_rows_of_a_batch_are_read_by_the_index_and_not_sorted(organization: Organization) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the plan is SQLite's")
    with connection.cursor() as cursor:
        cursor.execute(
            "EXPLAIN QUERY PLAN SELECT l.id FROM reconciliation_logseal s "
            "JOIN reconciliation_reconciliationactionlog l ON l.batch = s.batch "
            "WHERE s.organization_id = 1 AND s.number <= 9 ORDER BY s.number, s.id, l.position, l.id"
        )
        assert not any("TEMP B-TREE" in str(step) for step in cursor.fetchall())
