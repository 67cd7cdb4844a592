"""One step: what it writes, what it refuses, and that it leaves nothing half done."""

from typing import Any

import pytest

from billing.models import Adjustment, PaymentVersion, ProviderRecordVersion
from reconciliation import action_log, workflow
from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.workflow import StepRefused

from .cases import NOW, Desk, log_of, words


def test_the_log_tells_before_after_actor_reason_and_request(desk: Desk) -> None:
    row, operator = desk.discrepancy(), desk.person("Operator")
    desk.take("propose", row, operator, code="timing", reason=" came\r\nlater ", request_id="req-12345678")
    (entry,) = log_of(row)
    assert (entry.actor, entry.actor_user_id, entry.at) == ("user:operator", operator.pk, NOW)
    assert (entry.reason, entry.request_id) == ("came\nlater", "req-12345678")
    assert (entry.before["status"], entry.after["status"]) == ("open", "pending_approval")
    assert (entry.before["version"], entry.after["version"]) == (1, 2)
    assert entry.after["resolution_code"] == "timing"
    assert entry.after["proposed_by_id"] == operator.pk
    assert action_log.verify(organization=desk.organization).ok


@pytest.mark.parametrize("failing", ["append", "enter"])
def test_a_step_that_cannot_be_logged_or_finished_changes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    row = desk.take("propose", desk.discrepancy(), desk.person("Operator"), code="adjustment")
    before, logged = stored(row), words(row)

    def fail(**_given: Any) -> None:
        raise OSError("disk full")

    target = {"append": "reconciliation.action_log.append", "enter": "billing.adjustments.enter"}[failing]
    monkeypatch.setattr(target, fail)
    with pytest.raises(OSError, match="disk full"):
        desk.take("approve", row, desk.person("Manager"))
    assert (stored(row), words(row), Adjustment.objects.count()) == (before, logged, 0)


def stored(row: ReconciliationDiscrepancy) -> dict[str, Any]:
    return dict(ReconciliationDiscrepancy.objects.filter(pk=row.pk).values().get())


def test_a_stale_version_names_who_changed_what_and_when(desk: Desk) -> None:
    row = desk.discrepancy()
    desk.take("acknowledge", row, desk.person("Operator"))
    with pytest.raises(
        workflow.StaleDiscrepancy, match=r"nothing was saved.*by operator, 2026-11-21 09:00:00 UTC"
    ) as got:
        desk.take("mark_investigated", row, desk.person("Manager"))
    assert got.value.row.version == 2
    assert [(change.actor, change.action, change.at) for change in got.value.changes] == [
        ("user:operator", "acknowledged", NOW)
    ]
    assert words(row) == ["acknowledged"]


def test_notes_never_collide(desk: Desk) -> None:
    row, operator = desk.discrepancy(), desk.person("Operator")
    desk.take("annotate", row, operator, text="first")
    desk.take("annotate", row, desk.person("Manager"), text="second")
    assert desk.take("acknowledge", row, operator).version == 2
    assert [entry.reason for entry in log_of(row)] == ["first", "second", ""]


@pytest.mark.parametrize(
    ("action", "given", "field"),
    [
        ("annotate", {"text": " \n "}, "reason"),
        ("propose", {"reason": ""}, "reason"),
        ("propose", {"reason": "x" * 5_001}, "reason"),
        ("propose", {"reason": "nul \x00"}, "reason"),
        ("propose", {"reason": "half a pair \ud800"}, "reason"),
        ("propose", {"code": ""}, "code"),
        ("propose", {"code": "cleared"}, "code"),
        ("propose", {"code": "duplicate"}, "duplicate_of"),
        ("dismiss_duplicate", {"duplicate_of": None}, "duplicate_of"),
        ("dismiss_duplicate", {"duplicate_of": 999_999}, "duplicate_of"),
    ],
)
def test_what_is_missing_is_named_by_its_field(desk: Desk, action: str, given: dict[str, Any], field: str) -> None:
    row = desk.discrepancy()
    with pytest.raises(workflow.InvalidStep) as refusal:
        desk.take(action, row, desk.person("Operator"), **given)
    assert refusal.value.field == field
    assert log_of(row) == []


@pytest.mark.parametrize("difference", [None, 0])
def test_money_is_adjusted_only_where_an_amount_is_known(desk: Desk, difference: int | None) -> None:
    row = desk.discrepancy(difference_minor=difference)
    with pytest.raises(workflow.InvalidStep, match="no amount to adjust"):
        desk.take("propose", row, desk.person("Operator"), code="adjustment")
    assert "adjustment" not in [code.code for code in workflow.codes_for(row)]


