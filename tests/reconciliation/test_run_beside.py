"""A large run on PostgreSQL explains its items over a second connection while they are written, in parts as well."""

import threading
from pathlib import Path
from typing import Any

import pytest

from reconciliation import action_log
from reconciliation.core import report as reports
from reconciliation.models import ReconciliationActionLog, ReconciliationDiscrepancy, ReconciliationItem
from reconciliation.runs import discrepancies, execution, reconcile
from reconciliation.runs.shards import finishing
from tests.reconciliation.books import END, LATER, START, Books, filled
from tests.reconciliation.shard_facts import cut, left_by, whole

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def judges(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every run counts as large; the threads in which runs are explained."""
    threads: list[int] = []
    judge = execution.judge

    def noting(*facts: Any) -> Any:
        threads.append(threading.get_ident())
        return judge(*facts)

    monkeypatch.setattr(execution, "WRITTEN_BESIDE", 1)
    monkeypatch.setattr(execution, "judge", noting)
    return threads


def test_what_is_explained_meanwhile_is_what_a_full_run_would_find(judges: list[int]) -> None:
    books = filled(Books())
    foreseen = books.run(dry_run=True)
    first = books.run()
    assert judges[-1] != threading.get_ident()
    assert (first.counts, first.discrepancies) == (foreseen.counts, foreseen.discrepancies)
    assert first.written["items"] == ReconciliationItem.objects.count() > 0
    assert first.written["log"] == ReconciliationActionLog.objects.count() > 0
    assert action_log.verify(organization=books.organization).ok
    again = books.run(full=True)
    assert judges[-1] == threading.get_ident()  # nothing to write
    assert again.written == {"items": 0, "discrepancies": 0, "log": 0}
    assert reports.digest(again.report) == reports.digest(first.report)


def test_a_failure_to_explain_leaves_no_items(judges: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    books = filled(Books())

    def failing(*_facts: Any) -> Any:
        raise RuntimeError("no explanation")

    monkeypatch.setattr(execution, "judge", failing)
    result = reconcile(organization=books.organization, start=START, end=END, by=None, now=LATER)
    assert (result.status, result.error) == ("error", "RuntimeError: no explanation")
    for table in (ReconciliationItem, ReconciliationDiscrepancy, ReconciliationActionLog):
        assert not table.objects.exists()
    monkeypatch.undo()
    assert books.run().written["items"] == ReconciliationItem.objects.count() > 0


def test_a_run_in_parts_makes_its_lots_ready_over_another_connection_and_writes_the_same(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RUN_FILES = tmp_path
    monkeypatch.setattr(finishing, "ITEMS_A_LOT", 3)
    make_ready, threads = discrepancies.make_ready, []

    def noting(*facts: Any) -> None:
        threads.append(threading.get_ident())
        make_ready(*facts)

    monkeypatch.setattr(discrepancies, "make_ready", noting)
    cut(settings, records=10)
    books = filled(Books())
    in_parts = left_by(books, start=START, end=END)
    assert len(threads) > 1
    assert threading.get_ident() not in threads
    assert in_parts["written"]["log"] == len(in_parts["log"]) > len(threads)
    assert action_log.verify().ok
    whole(settings)
    again = left_by(books, start=START, end=END)
    assert again["written"] == {"items": 0, "discrepancies": 0, "log": 0}
    assert again["digest"] == in_parts["digest"]
