"""The same run cut into parts and not: everything it leaves, to be compared."""

from datetime import datetime
from typing import Any

from django.db import transaction

from reconciliation.core import report as reports
from reconciliation.models import ReconciliationActionLog, ReconciliationDiscrepancy, ReconciliationItem
from reconciliation.runs import reconcile
from tests.reconciliation.books import LATER, Books

ITEM = (
    "left_id", "left_version_id", "right_id", "right_version_id", "kind", "outcome", "match_pass", "reason",
    "group_key", "left_amount_minor", "left_currency", "left_status", "right_amount_minor", "right_currency",
    "right_status", "occurred_at", "due_at", "opened_run", "closed_run",
)  # fmt: skip
DISCREPANCY = (
    "type", "left_id", "right_id", "status", "severity", "reason_code", "expected", "actual", "difference_minor",
    "unexplained_minor", "currency", "explanation", "occurred_at", "opened_run", "changed_run", "resolution_code",
    "version",
)  # fmt: skip
STEP = ("discrepancy__type", "discrepancy__left_id", "discrepancy__right_id", "action", "before", "after", "reason")


def stored(books: Books) -> dict[str, Any]:
    """Everything stored about an organization's books, without keys of rows that runs make."""
    own = {"organization": books.organization}
    return {
        "items": sorted(ReconciliationItem.objects.filter(**own).values_list(*ITEM), key=repr),
        "discrepancies": sorted(ReconciliationDiscrepancy.objects.filter(**own).values_list(*DISCREPANCY), key=repr),
        "log": sorted(ReconciliationActionLog.objects.filter(**own).values_list(*STEP), key=repr),
    }


def shape(left: dict[str, Any]) -> list[list[tuple[Any, ...]]]:
    """The same without the numbers of runs, which tell how often one was begun."""
    items = [row[: ITEM.index("opened_run")] for row in left["items"]]
    discrepancies = [row[: DISCREPANCY.index("opened_run")] for row in left["discrepancies"]]
    return [items, discrepancies, [row[: STEP.index("before")] for row in left["log"]]]


def left_by(books: Books, **options: Any) -> dict[str, Any]:
    """Everything a full run leaves."""
    result = reconcile(organization=books.organization, by=None, full=True, **{"now": LATER, **options})
    assert result.error == ""
    assert result.run is not None
    return stored(books) | {
        "report": reports.canonical(result.report),
        "digest": result.run.report_digest,
        "written": result.written,
        "tally": result.run.tally,
        "parameters": result.run.parameters,
        "read": [result.run.metrics[f"{side}_read"] for side in ("left", "right")],
    }


def left_by_an_undone(books: Books, **options: Any) -> dict[str, Any]:
    """What a run would leave, taken back afterwards."""
    with transaction.atomic():
        left = left_by(books, **options)
        transaction.set_rollback(True)
    return left


def cut(settings: Any, *, from_records: int = 2, records: int = 3) -> None:
    """From now on runs over `from_records` records are cut into parts of `records`."""
    settings.SHARD_FROM_RECORDS, settings.SHARD_RECORDS = from_records, records


def whole(settings: Any) -> None:
    """From now on runs are not cut."""
    settings.SHARD_FROM_RECORDS = 10**9


def alike(books: Books, settings: Any, *, records: int, **options: datetime) -> None:
    """A full run leaves the same, cut into parts or not."""
    whole(settings)
    uncut = left_by_an_undone(books, **options)
    cut(settings, records=records)
    in_parts = left_by(books, **options)
    assert in_parts == uncut
