"""What stands above the queue of discrepancies: tabs with their numbers, what matches, when it was compared; and the
order of its rows.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.access import visible_to
from billing.admin import cells
from billing.admin.cells import amount_cell, time_cell, zone_of
from billing.admin.keyset import Segment, Walk
from billing.admin.search import row_number
from billing.wording import count_text
from reconciliation import queues
from reconciliation.models import OpenTotal, ReconciliationDiscrepancy, ReconciliationRun
from reconciliation.models.open_totals import GROUP

from .queue_filters import asked, moment, open_only
from .run_progress import span_text
from .today import LATE

SEVERITIES = ("major", "minor", "none")
MOST_COUNTED = 1_000
AT_ONCE = 1_000


def segments(request: HttpRequest) -> list[Segment]:
    """Overdue first, then by severity, then what is due soonest; what is resolved too: newest first."""
    if not open_only(request):
        return [Segment(Q(), ("-pk",))]
    now = moment(request)
    return [
        Segment(condition_of(severity, late, now), ("due_at", "pk"), partial(stands_in, severity, late, now))
        for late in (True, False)
        for severity in SEVERITIES
    ]


def condition_of(severity: str, late: bool, now: datetime) -> Q:
    """Of a severity, overdue or not."""
    return Q(severity=severity, **({"due_at__lte": now} if late else {"due_at__gt": now}))


def stands_in(severity: str, late: bool, now: datetime, row: ReconciliationDiscrepancy) -> bool:
    """Whether a row is of a severity, overdue or not."""
    return bool(row.severity == severity and (row.due_at <= now) == late)


def walk(request: HttpRequest, changelist: Any) -> Walk:
    """How the queue is read: segment by segment where much matches, at once where little does or nobody knows."""
    parts = segments(request)
    if not open_only(request):
        return Walk(parts)
    figures = figures_of(request, changelist)
    if not figures.known:
        return Walk(parts, at_once=True)
    empty = frozenset(number for number in range(len(parts)) if not figures.counts[f"part_{number}"])
    return Walk(parts, empty, at_once=figures.match <= AT_ONCE)


@dataclass(frozen=True)
class Figures:
    """Numbers for a page of the queue, all read from the totals at once. `known`: whether totals tell what matches;
    `counts`: by tab, and by segment under the filter; `matching`: count, compared and difference_minor by currency.
    """

    known: bool
    counts: dict[str, int]
    matching: dict[str, dict[str, int]]

    @property
    def match(self) -> int:
        """How many rows match."""
        return sum(row["count"] for row in self.matching.values())


def figures_of(request: HttpRequest, changelist: Any) -> Figures:
    """The figures, once a request."""
    found: Figures | None = request.META.get("tieout.queue_figures")
    if found is None:
        found = request.META["tieout.queue_figures"] = read_figures(request, changelist)
    return found


def read_figures(request: HttpRequest, changelist: Any) -> Figures:
    """One query: sums over the totals by currency, under the conditions of tabs, segments and filters."""
    rows = queues.totals(visible_to(request))
    here = Q() if chosen(request) is None else Q(organization=chosen(request))
    known = grouped(changelist) and open_only(request)
    fits = filters_of(request, changelist, rows) if known else Q(pk__in=[])
    conditions = {queue.name: queue.condition(asked(request)) & here for queue in queues.QUEUES}
    if known:
        conditions |= {f"part_{n}": part.condition & fits for n, part in enumerate(segments(request))}
    sums = {f"of_{name}": Sum("count", filter=condition) for name, condition in conditions.items()}
    matching = {f"sum_{name}": Sum(name, filter=fits) for name in ("count", "compared", "difference_minor")}
    found = rows.values("currency").annotate(**sums, **matching).order_by("currency")
    by_currency: list[dict[str, Any]] = [dict(row) for row in found]
    return Figures(
        known,
        {name: sum(row[f"of_{name}"] or 0 for row in by_currency) for name in conditions},
        {
            row["currency"]: {name: row[f"sum_{name}"] for name in ("count", "compared", "difference_minor")}
            for row in by_currency
            if row["sum_count"]
        },
    )


def filters_of(request: HttpRequest, changelist: Any, rows: QuerySet[OpenTotal]) -> Q:
    """The filters of the list as a condition on totals; a queue alone, which is most often asked for, as it is."""
    active = [spec for spec in changelist.filter_specs if any(spec.used_parameters.values())]
    if not active:
        return Q()
    if len(active) == 1 and request.GET.get("queue") in queues.BY_NAME:
        return queues.BY_NAME[request.GET["queue"]].condition(asked(request))
    for spec in changelist.filter_specs:
        rows = spec.queryset(request, rows)
    return Q(pk__in=rows.values("pk"))


def grouped(changelist: Any) -> bool:
    """Whether every filter in force asks only for columns of the totals."""
    if changelist.query:
        return False
    active = [spec for spec in changelist.filter_specs if any(spec.used_parameters.values())]
    return all(getattr(spec, "grouped", False) or getattr(spec, "path", "") in GROUP for spec in active)


def chosen(request: HttpRequest) -> int | None:
    """The organization that is chosen; 0 for an address that names none."""
    text = request.GET.get("organization", "")
    return (row_number(text) or 0) if text else None


def list_top(request: HttpRequest, changelist: Any) -> dict[str, Any]:
    """Tabs and lines above the list."""
    figures = figures_of(request, changelist)
    if not set(changelist.get_filters_params()) - {"queue"} and not changelist.query:
        changelist.empty_words = empty_words(figures, request.GET.get("queue") or "all")
    return {
        "tabs": tabs(request, changelist, figures),
        "matching": matching(changelist, figures),
        "compared": compared(request),
    }


def empty_words(figures: Figures, queue: str) -> tuple[str, str]:
    """What an empty queue means and where there is something to do; never "all clear"."""
    number = {name: count_text(count) for name, count in figures.counts.items()}
    return {
        "mine": (_("Nothing is assigned to you"), _("%(number)s are unassigned.") % {"number": number["unassigned"]}),
        "unassigned": (_("Nothing is unassigned"), _("%(number)s are open in all.") % {"number": number["all"]}),
        "overdue": (_("Nothing overdue"), _("%(number)s are due today.") % {"number": number["today"]}),
        "today": (_("Nothing more is due today"), _("%(number)s are overdue.") % {"number": number["overdue"]}),
        "ambiguous": (_("Nothing waits for a choice"), _("%(number)s are open in all.") % {"number": number["all"]}),
        "approval": (_("Nothing waits for approval"), _("%(number)s are open in all.") % {"number": number["all"]}),
        "all": (_("Nothing is open"), _("That holds for the periods that runs have compared so far.")),
    }.get(queue, ("", ""))


def tabs(request: HttpRequest, changelist: Any, figures: Figures) -> list[dict[str, Any]]:
    """The queues, each with its number under the organization that is chosen; a tab drops the other filters."""
    here = request.GET.get("queue") or "all"
    plain = set(changelist.get_filters_params()) <= {"queue", "organization"} and not changelist.query
    others = [name for name in changelist.filter_params if name not in ("queue", "organization")]
    return [
        {
            "name": queue.name,
            "title": queue.title,
            "count": count_text(figures.counts[queue.name]),
            "empty": not figures.counts[queue.name],
            "here": plain and queue.name == here,
            "url": changelist.get_query_string(
                {"queue": None if queue.name == "all" else queue.name}, remove=[*others, "q"]
            ),
        }
        for queue in queues.QUEUES
    ]


def matching(changelist: Any, figures: Figures) -> dict[str, Any]:
    """How many rows match and what they differ by, per currency: from the totals, else counted up to 1,000."""
    if figures.known:
        sums = {code: row["difference_minor"] for code, row in figures.matching.items() if row["compared"]}
        return told(figures.match, sums, more=False)
    values = list(changelist.queryset.order_by().values_list("currency", "difference_minor")[: MOST_COUNTED + 1])
    known: dict[str, int] = {}
    for currency, difference in values:
        if difference is not None:
            known[currency] = known.get(currency, 0) + abs(difference)
    more = len(values) > MOST_COUNTED
    return told(min(len(values), MOST_COUNTED), {} if more else known, more=more)


def told(count: int, sums: dict[str, int], *, more: bool) -> dict[str, Any]:
    """The number and the sums as the page says them."""
    number = f"{count_text(count)}+" if more else count_text(count)
    text = ngettext("%(number)s matches", "%(number)s match", 2 if more else count) % {"number": number}
    return {"count": text, "sums": [amount_cell(minor, currency) for currency, minor in sorted(sums.items())]}


def compared(request: HttpRequest) -> Any:
    """When the rows were last compared, and by which run; loud when that is long ago."""
    runs = ReconciliationRun.objects.filter(organization__in=visible_to(request), status__in=["ok", "break"])
    if chosen(request) is not None:
        runs = runs.filter(organization=chosen(request))
    run = runs.order_by("-pk").select_related("organization").defer("report", "report_markdown", "tally").first()
    if run is None or run.finished_at is None:
        return ""
    link = cells.link("reconciliation_reconciliationrun", run.pk, str(run))
    age = moment(request) - run.finished_at
    if age > LATE:
        text = _("Last compared %(time)s ago, run") % {"time": span_text(age)}
        return format_html('<span class="late">▲ {} {}</span>', text, link)
    return format_html("{} {}, {} {}", _("Compared"), time_cell(run.finished_at, zone_of(run)), _("run"), link)
