"""Bulk actions: what is previewed is what is worked, each row by its own step, with a result that stays."""

import pytest
from django.db import IntegrityError, OperationalError

from billing.models import Adjustment
from reconciliation import action_log, bulk, open_totals, workflow
from reconciliation.bulk import PreviewChanged
from reconciliation.models import BulkAction, BulkRow, LogSeal, ReconciliationActionLog, ReconciliationDiscrepancy
from tests.reconciliation.books import Books
from tests.reconciliation.bulk.facts import confirmed, frozen, results, told, worked
from tests.reconciliation.workflow.cases import NOW, Desk, words

Row = ReconciliationDiscrepancy


def statuses() -> list[str]:
    return list(Row.objects.order_by("pk").values_list("status", flat=True))


def test_a_preview_freezes_ids_and_versions_and_adds_up_each_currency(desk: Desk) -> None:
    operator = desk.person("Operator")
    rows = [desk.discrepancy(), desk.discrepancy(difference_minor=900), desk.discrepancy(currency="JPY")]
    rows.append(desk.discrepancy("acknowledged"))
    preview = frozen(desk, "acknowledge", operator)
    assert preview.summary["currencies"] == {
        "EUR": {"count": 2, "compared": 2, "net_minor": 850, "largest_minor": 900, "largest": rows[1].pk},
        "JPY": {"count": 1, "compared": 1, "net_minor": -50, "largest_minor": -50, "largest": rows[2].pk},
    }
    assert preview.summary["skipped"] == {"wrong_state": 1}
    assert (preview.rows_frozen, preview.rows_to_work, preview.state) == (4, 3, "preview")
    assert set(BulkRow.objects.values_list("discrepancy_id", "version")) == {(row.pk, row.version) for row in rows}
    assert statuses() == ["open", "open", "open", "acknowledged"]


def test_what_the_preview_says_is_what_is_done(desk: Desk) -> None:
    operator = desk.person("Operator")
    for _number in range(7):
        desk.discrepancy()
    open_totals.rebuild(desk.organization.pk)
    action = worked(confirmed(frozen(desk, "acknowledge", operator), operator))
    assert action.state == "ended"
    assert results(action) == told(action) == {"done": 7}
    assert set(statuses()) == {"acknowledged"}
    logged = ReconciliationActionLog.objects.all()
    assert {(entry.action, entry.actor, entry.request_id) for entry in logged} == {
        ("acknowledged", "user:operator", "req-1")
    }
    assert list(LogSeal.objects.values_list("count", flat=True)) == [3, 3, 1]
    assert action_log.verify().findings == []
    assert list(open_totals.differing(desk.organization.pk)) == []


def test_a_row_changed_between_is_told_as_changed_and_left_alone(desk: Desk) -> None:
    operator, manager = desk.person("Operator"), desk.person("Manager")
    rows = [desk.discrepancy() for _number in range(3)]
    action = confirmed(frozen(desk, "propose", operator), operator, code="timing", reason="late")
    desk.take("mark_investigated", rows[1], manager)
    worked(action)
    assert results(action) == told(action) == {"done": 2, "changed": 1}
    changed = BulkRow.objects.get(result="changed")
    assert changed.discrepancy_id == rows[1].pk
    assert changed.detail.startswith("user:manager ")
    assert statuses() == ["pending_approval", "acknowledged", "pending_approval"]


def test_four_eyes_hold_in_bulk(desk: Desk) -> None:
    manager, owner = desk.person("Manager"), desk.person("Owner")
    rows = [desk.discrepancy() for _number in range(3)]
    for row in rows[:2]:
        desk.take("propose", row, manager)
    desk.take("propose", rows[2], owner)
    own = frozen(desk, "approve", manager)
    assert own.summary["skipped"] == {"own_proposal": 2}
    other = confirmed(frozen(desk, "approve", owner, rows[:2]), owner)
    # Both withdrawn and proposed again by whoever is about to approve, with the very versions that were frozen.
    for row in rows[:2]:
        stored = Row.objects.get(pk=row.pk)
        Row.objects.filter(pk=row.pk).update(proposed_by=owner, version=stored.version)
    worked(other)
    assert results(other) == {"not_allowed": 2}
    assert set(BulkRow.objects.filter(bulk=other).values_list("why", flat=True)) == {"own_proposal"}
    assert set(statuses()) == {"pending_approval"}


