"""Confirming a preview: what is asked for, the number typed, once, and by whoever made it."""

import pytest
from django_q.models import OrmQ

from reconciliation import bulk
from reconciliation.bulk import BulkRefused
from reconciliation.models import BulkAction, ReconciliationDiscrepancy
from tests.people import person
from tests.reconciliation.bulk.facts import confirmed, frozen, worked
from tests.reconciliation.workflow.cases import Desk


def test_a_reason_too_few_is_asked_for(desk: Desk) -> None:
    operator, stranger = desk.person("Operator"), person("Operator", name="stranger")
    desk.discrepancy()
    preview = frozen(desk, "propose", operator)
    for given, field in (({"code": "timing"}, "reason"), ({"reason": "r", "code": "duplicate"}, "code")):
        with pytest.raises(BulkRefused) as refused:
            confirmed(preview, operator, None, **given)
        assert refused.value.field == field
    with pytest.raises(BulkRefused, match="cannot work on all"):
        confirmed(frozen(desk, "assign", operator), operator, to=stranger.pk)
    assert OrmQ.objects.count() == 0


def test_above_a_hundred_rows_the_number_is_typed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciliation.bulk.confirming.TYPE_ABOVE", 2)
    operator = desk.person("Operator")
    for _number in range(3):
        desk.discrepancy()
    preview = frozen(desk, "acknowledge", operator)
    for number in (None, 2):
        with pytest.raises(BulkRefused, match="Type the number of rows, 3"):
            confirmed(preview, operator, number)
    assert confirmed(preview, operator, 3).state == "queued"


def test_a_preview_is_confirmed_once_and_by_its_maker_only(desk: Desk) -> None:
    operator, manager = desk.person("Operator"), desk.person("Manager")
    desk.discrepancy()
    preview = frozen(desk, "acknowledge", operator)
    with pytest.raises(BulkRefused, match="Only whoever made"):
        confirmed(preview, manager)
    confirmed(preview, operator)
    with pytest.raises(BulkRefused, match="already"):
        confirmed(BulkAction.objects.get(pk=preview.pk), operator)
    with pytest.raises(BulkRefused, match="already"):
        bulk.drop(bulk=preview, by=operator)
    assert OrmQ.objects.count() == 1


def test_a_dropped_preview_does_nothing(desk: Desk) -> None:
    operator = desk.person("Operator")
    desk.discrepancy()
    preview = frozen(desk, "acknowledge", operator)
    bulk.drop(bulk=preview, by=operator)
    with pytest.raises(BulkRefused):
        confirmed(preview, operator)
    assert worked(preview).rows_done == 0
    assert set(ReconciliationDiscrepancy.objects.values_list("status", flat=True)) == {"open"}
