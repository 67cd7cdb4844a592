"""The panels of the landing page. Every figure comes with the address of exactly what it counts."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.admin.cells import amount_cell
from billing.wording import count_text, decimal_text
from reconciliation.causes import top_causes
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationRun
from reconciliation.models.runs import COMPARISONS
from reconciliation.queues import OpenFigures, summed, totals
from reconciliation.sentences import type_name
from reconciliation.trends import BY_COUNT, DAY, DAYS, Rates, answerable, answered, opened, rates_of, spikes
from reconciliation.wording import percent_text

from .cause_words import cause_name
from .charts import MOST_LINES, Line, bar, key, percent_lines
from .labels import severity_cell
from .queue_filters import AGES as AGE_WORDS
from .run_progress import span_text
from .today_filters import SIGNS, to_sign

DISCREPANCIES = "admin:reconciliation_reconciliationdiscrepancy_changelist"
SEVERITIES = ("major", "minor", "none")
MOST_RATES = 3


def listed(**query: str) -> str:
    """The address of the discrepancies with these filters."""
    return f"{reverse(DISCREPANCIES)}?{urlencode(query)}" if query else reverse(DISCREPANCIES)


def run_rates(runs: Sequence[ReconciliationRun]) -> dict[str, Any]:
    """Match rates of runs, the worst first; each opens the run it is from."""
    rows: list[dict[str, Any]] = []
    for run in runs:
        rates = rates_of(run.report or {"totals": {}})
        url = reverse("admin:reconciliation_reconciliationrun_change", args=[run.pk])
        rows.append(
            {
                "organization": run.organization.name,
                "comparison": run.get_comparison_display(),
                "run": str(run),
                "url": url,
                "percent": percent_text(rates[BY_COUNT].percent),
                "of": _("%(matched)s of %(all)s records")
                % {"matched": count_text(rates[BY_COUNT].matched), "all": count_text(rates[BY_COUNT].base)},
                "worst": Decimal(rates[BY_COUNT].percent or 101),
                "currencies": [
                    {"code": code, "percent": percent_text(rate.percent), "url": f"{url}#totals-{code}"}
                    for code, rate in rates.items()
                    if code != BY_COUNT
                ],
            }
        )
    rows.sort(key=lambda row: row["worst"])
    return {"rows": rows[:MOST_RATES], "more": max(0, len(rows) - MOST_RATES)}


def rate_chart(daily: dict[tuple[str, date], Rates], now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """The lines of 28 days: by count for each comparison, and by amount for the currencies that are used most."""
    today = now.astimezone(zone).date()
    days = [today - back * DAY for back in reversed(range(DAYS))]
    weights: dict[tuple[str, str], int] = defaultdict(int)
    for (comparison, _day), rates in daily.items():
        for measure, rate in rates.items():
            weights[comparison, measure] += rate.records
    names = dict(COMPARISONS)
    chosen = sorted(weights, key=lambda one: (-weights[one], one))[:MOST_LINES]
    several = len({comparison for comparison, _measure in weights}) > 1
    lines = []
    for comparison, measure in chosen:
        words = _("by count") if measure == BY_COUNT else _("by amount, %s") % measure
        name = f"{names.get(comparison, comparison)} {words}" if several else words
        percents = [daily.get((comparison, day), {}).get(measure) for day in days]
        lines.append(Line(name, [Decimal(one.percent) if one and one.percent else None for one in percents]))
    rows = [
        (
            day.isoformat(),
            [percent_text(str(line.values[at])) if line.values[at] is not None else "–" for line in lines],
        )
        for at, day in enumerate(days)
        if any(line.values[at] is not None for line in lines)
    ]
    return {
        "any": bool(rows),
        "svg": percent_lines(lines, days[0].isoformat(), days[-1].isoformat()) if len(rows) > 1 else "",
        "key": key(lines),
        "head": [line.name for line in lines],
        "rows": list(reversed(rows)),
    }


def amounts(by_currency: dict[str, int]) -> list[dict[str, Any]]:
    """Sums of open discrepancies, each opening those in its currency."""
    return [
        {"amount": amount_cell(amount, code), "zero": not amount, "url": listed(currency=code)}
        for code, amount in sorted(by_currency.items())
    ]


def open_table(figures: OpenFigures) -> dict[str, Any]:
    """Open by type and severity, as bars and as the table of the same figures."""
    table: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(SEVERITIES, 0))
    for (type_, severity), count in figures.by_type.items():
        table[type_][severity] = count
    shown = [name for name in SEVERITIES if any(cells[name] for cells in table.values())]
    most = max((sum(cells.values()) for cells in table.values()), default=0)
    ordered = sorted(table.items(), key=lambda pair: (-sum(pair[1].values()), pair[0]))
    return {
        "severities": [severity_cell(name) for name in shown],
        "rows": [
            {
                "name": type_name(type_),
                "bar": bar([(name, cells[name]) for name in shown], most),
                "cells": [figure(cells[name], type=type_, severity=name) for name in shown],
                "all": figure(sum(cells.values()), type=type_),
            }
            for type_, cells in ordered
        ],
        "total": count_text(figures.total),
        "any": bool(figures.total),
        "url": listed(),
    }


def figure(count: int, **query: str) -> dict[str, str]:
    """A count and the address of what it counts."""
    return {"count": count_text(count) if count else "", "url": listed(**query)}


def ages(figures: OpenFigures) -> list[dict[str, Any]]:
    """Open by the time since they last came into the queue."""
    most = max(figures.ages.values(), default=0)
    return [
        {
            "name": AGE_WORDS[name],
            "count": count_text(count),
            "bar": bar([("age", count)], most),
            "url": listed(shown=f"age_{name}") if count else "",
        }
        for name, count in figures.ages.items()
    ]


def clock(figures: OpenFigures, own: list[int], now: datetime) -> dict[str, Any]:
    """What is late, what will be, and how soon people take things up."""
    rows = opened(own)
    asked = answerable(rows, now).count()
    taken = answered(rows, own, now).count() if asked else 0
    return {
        "overdue": {"count": count_text(figures.overdue), "url": listed(shown="overdue"), "zero": not figures.overdue},
        "soon": {"count": count_text(figures.due_in_a_day), "url": listed(shown="soon")},
        "asked": {"count": count_text(asked), "url": listed(shown="answerable", status="all"), "any": bool(asked)},
        "taken": {"count": count_text(taken), "url": listed(shown="answered", status="all")},
        "percent": percent_text(f"{taken * 100 // asked}") if asked else "–",
    }


def mine(request: HttpRequest, own: list[int], now: datetime) -> dict[str, Any]:
    """What waits for this person."""
    groups = summed(totals(own).filter(assigned_to_id=request.user.pk), "queued_at")
    waiting = sum(row["count"] for row in groups)
    signs = request.user.has_perm(SIGNS)
    unsigned = ReconciliationDiscrepancy.objects.filter(to_sign(request), organization__in=own)
    return {
        "assigned": {"count": count_text(waiting), "url": listed(shown="mine")},
        "oldest": span_text(now - groups[0]["queued_at"]) if groups else "",
        "signs": signs,
        "to_sign": {"count": count_text(unsigned.order_by().count() if signs else 0), "url": listed(shown="sign")},
    }


def spike_rows(own: list[int], now: datetime, *, usual: bool) -> list[dict[str, Any]]:
    """Types that came in more often than usual; none while nobody knows what is `usual`."""
    return [
        {
            "name": type_name(spike.type),
            "count": count_text(spike.opened),
            "url": listed(shown="new", type=spike.type, status="all"),
            "usual": _("usually %(mean)s a day, at most %(limit)s")
            % {"mean": decimal_text(spike.mean, 1), "limit": decimal_text(spike.limit, 1)},
        }
        for spike in spikes(own, now, usual=usual)
    ]


def cause_rows(own: list[int]) -> list[dict[str, Any]]:
    """The five causes with most open discrepancies."""
    page = "admin:reconciliation_cause_change"
    return [
        {
            "name": cause_name(cause),
            "page": reverse(page, args=[cause.pk]),
            "count": count_text(told.count),
            "url": listed(cause=str(cause.pk)),
            "values": [amount_cell(value, code) for code, value in sorted(told.value_minor.items())],
        }
        for cause, told in top_causes(own)
    ]
