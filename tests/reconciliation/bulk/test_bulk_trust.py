"""Bulk actions at full size (TRUST 22): workers killed by SIGKILL, several processes at once, a row that cannot be."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from billing.models import Adjustment
from reconciliation import action_log, open_totals, workflow
from reconciliation.models import BulkAction, BulkRow, ReconciliationActionLog, ReconciliationDiscrepancy
from tests.conftest import ROOT
from tests.reconciliation.books import Books
from tests.reconciliation.bulk.facts import confirmed, frozen, results, told, worked
from tests.reconciliation.workflow.cases import Desk, log_of

Row = ReconciliationDiscrepancy
Environment = Callable[..., dict[str, str]]
WORKING, STEPS = "reconciliation.bulk.working", "reconciliation.workflow.steps"
# Where the worker is killed, in this order: before, while and after rows are read, decided, written, logged, stored.
POINTS = [
    (f"{WORKING}:held", 1), ("reconciliation.workflow:approve", 2), ("billing.adjustments:enter", 3),
    (f"{STEPS}:swap_together", 1), ("reconciliation.open_totals:store", 2), ("reconciliation.action_log:append", 1),
    (f"{WORKING}:store", 1), (f"{WORKING}:store", 2), ("reconciliation.bulk:work_chunk", 3),
    ("reconciliation.workflow:approve", 8),
]  # fmt: skip


def started(environment: dict[str, str], bulk: BulkAction, size: int, *deadly: Any) -> subprocess.Popen[bytes]:
    code = f"from tests.reconciliation.bulk.dying import work; work({', '.join(map(repr, (bulk.pk, size, *deadly)))})"
    return subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", code],
        cwd=ROOT,
        env={**environment, "LOG_LEVEL": "ERROR"},
    )


def proposals(desk: Desk, author: User, count: int) -> list[Row]:
    """Discrepancies with an adjustment proposed."""
    return [
        desk.take("propose", desk.discrepancy(difference_minor=-50 - number), author, code="adjustment")
        for number in range(count)
    ]


def left(desk: Desk) -> list[Any]:
    """What a bulk action left about each discrepancy of an organization: its state, its log, its entries."""
    rows = Row.objects.filter(organization=desk.organization).order_by("pk")
    entries = Adjustment.objects.filter(organization=desk.organization)
    return [
        (
            row.status, row.version, row.resolution_code, row.closing_rule,
            [(step.action, step.after.get("status")) for step in log_of(row)],
            list(entries.filter(discrepancy_id=row.pk).values_list("amount_minor", flat=True)),
        )
        for row in rows
    ]  # fmt: skip


def nothing_is_half_done(desk: Desk, action: BulkAction) -> int:
    done = set(BulkRow.objects.filter(bulk=action, result="done").values_list("discrepancy_id", flat=True))
    own = Row.objects.filter(organization=desk.organization)
    logged = ReconciliationActionLog.objects.filter(organization=desk.organization, action="approved")
    assert set(own.filter(status="resolved").values_list("pk", flat=True)) == done
    assert sorted(logged.values_list("discrepancy", flat=True)) == sorted(done)
    assert sorted(Adjustment.objects.filter(discrepancy_id__in=own).values_list("discrepancy_id", flat=True)) == sorted(
        done
    )
    action.refresh_from_db()
    assert action.rows_done == len(done)
    return len(done)


def set_up(books: Books, count: int, names: str) -> tuple[Desk, BulkAction]:
    """A desk whose proposals are to be approved together; every fifth was revised after the preview."""
    desk = Desk(books)
    author, manager = desk.person("Manager", f"{names}-author"), desk.person("Manager", f"{names}-manager")
    rows = proposals(desk, author, count)
    open_totals.rebuild(desk.organization.pk)
    action = confirmed(frozen(desk, "approve", manager, rows), manager, number=count)
    for row in rows[::5]:
        desk.take("revise", row, author, code="timing", reason="on second thought")
    return desk, action


@pytest.mark.trust
@pytest.mark.usefixtures("ledger_transactions")
def test_a_worker_killed_at_ten_points_leaves_what_one_that_is_not_leaves(child_environment: Environment) -> None:
    environment = child_environment(same_database=True)
    whole, unkilled = set_up(Books("whole"), 40, "x")
    worked(unkilled)
    desk, action = set_up(Books("killed"), 40, "x-again")
    done = 0
    for deadly, call in POINTS:
        assert started(environment, action, 3, deadly, call).wait(timeout=120) == -9, deadly
        again = nothing_is_half_done(desk, action)
        assert again >= done
        done = again
    assert 0 < done < 32
    assert started(environment, action, 3).wait(timeout=120) == 0
    action.refresh_from_db()
    unkilled.refresh_from_db()
    assert (action.state, told(action)) == (unkilled.state, told(unkilled)) == ("ended", {"done": 32, "changed": 8})
    assert results(action) == results(unkilled)
    assert left(desk) == left(whole)
    assert action_log.verify().findings == []
    assert list(open_totals.differing(desk.organization.pk)) == []


@pytest.mark.trust
@pytest.mark.usefixtures("ledger_transactions")
def test_three_processes_after_the_same_rows_do_each_once(child_environment: Environment) -> None:
    desk, action = set_up(Books("acme"), 300, "x")
    environment = child_environment(same_database=True)
    workers = [started(environment, action, 7) for _number in range(3)]
    assert [worker.wait(timeout=300) for worker in workers] == [0, 0, 0]
    assert nothing_is_half_done(desk, action) == 240
    assert (action.state, told(action)) == ("ended", {"done": 240, "changed": 60})
    assert set(Row.objects.filter(status="resolved").values_list("version", flat=True)) == {3}
    assert action_log.verify().findings == []
    assert list(open_totals.differing(desk.organization.pk)) == []


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_row_that_cannot_be_worked_stands_alone_and_the_others_are_done(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    desk, action = set_up(Books(), 12, "x")
    poisoned = Row.objects.order_by("pk")[7].pk
    real = workflow.approve

    def poison(**given: Any) -> Row:
        done = real(**given)
        if given["discrepancy_id"] == poisoned:
            raise KeyError("no such code")
        return done

    monkeypatch.setattr(workflow, "approve", poison)
    worked(action, size)
    assert (action.state, told(action)) == ("ended", {"done": 8, "changed": 3, "failed": 1})
    failed = BulkRow.objects.get(bulk=action, result="failed")
    assert (failed.discrepancy_id, failed.why) == (poisoned, "broken")
    assert nothing_is_half_done(desk, action) == 8
    assert list(open_totals.differing(desk.organization.pk)) == []


@pytest.mark.django_db
def test_rows_worked_one_by_one_end_as_rows_written_together(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, action = set_up(Books("together"), 10, "x")
    worked(action, 4)
    other, alone = set_up(Books("alone"), 10, "y")

    def refuse(*_given: Any) -> None:
        raise RuntimeError("not together")

    monkeypatch.setattr(f"{STEPS}.swap_together", lambda swaps: refuse() if swaps else None)
    worked(alone, 4)
    assert results(alone) == results(action) == {"done": 8, "changed": 2}
    assert left(other) == left(desk)


@pytest.mark.django_db
def test_a_row_that_changes_while_it_is_held_is_not_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can change a locked row; if it happened all the same, the compare-and-swap would show it."""
    _desk, action = set_up(Books(), 4, "x")
    first = Row.objects.order_by("pk")[1]
    real = workflow.approve

    def beside(**given: Any) -> Row:
        Row.objects.filter(pk=first.pk, version=first.version).update(version=9)
        return real(**given)

    monkeypatch.setattr(workflow, "approve", beside)
    worked(action, 10)
    assert Row.objects.get(pk=first.pk).status == "pending_approval"
    assert results(action) == {"done": 2, "changed": 2}
