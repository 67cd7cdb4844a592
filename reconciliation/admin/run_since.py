"""What changed since another run, as a part of a run's page: every figure opens the rows it counts."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from billing.admin.cells import amount_cell
from billing.admin.search import row_number
from billing.wording import count_text
from reconciliation.models import ReconciliationRun
from reconciliation.run_changes import (
    MOST_OFFERED,
    Span,
    comparable,
    discrepancy_counts,
    item_counts,
    previous,
    shifts,
    span_of,
)
from reconciliation.wording import outcome_word

from .log_words import action_words
from .run_page import DISCREPANCIES, ITEMS, period_text
from .run_progress import span_text


def figure(view: str, count: int, **query: str) -> dict[str, str]:
    """A count with the address of what it counts; none for nothing."""
    return {"count": count_text(count), "url": f"{reverse(view)}?{urlencode(query)}" if count else ""}


def item_rows(span: Span) -> list[dict[str, Any]]:
    """Items opened and replaced, by outcome."""

    def cell(outcome: str, change: str, count: int) -> dict[str, str]:
        return figure(ITEMS, count, changes=f"{change}.{span.code}", outcome=outcome, versions="all")

    return [
        {"name": outcome_word(outcome), "cells": [cell(outcome, change, count) for change, count in counts.items()]}
        for outcome, counts in item_counts(span).items()
    ]


def discrepancy_rows(span: Span) -> list[dict[str, Any]]:
    """Discrepancies that runs opened, reopened, changed and cleared."""
    return [
        {"name": action_words(action), **figure(DISCREPANCIES, count, changes=f"{action}.{span.code}", status="all")}
        for action, count in discrepancy_counts(span).items()
    ]


def shift_rows(span: Span) -> list[dict[str, Any]]:
    """Totals that differ between the two reports."""
    names = {
        ("left", "count"): _("Count, ours"),
        ("left", "amount_minor"): _("Amount, ours"),
        ("right", "count"): _("Count, provider"),
        ("right", "amount_minor"): _("Amount, provider"),
    }
    rows = []
    for currency, side, measure, then, now in shifts(span):
        counted = measure == "count"
        values = (then, now, now - then)
        rows.append(
            {
                "name": f"{currency}, {names[side, measure]}",
                "then": count_text(then) if counted else amount_cell(then, currency),
                "now": count_text(now) if counted else amount_cell(now, currency),
                "change": count_change(now - then) if counted else amount_cell(values[2], currency, sign=True),
            }
        )
    return rows


def count_change(change: int) -> str:
    """A change of a count with its sign."""
    return f"{'+' if change > 0 else chr(0x2212)}{count_text(abs(change))}"


def offered(run: ReconciliationRun, chosen: ReconciliationRun) -> list[dict[str, Any]]:
    """The runs to choose from, with the period where it is another one."""
    rows = list(comparable(run).select_related("organization")[:MOST_OFFERED])
    if chosen.pk not in {row.pk for row in rows}:
        rows.append(chosen)
    return [{"pk": row.pk, "name": f"{row} · {period_text(row)}", "chosen": row.pk == chosen.pk} for row in rows]


def changes(run: ReconciliationRun, chosen: ReconciliationRun | None) -> dict[str, Any]:
    """What the part of the page shows."""
    if chosen is None:
        return {"run": run, "nothing_to_compare": True}
    span = span_of(chosen, run, run)
    items, discrepancies = item_rows(span), discrepancy_rows(span)
    return {
        "run": run,
        "heading": _("From %(earlier)s to %(later)s") % {"earlier": span.earlier, "later": span.later},
        "offered": offered(run, chosen),
        "items": items,
        "discrepancies": discrepancies if any(row["url"] for row in discrepancies) else [],
        "shifts": shift_rows(span),
        "other_period": (chosen.period_start, chosen.period_end) != (run.period_start, run.period_end),
        "same_digest": bool(run.report_digest) and run.report_digest == chosen.report_digest,
        "days": days_between(span),
    }


def days_between(span: Span) -> str:
    """How far apart the two runs lie."""
    if not span.earlier.started_at or not span.later.started_at:
        return ""
    return _("%(time)s apart") % {"time": span_text(abs(span.later.started_at - span.earlier.started_at))}


class SinceMixin:
    """The address of the part; an admin class gives `own_run`."""

    admin_site: Any

    def own_run(self, request: HttpRequest, run_id: int) -> ReconciliationRun:
        """A run of the user's organizations, whole; 404 for any other."""
        raise NotImplementedError

    def since_urls(self) -> list[URLPattern]:
        """Where the page asks for it."""
        view = self.admin_site.admin_view(self.changes_view)
        return [path("<int:run_id>/changes/", view, name="reconciliation_reconciliationrun_changes")]

    def changes_view(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """What changed since the run `since`, or since the previous one."""
        run = self.own_run(request, run_id)
        asked = row_number(request.GET.get("since", ""))
        chosen = previous(run) if asked is None else comparable(run).filter(pk=asked).first()
        return TemplateResponse(request, "desk/run_changes.html", changes(run, chosen))
