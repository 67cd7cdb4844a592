"""The landing page: how the last runs ended, what is open, what needs somebody now. Few, bounded queries."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_q.models import Schedule

from billing.access import visible_to
from billing.admin.cells import time_cell, zone_of
from billing.admin.filters import reader_zone
from billing.models import Organization, Payment, ProviderRecord
from billing.wording import count_text
from reconciliation.models import ReconciliationRun
from reconciliation.models.runs import COMPARISONS
from reconciliation.queues import open_figures
from reconciliation.trends import DAY, DAYS, ENDED, daily_rates, knows_what_is_usual
from reconciliation.wording import percent_text

from .labels import run_status_cell
from .log_check import log_lines
from .run_page import duration_text, period_text
from .run_progress import UNDER_WAY, span_text
from .today_figures import ages, amounts, cause_rows, clock, mine, open_table, rate_chart, run_rates, spike_rows

LATE = timedelta(hours=26)
ORGANIZATIONS_SHOWN = 50


def newest(organizations: list[int], runs: QuerySet[ReconciliationRun]) -> list[ReconciliationRun]:
    """The first of `runs`, in their order, of each organization and comparison."""
    firsts = {
        f"last_{comparison}": Subquery(runs.filter(organization=OuterRef("pk"), comparison=comparison).values("pk")[:1])
        for comparison, _name in COMPARISONS
    }
    rows = Organization.objects.filter(pk__in=organizations).order_by("pk").annotate(**firsts).values_list(*firsts)
    ids = {pk for row in rows[:ORGANIZATIONS_SHOWN] for pk in row if pk is not None}
    found = ReconciliationRun.objects.filter(pk__in=ids).select_related("organization")
    return list(found.defer("report_markdown", "tally").order_by("organization__name", "comparison"))


def last_runs(organizations: list[int]) -> list[ReconciliationRun]:
    """The newest run of each organization and comparison, however it ended."""
    return newest(organizations, ReconciliationRun.objects.order_by("-pk"))


def current_runs(organizations: list[int], now: datetime) -> list[ReconciliationRun]:
    """The run that speaks for each organization and comparison: of the last 28 days that of the newest period."""
    ended = ReconciliationRun.objects.filter(status__in=ENDED, finished_at__gte=now - DAYS * DAY)
    return newest(organizations, ended.order_by("-period_end", "-number"))


def next_due() -> datetime | None:
    """When a planned job of ours is next called; None when nothing is planned."""
    planned = Schedule.objects.filter(func__startswith="reconciliation.").exclude(func="reconciliation.tasks.work_run")
    found: datetime | None = planned.order_by("next_run").values_list("next_run", flat=True).first()
    return found


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
    return {
        "url": reverse("admin:reconciliation_reconciliationrun_change", args=[run.pk]),
        "name": str(run),
        "organization": run.organization.name,
        "comparison": run.get_comparison_display(),
        "status": run_status_cell(run.status),
        "period": period_text(run),
        "matched": percent_text(run.report.get("matched_percent")) if run.report else "–",
        "read": count_text(run.metrics.get("left_read", 0) + run.metrics.get("right_read", 0)) if run.report else "–",
        "ended": time_cell(run.finished_at, zone_of(run)),
        "duration": duration_text(run),
        "warning": warning(run, now),
    }


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
    if any(run.report and any(run.report["items"].values()) for run in runs):
        return []
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
    runs, zone = last_runs(own), reader_zone(request)
    return {
        **context,
        "title": _("Today"),
        "runs": [run_row(run, now) for run in runs],
        "steps": next_steps(own, runs),
        "may_trigger": request.user.has_perm("reconciliation.trigger_run") and bool(own),
        "trigger_url": reverse("admin:reconciliation_reconciliationrun_trigger"),
        "next_due": time_cell(next_due(), zone),
        "as_of": time_cell(now, zone, seconds=True),
        "log_checks": log_lines(request, own, now),
        **(panels(request, own, now, zone) if runs else {}),
    }


def panels(request: HttpRequest, own: list[int], now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """The figures, once there is anything to count."""
    figures, usual = open_figures(own, now), knows_what_is_usual(own, now)
    return {
        "rates": run_rates(current_runs(own, now)),
        "chart": rate_chart(daily_rates(own, now, zone), now, zone),
        "unexplained": amounts(figures.unexplained_minor),
        "at_risk": amounts(figures.at_risk_minor),
        "clock": clock(figures, own, now),
        "open": open_table(figures),
        "ages": ages(figures),
        "mine": mine(request, own, now),
        "causes": cause_rows(own),
        "spikes": spike_rows(own, now, usual=usual),
        "unusual_unknown": not usual,
    }
