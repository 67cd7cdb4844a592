"""Many at once: one run writes, the others are told so, and nothing is written twice."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from reconciliation.models import ReconciliationActionLog, ReconciliationItem, ReconciliationRun
from reconciliation.runs import LeaseHeld, RunInProgress, execution, leases, reconcile
from reconciliation.runs.preparing import Prepared
from tests.reconciliation.books import END, LATER, START, Books, filled

pytestmark = pytest.mark.usefixtures("ledger_transactions")
AT_ONCE = 8


def all_at_once(books: Books, together: Callable[..., list[Any]]) -> Counter[str]:
    """Eight runs of the same period released together; what became of each."""

    def run(_number: int) -> str:
        try:
            return reconcile(organization=books.organization, start=START, end=END, by=None, now=LATER).status
        except (LeaseHeld, RunInProgress) as busy:
            return type(busy).__name__

    return Counter(str(answer) for answer in together(run, list(range(AT_ONCE))))


def test_of_runs_started_together_each_item_is_written_once(together: Callable[..., list[Any]]) -> None:
    books = filled(Books())
    answers = all_at_once(books, together)
    assert answers["break"] >= 1
    assert set(answers) <= {"break", "LeaseHeld", "RunInProgress"}
    assert ReconciliationItem.objects.filter(closed_run=None).count() == ReconciliationItem.objects.count()
    opened = ReconciliationActionLog.objects.filter(action="opened").values_list("discrepancy", flat=True)
    assert len(opened) == len(set(opened)) > 0
    assert not ReconciliationRun.objects.filter(status__in=["queued", "running", "error"]).exists()


def test_without_the_lease_two_runs_would_write_the_same_items(
    together: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: with the guard off, only the database's unique key stands between two runs."""
    numbers = iter(range(1, 1000))
    monkeypatch.setattr(leases, "acquire", lambda **_: next(numbers))
    monkeypatch.setattr(leases, "hold", lambda **_: None)
    monkeypatch.setattr(execution, "open_run", unshared_run)
    everybody_has_read, judge = threading.Barrier(AT_ONCE), execution.judge

    def judge_and_wait(*facts: Any) -> Prepared:
        prepared = judge(*facts)
        everybody_has_read.wait(60)
        return prepared

    monkeypatch.setattr(execution, "judge", judge_and_wait)
    answers = all_at_once(filled(Books()), together)
    assert answers["error"] == AT_ONCE - 1


def unshared_run(**facts: Any) -> ReconciliationRun:
    """A run of its own for every caller, of a slightly other period: the table refuses two unfinished equal ones."""
    shift = ReconciliationRun.objects.count()
    return ReconciliationRun.objects.create(
        organization=facts["organization"], comparison="payments", period_start=facts["start"],
        period_end=facts["end"].replace(microsecond=shift * 1000 + id(facts) % 1000), created_at=facts["now"],
    )  # fmt: skip


def test_a_run_that_ends_while_another_is_asked_for_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    books = Books()
    asked: dict[str, Any] = {"organization": books.organization, "comparison": "payments", "start": START, "end": END}
    first = execution.open_run(**asked, by=None, via="test", now=LATER)
    find = ReconciliationRun.objects.filter

    def when_it_has_ended(**facts: Any) -> Any:
        monkeypatch.undo()
        ReconciliationRun.objects.update(status="ok")
        return find(**facts)

    monkeypatch.setattr(type(ReconciliationRun.objects), "filter", lambda _self, **facts: when_it_has_ended(**facts))
    second = execution.open_run(**asked, by=None, via="test", now=LATER)
    assert (second.status, second.pk != first.pk) == ("queued", True)
