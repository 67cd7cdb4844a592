"""What an incremental run builds on: the last run of the same period under the same rules, and what changed since."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from django.db.models import QuerySet

from billing import changes
from billing.models import SourceChange
from reconciliation.comparisons.base import Comparison
from reconciliation.frames import read
from reconciliation.models import ReconciliationItem, ReconciliationRun

# A larger share of changed records than this is read faster as a whole.
WHOLE_ABOVE = 0.2
IDENTITIES_AT_LEAST = 2_000


@dataclass(frozen=True)
class Basis:
    """The run built on, and per side the identities that changed since or fell due."""

    run: ReconciliationRun
    changed: dict[str, pl.Series]

    @property
    def is_empty(self) -> bool:
        """Whether nothing has changed or fallen due."""
        return all(ids.is_empty() for ids in self.changed.values())


def last_run(run: ReconciliationRun, parameters: dict[str, Any], now: datetime) -> ReconciliationRun | None:
    """The last finished run of this period, if it and every run since followed the same rules and none is from the
    future: runs of other periods write items of this one where the periods meet.
    """
    finished = ReconciliationRun.objects.filter(
        organization=run.organization, comparison=run.comparison, status__in=["ok", "break"]
    )
    earlier = finished.filter(period_start=run.period_start, period_end=run.period_end).order_by("-number").first()
    if earlier is None or not earlier.journal:
        return None
    since = finished.filter(number__gte=earlier.number).values_list("parameters", "started_at")
    alike = all(rules == parameters and started is not None and started <= now for rules, started in since)
    return earlier if alike else None


def basis(run: ReconciliationRun, comparison: Comparison, parameters: dict[str, Any], now: datetime) -> Basis | None:
    """What to build on, or None when the whole period must be read."""
    earlier = last_run(run, parameters, now)
    if earlier is None:
        return None
    since = changes.since(run.organization, earlier.journal)
    size = int(earlier.metrics.get("left_read", 0)) + int(earlier.metrics.get("right_read", 0))
    limit = max(IDENTITIES_AT_LEAST, int(size * WHOLE_ABOVE))
    changed = changed_since(run, comparison, since, limit)
    if changed is None:
        return None
    if comparison.one_identity:
        changed = dict.fromkeys(changed, pl.concat(list(changed.values())).unique())
    for side, ids in due(run, now).items():
        changed[side] = pl.concat([changed[side], ids]).unique()
    if sum(len(ids) for ids in changed.values()) > limit:
        return None
    return Basis(earlier, changed)


def changed_since(
    run: ReconciliationRun, comparison: Comparison, since: QuerySet[SourceChange], limit: int
) -> dict[str, pl.Series] | None:
    """Per side the identities that the journal names; None when an import wrote more than `limit`."""
    changed = {side: pl.Series(dtype=pl.Int64) for side in ("left", "right")}
    if not since.exists():
        return changed
    for source, side in comparison.sources.items():
        of_source = since.filter(source=source)
        batches = list(of_source.exclude(batch=None).values_list("batch_id", flat=True).distinct())
        parts = [named_by(of_source)]
        if batches:
            identities = comparison.imported(side, batches)
            if identities.count() > limit:
                return None
            parts.append(read(identities, {"id": next(iter(identities.query.values_select))}, {"id": pl.Int64})["id"])
        changed[side] = pl.concat([changed[side], *parts]).unique()
    for source, reached in comparison.reached.items():
        ids = named_by(since.filter(source=source)).unique()
        for side, found in reached(run.organization, ids).items() if len(ids) else ():
            changed[side] = pl.concat([changed[side], found]).unique()
    return changed


def named_by(since: QuerySet[SourceChange]) -> pl.Series:
    """The identities that entries of the journal name one by one."""
    return read(since.exclude(identity_id=None), {"id": "identity_id"}, {"id": pl.Int64})["id"]


def due(run: ReconciliationRun, now: datetime) -> dict[str, pl.Series]:
    """Identities whose open item was not due and is by `now`."""
    items = ReconciliationItem.objects.filter(
        organization=run.organization, comparison=run.comparison, closed_run__isnull=True, due_at__lte=now,
        occurred_at__gte=run.period_start, occurred_at__lt=run.period_end,
    )  # fmt: skip
    if not items.exists():
        return {}
    rows = read(items, {"left": "left_id", "right": "right_id"}, {"left": pl.Int64, "right": pl.Int64})
    return {side: rows[side].filter(rows[side] > 0) for side in ("left", "right")}
