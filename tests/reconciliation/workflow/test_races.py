"""Four people at once at the same discrepancy (TRUST 7): one takes the step, the others are told. Real threads."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.db.models import F

from reconciliation import action_log, workflow
from reconciliation.models import ReconciliationActionLog, ReconciliationDiscrepancy
from reconciliation.workflow import steps, triaging

from .cases import NOW, Desk

RACERS = 4


def race(rows: list[ReconciliationDiscrepancy], users: list[User], step: Callable[..., Any]) -> list[list[Any]]:
    """Everybody takes `step` about every row, at the same time a row: per row what each got or was refused with."""
    barrier = threading.Barrier(RACERS, timeout=120)
    results: list[list[Any]] = [[None] * RACERS for _row in rows]

    def work(racer: int) -> None:
        user = User.objects.get(pk=users[racer].pk)
        for at, row in enumerate(rows):
            barrier.wait()
            try:
                given = {"discrepancy_id": row.pk, "expected_version": row.version}
                results[at][racer] = step(**given, by=user, now=NOW)
            except Exception as error:  # looked at below
                results[at][racer] = error
        connections.close_all()

    threads = [threading.Thread(target=work, args=(racer,)) for racer in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=600)
    assert not any(thread.is_alive() for thread in threads)
    return results


def set_up(size: int) -> tuple[Desk, list[ReconciliationDiscrepancy], list[User]]:
    desk = Desk()
    return desk, [desk.discrepancy() for _n in range(size)], [desk.person("Manager", f"m{n}") for n in range(RACERS)]


def one_wins(size: int) -> None:
    desk, rows, users = set_up(size)
    for outcome in race(rows, users, workflow.acknowledge):
        lost = [got for got in outcome if isinstance(got, workflow.StaleDiscrepancy)]
        assert len(lost) == RACERS - 1, outcome
        assert [got.status for got in lost] == [409] * (RACERS - 1)
        assert all(got.changes[-1].action == "acknowledged" for got in lost)
    assert set(ReconciliationDiscrepancy.objects.values_list("status", "version")) == {("acknowledged", 2)}
    logged = ReconciliationActionLog.objects.values_list("discrepancy", flat=True)
    assert sorted(logged) == sorted(row.pk for row in rows)
    assert action_log.verify(organization=desk.organization).ok


def test_one_transition_wins_and_is_logged_once(ledger_transactions: None) -> None:
    one_wins(15)


@pytest.mark.trust
def test_one_transition_wins_and_is_logged_once_at_full_size(ledger_transactions: None) -> None:
    one_wins(500)


def test_without_compare_and_swap_most_are_taken_twice(
    ledger_transactions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the same race with the guard off, everybody having read before anybody writes."""
    barrier = threading.Barrier(RACERS, timeout=120)

    def prepare_together(*given: Any, **more: Any) -> steps.Ready:
        ready = steps.prepare(*given, **more)
        barrier.wait()
        return ready

    def swap_unguarded(row: ReconciliationDiscrepancy, values: dict[str, Any]) -> bool:
        return bool(ReconciliationDiscrepancy.objects.filter(pk=row.pk).update(version=F("version") + 1, **values))

    monkeypatch.setattr(triaging, "prepare", prepare_together)
    desk, rows, users = set_up(5)
    guarded = race(rows, users, workflow.acknowledge)
    assert [sum(isinstance(got, ReconciliationDiscrepancy) for got in outcome) for outcome in guarded] == [1] * 5
    monkeypatch.setattr(steps, "swap", swap_unguarded)
    unguarded = race([desk.discrepancy() for _n in range(5)], users, workflow.acknowledge)
    doubled = [sum(isinstance(got, ReconciliationDiscrepancy) for got in outcome) > 1 for outcome in unguarded]
    assert sum(doubled) >= 4


def test_a_proposal_is_approved_or_rejected_never_both(ledger_transactions: None) -> None:
    desk, rows, users = set_up(8)
    rows = [desk.take("propose", row, desk.person("Operator"), code="adjustment") for row in rows]

    def decide(*, by: User, **given: Any) -> Any:
        if int(by.username[1:]) % 2:
            return workflow.reject(by=by, reason="no", **given)
        return workflow.approve(by=by, **given)

    for row, outcome in zip(rows, race(rows, users, decide), strict=True):
        won = [got for got in outcome if isinstance(got, ReconciliationDiscrepancy)]
        assert len(won) == 1
        row.refresh_from_db()
        entries = ReconciliationActionLog.objects.filter(discrepancy=row.pk).order_by("pk")
        last = entries.values_list("action", "after__status")[1]
        assert last == ({"resolved": "approved", "acknowledged": "rejected"}[row.status], row.status)
