"""The landing page: how the last runs ended, what is open, what needs somebody now. Few, bounded queries."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, OuterRef, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.access import visible_to
from billing.admin.cells import amount_cell, time_cell, zone_of
from billing.models import Organization, Payment, ProviderRecord
from billing.wording import count_text
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationRun
from reconciliation.models.runs import COMPARISONS
from reconciliation.sentences import type_name
from reconciliation.wording import percent_text

from .labels import run_status_cell, severity_cell
from .run_page import duration_text, period_text
from .run_progress import UNDER_WAY, span_text

LATE = timedelta(hours=26)
ORGANIZATIONS_SHOWN = 50
MOST_COUNTED = 10_000
DISCREPANCIES = "admin:reconciliation_reconciliationdiscrepancy_changelist"
SEVERITIES = ("major", "minor", "none")


def last_runs(organizations: list[int]) -> list[ReconciliationRun]:
    """The newest run of each organization and comparison."""
    ids: set[int] = set()
    for comparison, _name in COMPARISONS:
        newest = ReconciliationRun.objects.filter(organization=OuterRef("pk"), comparison=comparison).order_by("-pk")
        rows = Organization.objects.filter(pk__in=organizations).annotate(last=Subquery(newest.values("pk")[:1]))
        ids.update(rows.filter(last__isnull=False).order_by("pk").values_list("last", flat=True)[:ORGANIZATIONS_SHOWN])
    runs = ReconciliationRun.objects.filter(pk__in=ids).select_related("organization").defer("report_markdown")
    return list(runs.order_by("organization__name", "comparison"))


def warning(run: ReconciliationRun, now: datetime) -> str:
    """What needs somebody: a failed, late or empty run."""
    age = now - (run.finished_at or run.created_at)
    if run.status == "error":
        return _("It failed; open it to see why, then run again.")
    if run.status not in UNDER_WAY and age > LATE:
        return _("Last compared %(time)s ago. Is the daily run still scheduled?") % {"time": span_text(age)}
    if run.report and not any(run.report["items"].values()):
        return _("It compared nothing. Were payments and provider records imported for this period?")
    return ""


def run_row(run: ReconciliationRun, now: datetime) -> dict[str, Any]:
    """A run as a line of the table."""
    mismatch = (run.report or {}).get("mismatch", {})
    return {
        "url": reverse("admin:reconciliation_reconciliationrun_change", args=[run.pk]),
        "name": str(run),
        "organization": run.organization.name,
        "comparison": run.get_comparison_display(),
        "status": run_status_cell(run.status),
        "period": period_text(run),
        "matched": percent_text(run.report.get("matched_percent")) if run.report else "–",
        "unexplained": [amount_cell(cell["unexplained_minor"], code) for code, cell in mismatch.items()],
        "ended": time_cell(run.finished_at, zone_of(run)),
        "duration": duration_text(run),
        "warning": warning(run, now),
    }


def open_by_type(organizations: list[int]) -> dict[str, Any]:
    """Unresolved discrepancies by type and severity, at most 10,000 of them counted."""
    rows = ReconciliationDiscrepancy.objects.filter(
        organization__in=organizations, status__in=["open", "acknowledged", "pending_approval"]
    ).order_by()
    some = rows.values("pk")[: MOST_COUNTED + 1]
    counted = (
        ReconciliationDiscrepancy.objects.filter(pk__in=some)
        .order_by()
        .values_list("type", "severity")
        .annotate(n=Count("pk"))
    )
    table: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(SEVERITIES, 0))
    for type_, severity, count in counted:
        table[type_][severity] = count
    shown = [name for name in SEVERITIES if any(cells[name] for cells in table.values())]
    total = sum(sum(cells.values()) for cells in table.values())
    return {
        "severities": [severity_cell(name) for name in shown],
        "rows": [
            {"name": type_name(type_), "cells": [cell(type_, name, cells[name]) for name in shown]}
            for type_, cells in sorted(table.items(), key=lambda pair: -sum(pair[1].values()))
        ],
        "total": f"{count_text(MOST_COUNTED)}+" if total > MOST_COUNTED else count_text(total),
        "any": bool(total),
        "url": reverse(DISCREPANCIES),
    }


def cell(type_: str, severity: str, count: int) -> dict[str, Any]:
    """A count that opens exactly the rows it counts."""
    query = urlencode({"type": type_, "severity": severity})
    return {"count": count_text(count) if count else "", "url": f"{reverse(DISCREPANCIES)}?{query}"}


def next_steps(organizations: list[int], runs: list[ReconciliationRun]) -> list[tuple[str, str]]:
    """What to do in an installation that has nothing to show yet: text and command."""
    if not organizations:
        return [
            (
                _("Create an organization, or ask an owner to make you a member of one:"),
                "manage.py create_organization acme --name Acme --timezone Europe/Paris --currency EUR",
            ),
            (_("Or look at Tieout with sample data:"), "make demo"),
        ]
    steps = []
    if not Payment.objects.filter(organization__in=organizations).exists():
        steps.append((_("Import your payments:"), "manage.py import_payments FILE.csv --organization SLUG"))
    if not ProviderRecord.objects.filter(organization__in=organizations).exists():
        steps.append((_("Import the provider's records:"), "manage.py import_objects FILE.json --organization SLUG"))
    if not runs:
        steps.append(
            (_("Reconcile a period, here or with:"), "manage.py reconcile --organization SLUG --from DATE --to DATE")
        )
    return steps


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Everything the landing page shows, for the user's own organizations."""
    own = visible_to(request)
    now = timezone.now()
    if not request.user.has_perm("reconciliation.view_reconciliationrun"):
        return {**context, "title": _("Today"), "no_role": True}
    runs = last_runs(own)
    return {
        **context,
        "title": _("Today"),
        "runs": [run_row(run, now) for run in runs],
        "open": open_by_type(own),
        "steps": next_steps(own, runs),
        "may_trigger": request.user.has_perm("reconciliation.trigger_run") and bool(own),
        "trigger_url": reverse("admin:reconciliation_reconciliationrun_trigger"),
        "as_of": now,
    }