def test_work_is_given_only_to_somebody_who_may_do_it(desk: Desk) -> None:
    row, manager = desk.discrepancy(), desk.person("Manager")
    stranger = Desk(books=type(desk.books)("others")).person("Operator", "stranger")
    for to in (desk.person("Auditor"), stranger):
        with pytest.raises(workflow.InvalidStep, match="cannot work on discrepancies"):
            desk.take("assign", row, manager, to=to)
    given = desk.take("assign", row, manager, to=desk.person("Operator"))
    assert given.assigned_to == desk.person("Operator")
    assert desk.take("assign", given, manager, to=desk.person("Operator")).version == given.version
    assert desk.take("assign", given, manager, to=None).assigned_to is None
    assert words(row) == ["assigned", "assigned"]


def test_a_duplicate_points_at_the_one_that_stays(desk: Desk) -> None:
    stays, goes = desk.discrepancy(), desk.discrepancy()
    operator, manager = desk.person("Operator"), desk.person("Manager")
    with pytest.raises(workflow.InvalidStep, match="no other discrepancy"):
        desk.take("dismiss_duplicate", goes, operator, duplicate_of=goes.pk)
    goes = desk.take("dismiss_duplicate", goes, operator, duplicate_of=stays.pk)
    crossing = desk.take("dismiss_duplicate", stays, operator, duplicate_of=goes.pk)
    assert desk.take("approve", goes, manager).duplicate_of_id == stays.pk
    with pytest.raises(workflow.InvalidStep, match="dismissed as a duplicate itself"):
        desk.take("approve", crossing, manager)


def test_an_approved_adjustment_is_an_entry_and_no_ledger_row_changes(desk: Desk) -> None:
    row, author, manager = desk.discrepancy(), desk.person("Operator"), desk.person("Manager")
    ledger = [list(model.objects.values()) for model in (PaymentVersion, ProviderRecordVersion)]
    row = desk.take("propose", row, author, code="write_off", reason="not worth a letter")
    assert Adjustment.objects.count() == 0
    desk.take("approve", row, manager)
    entry = Adjustment.objects.get()
    assert (entry.amount_minor, entry.currency, entry.code, entry.reverses) == (-50, "EUR", "write_off", None)
    assert (entry.discrepancy_id, entry.left_id, entry.right_id) == (row.pk, row.left_id, row.right_id)
    assert (entry.proposed_by, entry.approved_by, entry.reason) == (author, manager, "not worth a letter")
    assert log_of(row)[-1].after["adjustments"] == [entry.pk]
    assert [list(model.objects.values()) for model in (PaymentVersion, ProviderRecordVersion)] == ledger


@pytest.mark.parametrize("code", ["timing", "accepted_difference", "provider_error"])
def test_other_resolutions_move_no_money(desk: Desk, code: str) -> None:
    row = desk.take("propose", desk.discrepancy(), desk.person("Operator"), code=code)
    desk.take("approve", row, desk.person("Manager"))
    assert Adjustment.objects.count() == 0


def test_requeueing_takes_an_adjustment_back_by_another_entry_once(desk: Desk) -> None:
    author, manager = desk.person("Operator"), desk.person("Manager")
    row = desk.discrepancy()
    for _round in range(2):
        row = desk.take("approve", desk.take("propose", row, author, code="adjustment"), manager)
        row = desk.take("requeue", row, manager, reason="wrong after all")
    assert (row.status, row.resolution_code, row.closing_rule) == ("open", "", "")
    assert (row.proposed_by_id, row.approved_by_id, row.resolved_at) == (None, None, None)
    entries = list(Adjustment.objects.order_by("pk"))
    assert [entry.amount_minor for entry in entries] == [-50, 50, -50, 50]
    assert [entry.reverses_id for entry in entries] == [None, entries[0].pk, None, entries[2].pk]


def test_a_requeued_discrepancy_is_looked_at_by_the_next_run(desk: Desk) -> None:
    desk.books.paid("p", 1000, "ch_p")
    desk.books.charged("ch_p", 950)
    desk.books.run()
    row = desk.books.only("AmountMismatch")
    row = desk.take("approve", desk.take("propose", row, desk.person("Operator")), desk.person("Manager"))
    desk.books.charged("ch_p", 1000)
    desk.books.run()
    assert desk.books.only("AmountMismatch").status == "resolved"
    desk.take("requeue", row, desk.person("Manager"))
    desk.books.run()
    assert desk.books.only("AmountMismatch").resolution_code == "cleared"
    assert words(row)[-2:] == ["requeued", "cleared"]


def test_every_refusal_speaks_to_people_and_carries_a_code() -> None:
    kinds = {kind.code: kind.status for kind in StepRefused.__subclasses__()}
    assert kinds == {"not_found": 404, "not_allowed": 403, "wrong_state": 409, "invalid": 400, "stale": 409}