def test_the_database_refuses_a_row_that_slipped_through_and_the_others_are_done(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator, rows = desk.person("Operator"), [desk.discrepancy() for _number in range(3)]
    open_totals.rebuild(desk.organization.pk)
    action = confirmed(frozen(desk, "acknowledge", operator), operator)
    real = workflow.acknowledge

    def breaking(**given: object) -> Row:
        done = real(**given)  # type: ignore[arg-type]
        if given["discrepancy_id"] == rows[1].pk:
            Row.objects.filter(pk=rows[1].pk).update(status="nonsense")
        return done

    monkeypatch.setattr(workflow, "acknowledge", breaking)
    worked(action)
    assert results(action) == {"done": 2, "failed": 1}
    assert statuses() == ["acknowledged", "open", "acknowledged"]
    assert [words(row) for row in rows] == [["acknowledged"], [], ["acknowledged"]]
    assert list(open_totals.differing(desk.organization.pk)) == []


def test_approving_in_bulk_enters_every_adjustment(desk: Desk) -> None:
    operator, manager = desk.person("Operator"), desk.person("Manager")
    rows = [desk.discrepancy() for _number in range(4)]
    worked(confirmed(frozen(desk, "propose", operator), operator, code="adjustment", reason="fee"))
    worked(confirmed(frozen(desk, "approve", manager), manager))
    assert set(statuses()) == {"resolved"}
    assert sorted(Adjustment.objects.values_list("discrepancy_id", flat=True)) == [row.pk for row in rows]
    worked(confirmed(frozen(desk, "requeue", manager), manager, reason="no"))
    assert set(statuses()) == {"open"}
    assert Adjustment.objects.count() == 8


def test_a_resolution_that_does_not_fit_skips_rows_and_asks_to_look_again(desk: Desk) -> None:
    operator = desk.person("Operator")
    desk.discrepancy()
    nothing = desk.discrepancy(difference_minor=None, unexplained_minor=None)
    preview = frozen(desk, "propose", operator)
    with pytest.raises(PreviewChanged):
        confirmed(preview, operator, code="adjustment", reason="r")
    assert preview.rows_to_work == 1
    assert preview.summary["skipped"] == {"no_amount": 1}
    assert worked(confirmed(preview, operator, code="adjustment", reason="r")).rows_done == 1
    assert Row.objects.get(pk=nothing.pk).status == "open"


def test_choosing_another_resolution_brings_the_rows_back(desk: Desk) -> None:
    operator = desk.person("Operator")
    desk.discrepancy(difference_minor=0)
    desk.discrepancy()
    preview = frozen(desk, "propose", operator)
    for code in ("adjustment", "timing"):
        with pytest.raises(PreviewChanged):
            confirmed(preview, operator, code=code, reason="r")
    assert worked(confirmed(preview, operator, code="timing", reason="r")).rows_done == 2


def test_notes_and_assignments_reach_every_row(desk: Desk) -> None:
    operator = desk.person("Operator")
    rows = [desk.discrepancy(), desk.discrepancy("resolved")]
    assert results(worked(confirmed(frozen(desk, "annotate", operator), operator, reason="the bank knows"))) == {
        "done": 2
    }
    assigned = worked(confirmed(frozen(desk, "assign", operator), operator, to=operator.pk))
    assert results(assigned) == {"done": 1, "skipped": 1}
    assert Row.objects.get(pk=rows[0].pk).assigned_to_id == operator.pk
    again = worked(confirmed(frozen(desk, "assign", operator), operator, to=None))
    assert (again.rows_done, Row.objects.get(pk=rows[0].pk).assigned_to_id) == (1, None)


def test_only_rows_of_own_organizations_are_frozen(desk: Desk) -> None:
    operator = desk.person("Operator")
    desk.discrepancy()
    other = Desk(Books("other"))
    foreign = other.discrepancy()
    preview = frozen(desk, "acknowledge", operator)
    assert preview.rows_frozen == 1
    assert not BulkRow.objects.filter(discrepancy_id=foreign.pk).exists()
    assert not bulk.visible_bulk([other.organization.pk]).exists()
    assert bulk.visible_bulk([desk.organization.pk]).get() == preview


def test_a_membership_that_ends_meanwhile_ends_the_right(desk: Desk) -> None:
    operator = desk.person("Operator")
    desk.discrepancy()
    action = confirmed(frozen(desk, "acknowledge", operator), operator)
    operator.memberships.all().delete()
    assert results(worked(action)) == {"not_allowed": 1}
    assert statuses() == ["open"]


def test_a_role_that_ends_meanwhile_ends_the_right(desk: Desk) -> None:
    operator = desk.person("Operator")
    for _number in range(3):
        desk.discrepancy()
    action = confirmed(frozen(desk, "acknowledge", operator), operator)
    bulk.work_chunk(bulk_id=action.pk, now=NOW, size=1)
    operator.groups.clear()
    assert results(worked(action)) == {"done": 1, "not_allowed": 2}


def test_what_failed_or_had_changed_is_tried_again_as_it_is_now(desk: Desk) -> None:
    operator, manager = desk.person("Operator"), desk.person("Manager")
    rows = [desk.discrepancy() for _number in range(3)]
    action = confirmed(frozen(desk, "propose", operator), operator, code="timing", reason="late")
    desk.take("mark_investigated", rows[1], manager)
    worked(action)
    again = bulk.retry(bulk=action, by=operator, now=NOW)
    assert (again.retry_of, again.rows_frozen, again.given) == (action, 1, {"code": "timing", "reason": "late"})
    assert results(worked(confirmed(again, operator, **again.given))) == {"done": 1}
    assert set(statuses()) == {"pending_approval"}


def test_a_result_cannot_count_more_rows_than_there_are(desk: Desk) -> None:
    preview = frozen(desk, "acknowledge", desk.person("Operator"))
    with pytest.raises(IntegrityError):
        BulkAction.objects.filter(pk=preview.pk).update(rows_done=1)


def test_a_lost_database_is_tried_again_and_then_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def busy(**_given: object) -> bool:
        calls.append(1)
        raise OperationalError("database is locked")

    monkeypatch.setattr("reconciliation.bulk.job.work_chunk", busy)
    with pytest.raises(OperationalError):
        bulk.work_bulk(1)
    assert len(calls) == 3
