"""Bulk actions under two deliveries, beside people, and killed in the middle: each row once, and the log agrees."""

from collections.abc import Callable
from typing import Any

import pytest

from reconciliation import action_log, bulk, workflow
from reconciliation.models import BulkRow, ReconciliationActionLog, ReconciliationDiscrepancy
from reconciliation.workflow import StepRefused
from tests.reconciliation.bulk.facts import confirmed, frozen, results, told, worked
from tests.reconciliation.workflow.cases import NOW, Desk

Row = ReconciliationDiscrepancy
Together = Callable[..., list[Any]]


@pytest.fixture
def desk(ledger_transactions: None) -> Desk:
    return Desk()


def logged(word: str) -> int:
    return ReconciliationActionLog.objects.filter(action=word).count()


def test_two_deliveries_of_a_job_do_each_row_once(desk: Desk, together: Together) -> None:
    operator = desk.person("Operator")
    for _number in range(12):
        desk.discrepancy()
    action = confirmed(frozen(desk, "acknowledge", operator), operator)

    def work(_worker: int) -> int:
        chunks = 0
        while bulk.work_chunk(bulk_id=action.pk, now=NOW, size=2):
            chunks += 1
        return chunks

    finished = together(work, [1, 2, 3])
    assert not [result for result in finished if isinstance(result, Exception)], finished
    action.refresh_from_db()
    assert (action.state, told(action), logged("acknowledged")) == ("ended", {"done": 12}, 12)
    assert set(Row.objects.values_list("version", flat=True)) == {2}
    assert action_log.verify().findings == []


def test_people_and_a_bulk_action_never_both_decide(desk: Desk, together: Together) -> None:
    manager, owner = desk.person("Manager"), desk.person("Owner")
    rows = [desk.discrepancy("pending_approval") for _number in range(6)]
    action = confirmed(frozen(desk, "approve", manager), manager)

    def decide(who: str) -> Any:
        if who == "bulk":
            return worked(action, size=2).rows_done
        done = 0
        for row in reversed(rows):
            try:
                workflow.approve(discrepancy_id=row.pk, expected_version=1, by=owner, now=NOW)
                done += 1
            except StepRefused:
                pass
        return done

    by_bulk, by_person = together(decide, ["bulk", "person"])
    assert by_bulk + by_person == logged("approved") == 6
    assert results(action).get("changed", 0) == by_person
    assert set(Row.objects.values_list("status", "version")) == {("resolved", 2)}


class Killed(BaseException):
    """The worker is gone; nothing of ours gets to run."""


def test_a_job_killed_in_the_middle_is_taken_up_where_it_stopped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    operator = desk.person("Operator")
    for _number in range(8):
        desk.discrepancy()
    action = confirmed(frozen(desk, "acknowledge", operator), operator)
    real, calls = workflow.acknowledge, []

    def dying(**given: Any) -> Row:
        calls.append(given["discrepancy_id"])
        if len(calls) == 5:
            raise Killed
        return real(**given)

    monkeypatch.setattr(workflow, "acknowledge", dying)
    with pytest.raises(Killed):
        worked(action, size=3)
    assert (logged("acknowledged"), results(action)) == (3, {"done": 3, "waiting": 5})
    action.refresh_from_db()
    assert (action.state, action.rows_done) == ("working", 3)
    worked(action, size=3)
    assert (logged("acknowledged"), results(action)) == (8, {"done": 8})
    assert action_log.verify().findings == []


@pytest.mark.trust
def test_five_thousand_rows_are_what_the_preview_said(desk: Desk) -> None:
    operator, manager = desk.person("Operator"), desk.person("Manager")
    first = desk.discrepancy()
    values = {
        field.attname: getattr(first, field.attname) for field in Row._meta.concrete_fields if not field.primary_key
    }
    more = [Row(**{**values, "left_id": 10**9 + number, "right_id": 10**9 + number}) for number in range(4_999)]
    Row.objects.bulk_create(more, batch_size=500)
    action = confirmed(frozen(desk, "acknowledge", operator), operator, number=5_000)
    assert action.summary["currencies"]["EUR"]["count"] == 5_000
    between = Row.objects.order_by("pk")[2_500]
    workflow.acknowledge(discrepancy_id=between.pk, expected_version=1, by=manager, now=NOW)
    bulk.work_bulk(action.pk)
    action.refresh_from_db()
    assert told(action) == {"done": 4_999, "changed": 1}
    assert BulkRow.objects.get(bulk=action, result="changed").discrepancy_id == between.pk
