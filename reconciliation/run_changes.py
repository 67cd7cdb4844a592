"""What changed between two runs of an organization and comparison, within a period (requirement F13)."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from reconciliation.core.schema import OUTCOMES
from reconciliation.models import (
    ReconciliationActionLog,
    ReconciliationDiscrepancy,
    ReconciliationItem,
    ReconciliationRun,
)

ENDED = ("ok", "break")
ACTIONS = ("opened", "reopened", "changed", "cleared")
"""What a run does to discrepancies, by the names of the action log."""
ITEM_CHANGES = ("opened", "closed")
MOST_OFFERED = 50


@dataclass(frozen=True)
class Span:
    """From the state an earlier run left to the one a later run left, over the period of `page`.

    `earlier` and `later` are of one organization and comparison, in the order of their numbers.
    """

    earlier: ReconciliationRun
    later: ReconciliationRun
    page: ReconciliationRun

    @property
    def code(self) -> str:
        """The span as an address names it: ids of the earlier and the later run, and of the one with the period."""
        return f"{self.earlier.pk}-{self.later.pk}-{self.page.pk}"


def span_of(one: ReconciliationRun, other: ReconciliationRun, page: ReconciliationRun) -> Span:
    """The span between two runs, in their order."""
    first, last = sorted((one, other), key=lambda run: run.number or 0)
    return Span(first, last, page)


def comparable(run: ReconciliationRun) -> QuerySet[ReconciliationRun]:
    """The other finished runs of the same organization and comparison, newest first, without their texts."""
    rows = ReconciliationRun.objects.filter(
        organization=run.organization_id, comparison=run.comparison, status__in=ENDED, number__isnull=False
    )
    return rows.exclude(pk=run.pk).defer("report_markdown", "tally").order_by("-number")


def previous(run: ReconciliationRun) -> ReconciliationRun | None:
    """The last finished run before this one: of the same period if there is one, else of any."""
    earlier = comparable(run).filter(number__lt=run.number or 0)
    same = earlier.filter(period_start=run.period_start, period_end=run.period_end)
    return same.first() or earlier.first()


def in_period(rows: QuerySet[Any], run: ReconciliationRun) -> QuerySet[Any]:
    """The items or discrepancies of a run's organization, comparison and period."""
    return rows.filter(
        organization=run.organization_id, comparison=run.comparison,
        occurred_at__gte=run.period_start, occurred_at__lt=run.period_end,
    )  # fmt: skip


def changed_items(rows: QuerySet[ReconciliationItem], span: Span, change: str) -> QuerySet[ReconciliationItem]:
    """The items opened within the span that its end still had, or those its beginning had and that were closed."""
    first, last = span.earlier.number or 0, span.later.number or 0
    rows = in_period(rows, span.page)
    if change == "opened":
        still = Q(closed_run__isnull=True) | Q(closed_run__gt=last)
        return rows.filter(still, opened_run__gt=first, opened_run__lte=last)
    return rows.filter(opened_run__lte=first, closed_run__gt=first, closed_run__lte=last)


def changed_discrepancies(
    rows: QuerySet[ReconciliationDiscrepancy], span: Span, action: str
) -> QuerySet[ReconciliationDiscrepancy]:
    """The discrepancies to which a run within the span did `action`, by the action log."""
    runs = between(span).values("pk")
    told = ReconciliationActionLog.objects.filter(
        organization=span.page.organization_id, run__in=runs, action=action, discrepancy__isnull=False
    )
    return in_period(rows, span.page).filter(pk__in=told.values("discrepancy"))


def between(span: Span) -> QuerySet[ReconciliationRun]:
    """The runs after the earlier one up to the later one."""
    return ReconciliationRun.objects.filter(
        organization=span.page.organization_id, comparison=span.page.comparison,
        number__gt=span.earlier.number or 0, number__lte=span.later.number or 0,
    )  # fmt: skip


def wrote_items(span: Span) -> bool:
    """Whether any run of the span opened or closed an item."""
    return any(
        metrics.get("items_opened") or metrics.get("items_closed")
        for metrics in between(span).order_by().values_list("metrics", flat=True)
    )


def item_counts(span: Span) -> dict[str, dict[str, int]]:
    """Items opened and closed by outcome; every outcome that has any."""
    if not wrote_items(span):
        return {}
    found: dict[str, dict[str, int]] = {}
    for change in ITEM_CHANGES:
        rows = changed_items(ReconciliationItem.objects.all(), span, change).order_by()
        for outcome, count in rows.values_list("outcome").annotate(n=Count("pk")):
            found.setdefault(outcome, dict.fromkeys(ITEM_CHANGES, 0))[change] = count
    return {outcome: found[outcome] for outcome in OUTCOMES if outcome in found}


def discrepancy_counts(span: Span) -> dict[str, int]:
    """How many discrepancies runs opened, reopened, changed and cleared; one changed twice counts once in each."""
    rows = ReconciliationDiscrepancy.objects.all()
    return {action: changed_discrepancies(rows, span, action).order_by().count() for action in ACTIONS}


def shifts(span: Span) -> list[tuple[str, str, str, int, int]]:
    """Currency, side, measure (count or amount_minor) of all records read, then and now, where they differ.

    Only for runs of one period: totals of different periods differ by nature.
    """
    before, after = (run.report or {} for run in (span.earlier, span.later))
    if before.get("period") != after.get("period"):
        return []
    found = []
    for currency in sorted({*before.get("totals", {}), *after.get("totals", {})}):
        for side in ("left", "right"):
            then, now = (
                report.get("totals", {}).get(currency, {}).get("read", {}).get(side, {}) for report in (before, after)
            )
            for measure in ("count", "amount_minor"):
                old, new = then.get(measure, 0), now.get(measure, 0)
                if old != new:
                    found.append((currency, side, measure, old, new))
    return found
