"""The report of a run: what was compared, by which rules, and the totals with their control."""

from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

import narwhals as nw
import polars as pl
from django.db.models import Q

from reconciliation.comparisons import COMPARISONS
from reconciliation.core.parameters import Parameters
from reconciliation.core.tally import Tally, Totals, combined, from_rows, record_totals, shifted, tally_of
from reconciliation.engine import lazy
from reconciliation.frames import read
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem, ReconciliationRun
from reconciliation.runs.basis import Basis
from reconciliation.runs.reading import STORED, STORED_COLUMNS, lies_in_period
from reconciliation.runs.working import Work

# Part of the rules: a release that matches or counts differently starts from the whole period, not from an older run.
RULES_VERSION = 2
DISCREPANCY = (
    "type", "severity", "currency", "difference_minor", "unexplained_minor", "left_id", "right_id", "reference",
)  # fmt: skip


def open_discrepancies(run: ReconciliationRun) -> list[dict[str, Any]]:
    """The discrepancies of the run's period that are not resolved."""
    rows = ReconciliationDiscrepancy.objects.filter(
        organization=run.organization, comparison=run.comparison,
        occurred_at__gte=run.period_start, occurred_at__lt=run.period_end,
    )  # fmt: skip
    return list(rows.exclude(status="resolved").values(*DISCREPANCY))


def rules_of(rules: Parameters) -> dict[str, Any]:
    """The rules of a run as stored and reported."""
    return {
        "version": RULES_VERSION,
        "grace_seconds": rules.grace // 1_000_000,
        "match_window_seconds": rules.match_window // 1_000_000,
        "duplicate_window_seconds": rules.duplicate_window // 1_000_000,
        "tolerance_minor": rules.tolerance.minor,
        "tolerance_ppm": rules.tolerance.ppm,
        "compare_refunds": not rules.refunds_left_out,
        **({"refunds_left_out": rules.refunds_left_out} if rules.refunds_left_out else {}),
        **({"fee_terms": [asdict(terms) for terms in rules.fees]} if rules.fees else {}),
    }


def header(run: ReconciliationRun, rules: Parameters) -> dict[str, Any]:
    """What was compared, and by which rules."""
    zone = ZoneInfo(run.organization.timezone)
    told = COMPARISONS[run.comparison].told
    return {
        "organization": run.organization.slug,
        "comparison": run.comparison,
        "period": {
            "start": run.period_start.astimezone(zone).isoformat(),
            "end": run.period_end.astimezone(zone).isoformat(),
            "timezone": run.organization.timezone,
        },
        "rules": rules_of(rules),
        **(told(run.organization, run.period_start, run.period_end) if told else {}),
    }


def within(frame: pl.DataFrame, rules: Parameters) -> nw.LazyFrame[Any]:
    """The rows of a period, not copied before something is made of them."""
    return nw.from_native(frame.lazy().filter(lies_in_period(rules)))


def read_totals(work: Work) -> Totals:
    """Count and amount of all records of the period, from the sides as read and not from the items: the control total.

    A record belongs to the period of its left partner, if it has one, else to its own.
    """
    sides = work.gathered.sides
    return control_totals(work.gathered.found, sides.left, sides.right, work.rules)


def control_totals(items: pl.DataFrame, left: pl.DataFrame, right: pl.DataFrame, rules: Parameters) -> Totals:
    """The control totals of records `left` and `right` that `items` pair."""
    columns = ("occurred_at", "currency", "amount")
    inside = lies_in_period(rules)
    elsewhere = [side.filter(~inside)["id"].implode() for side in (left, right)]
    # Only a pair with a foot outside the period can count in another period than its records' own.
    across = items.filter(
        (pl.col("left_id") > 0)
        & (pl.col("right_id") > 0)
        & (pl.col("left_id").is_in(elsewhere[0]) | pl.col("right_id").is_in(elsewhere[1]))
    ).select("left_id", "right_id")
    if not across.is_empty():
        owners = left.filter(pl.col("id").is_in(across["left_id"].implode())).select(
            left_id="id", owner_time="occurred_at"
        )
        owners = owners.join(across, on="left_id").select(id="right_id", owner_time="owner_time")
        right = right.select("id", *columns).join(owners, on="id", how="left")
        right = right.with_columns(occurred_at=pl.coalesce("owner_time", "occurred_at"))
    result: Totals = {}
    for side, frame in (("left", left.select(columns)), ("right", right)):
        grouped = frame.lazy().filter(inside).group_by("currency")
        for row in grouped.agg(count=pl.len(), amount_minor=pl.col("amount").sum()).collect().iter_rows(named=True):
            result.setdefault(row["currency"], {})[side] = {"count": row["count"], "amount_minor": row["amount_minor"]}
    return result


def figures(run: ReconciliationRun, number: int, work: Work) -> tuple[Tally, Totals]:
    """The tally of the period's items once `work` is written, and the control totals."""
    rules = work.rules
    if work.basis is None:
        return tally_of(within(work.gathered.found, rules)), read_totals(work)
    if work.is_nothing:
        return as_of_now(run, number, work.basis)
    closed = work.gathered.stored.join(work.to_close, on="item_id", how="semi")
    base, base_read = as_of_now(run, number, work.basis)
    tally = combined(added=[base, tally_of(within(work.to_open, rules))], removed=[tally_of(within(closed, rules))])
    before = record_totals(tally_of(within(work.gathered.stored, rules)))
    return tally, shifted(base_read, added=read_totals(work), removed=before)


def as_of_now(run: ReconciliationRun, number: int, basis: Basis) -> tuple[Tally, Totals]:
    """The figures of the run built on, brought forward over what runs of other periods wrote since."""
    base = from_rows(basis.run.tally)
    base_read: Totals = {code: cell["read"] for code, cell in (basis.run.report or {}).get("totals", {}).items()}
    first = basis.run.number or 0
    if number == first + 1:
        return base, base_read
    others = ReconciliationRun.objects.filter(
        organization=run.organization, comparison=run.comparison, number__gt=first, number__lt=number
    )
    if not any(
        metrics.get("items_opened") or metrics.get("items_closed")
        for metrics in others.values_list("metrics", flat=True)
    ):
        return base, base_read
    items = ReconciliationItem.objects.filter(
        organization=run.organization, comparison=run.comparison,
        occurred_at__gte=run.period_start, occurred_at__lt=run.period_end,
    )  # fmt: skip
    opened = tally_of(lazy(read(items.filter(opened_run__gt=first, closed_run=None), STORED_COLUMNS, STORED)))
    ended = items.filter(Q(opened_run__lte=first), closed_run__gt=first)
    closed = tally_of(lazy(read(ended, STORED_COLUMNS, STORED)))
    forward = shifted(base_read, added=record_totals(opened), removed=record_totals(closed))
    return combined(added=[base, opened], removed=[closed]), forward
