"""The report of a run: what was compared, by which rules, and the totals with their control."""

from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from reconciliation.core import report as reports
from reconciliation.core.parameters import Parameters
from reconciliation.engine import lazy
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationRun
from reconciliation.working import Work


def open_discrepancies(run: ReconciliationRun) -> list[ReconciliationDiscrepancy]:
    """The stored discrepancies of the run's period that are not resolved."""
    return list(
        ReconciliationDiscrepancy.objects.filter(
            organization=run.organization, comparison=run.comparison,
            occurred_at__gte=run.period_start, occurred_at__lt=run.period_end,
        ).exclude(status="resolved")
    )  # fmt: skip


def build_report(run: ReconciliationRun, work: Work, discrepancies: list[ReconciliationDiscrepancy]) -> dict[str, Any]:
    """The report body of the run's period."""
    period = (pl.col("occurred_at") >= work.rules.start) & (pl.col("occurred_at") < work.rules.end)
    items = work.gathered.found.filter(period)
    names = ("type", "severity", "currency", "difference_minor", "unexplained_minor", "left_id", "right_id")
    inside = [
        {name: getattr(row, name) for name in names}
        for row in discrepancies
        if row.status != "resolved" and run.period_start <= row.occurred_at < run.period_end
    ]
    return reports.body(
        header=header(run, work.rules), items=lazy(items), read=read_totals(work), discrepancies=inside
    )  # fmt: skip


def header(run: ReconciliationRun, rules: Parameters) -> dict[str, Any]:
    """What was compared, and by which rules."""
    zone = ZoneInfo(run.organization.timezone)
    return {
        "organization": run.organization.slug,
        "comparison": run.comparison,
        "period": {
            "start": run.period_start.astimezone(zone).isoformat(),
            "end": run.period_end.astimezone(zone).isoformat(),
            "timezone": run.organization.timezone,
        },
        "rules": {
            "grace_seconds": rules.grace // 1_000_000,
            "match_window_seconds": rules.match_window // 1_000_000,
            "duplicate_window_seconds": rules.duplicate_window // 1_000_000,
            "tolerance_minor": rules.tolerance.minor,
            "tolerance_ppm": rules.tolerance.ppm,
            "compare_refunds": rules.compare_refunds,
        },
    }


def read_totals(work: Work) -> dict[str, dict[str, dict[str, int]]]:
    """Count and amount of all records of the period, taken from the sides as read and not from the items: the control
    total.

    A record belongs to the period of its left partner, if it has one, else to its own.
    """
    found = work.gathered.found
    pairs = found.filter((pl.col("left_id") > 0) & (pl.col("right_id") > 0)).select("left_id", "right_id")
    left_times = work.gathered.sides.left.select(left_id="id", owner_time="occurred_at")
    owners = pairs.join(left_times, on="left_id").select(id="right_id", owner_time="owner_time")
    right = work.gathered.sides.right.join(owners, on="id", how="left")
    right = right.with_columns(occurred_at=pl.coalesce("owner_time", "occurred_at"))
    result: dict[str, dict[str, dict[str, int]]] = {}
    for side, frame in (("left", work.gathered.sides.left), ("right", right)):
        inside = frame.filter((pl.col("occurred_at") >= work.rules.start) & (pl.col("occurred_at") < work.rules.end))
        for row in (
            inside.group_by("currency").agg(count=pl.len(), amount_minor=pl.col("amount").sum()).iter_rows(named=True)
        ):
            result.setdefault(row["currency"], {})[side] = {"count": row["count"], "amount_minor": row["amount_minor"]}
    return result
