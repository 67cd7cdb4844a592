"""Bulk actions in a line each: frozen, confirmed, worked."""

from typing import Any

from django.contrib.auth.models import User

from reconciliation import bulk
from reconciliation.models import BulkAction, BulkRow, ReconciliationDiscrepancy
from tests.reconciliation.workflow.cases import NOW, Desk

Row = ReconciliationDiscrepancy


def frozen(desk: Desk, action: str, by: User, rows: list[Row] | None = None, **more: Any) -> BulkAction:
    """A preview over `rows`, or over every discrepancy there is."""
    found = Row.objects.all() if rows is None else Row.objects.filter(pk__in=[row.pk for row in rows])
    return bulk.freeze(action=action, rows=found, by=by, now=NOW, **more)


def confirmed(action: BulkAction, by: User, number: int | None = None, **given: Any) -> BulkAction:
    """The preview, confirmed."""
    return bulk.confirm(bulk=action, given=given, number=number, by=by, now=NOW, request_id="req-1")


def worked(action: BulkAction, size: int = 3) -> BulkAction:
    """Worked to its end, a few rows a transaction."""
    while bulk.work_chunk(bulk_id=action.pk, now=NOW, size=size):
        pass
    action.refresh_from_db()
    return action


def results(action: BulkAction) -> dict[str, int]:
    """How many rows have which result, counted from the rows themselves."""
    found: dict[str, int] = {}
    for row in BulkRow.objects.filter(bulk=action):
        found[row.result] = found.get(row.result, 0) + 1
    return found


def told(action: BulkAction) -> dict[str, int]:
    """How many rows have which result, as the bulk action itself says."""
    names = ("skipped", "done", "not_allowed", "changed", "failed")
    return {name: count for name in names if (count := getattr(action, f"rows_{name}"))}
