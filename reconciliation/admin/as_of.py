"""The books as they stood at a time: the last reports by then, and every discrepancy where the log says it was."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from billing.admin.cells import amount_cell, time_cell
from billing.admin.search import row_number
from billing.models import Organization
from billing.wording import count_text, time_text
from reconciliation.action_log.past import last_steps, types_at, types_left_by
from reconciliation.core.schema import OUTCOMES
from reconciliation.models import ReconciliationActionLog, ReconciliationDiscrepancy, ReconciliationItem
from reconciliation.models import ReconciliationRun as Run
from reconciliation.models.runs import COMPARISONS
from reconciliation.sentences import type_name
from reconciliation.wording import outcome_word, percent_text

from .as_of_form import asked
from .labels import run_status_cell, severity_cell, status_cell
from .log_check import log_check
from .log_words import action_words, actor_words, change_text, field_words, reason_words, value_words
from .run_page import period_text

SEES = "reconciliation.view_reconciliationrun"
ROWS = 50
FACTS = (
    "status", "severity", "reason_code", "expected", "actual", "difference_minor", "unexplained_minor",
    "resolution_code", "resolution_reason", "closing_rule",
)  # fmt: skip


def shown(request: HttpRequest, template: str, title: str, **more: Any) -> HttpResponse:
    """A page of the desk."""
    request.current_app = admin.site.name
    return TemplateResponse(request, template, {**admin.site.each_context(request), "title": title, **more})


def as_of(request: HttpRequest) -> HttpResponse:
    """Per comparison the last report by then beside the log's own count; then the discrepancies as they stood."""
    if not request.user.has_perm(SEES):
        raise PermissionDenied
    form, organization, at = asked(request)
    if organization is None:
        return shown(request, "desk/as_of.html", _("As it stood"), form=form)
    zone = ZoneInfo(organization.timezone)
    place = urlencode({"organization": str(organization.pk), "at": at.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")})
    return shown(
        request,
        "desk/as_of.html",
        _("As it stood"),
        form=form,
        organization=organization,
        moment=time_text(at, zone),
        now_url=reverse("admin:index"),
        blocks=[block for name, words in COMPARISONS if (block := comparison_block(organization, name, words, at))],
        verify_url=f"{reverse('as_of')}?{place}&verify=1",
        log=log_check(organization) if "verify" in request.GET else None,
        **discrepancy_rows(request, organization, at, place),
    )


def comparison_block(organization: Organization, comparison: str, words: Any, at: datetime) -> dict[str, Any] | None:
    """The last stored report of a comparison by then, and the same figures counted anew from items and log."""
    runs = Run.objects.filter(
        organization=organization, comparison=comparison, finished_at__lte=at, report__isnull=False
    ).select_related("organization")
    run = runs.order_by("-finished_at", "-pk").first()
    if run is None or not run.report:
        return None
    outcomes, types = items_left_by(run), types_left_by(run)
    stored_items, stored_types = run.report["items"], run.report["discrepancies"]
    then = types_at(organization_id=organization.pk, comparison=comparison, at=at)
    items = reverse("admin:reconciliation_reconciliationitem_changelist")
    return {
        "name": words,
        "run": run,
        "run_url": reverse("admin:reconciliation_reconciliationrun_change", args=[run.pk]),
        "status": run_status_cell(run.status),
        "period": period_text(run),
        "ended": time_cell(run.finished_at, ZoneInfo(organization.timezone)),
        "matched": percent_text(run.report["matched_percent"]),
        "outcomes": [
            {
                "name": outcome_word(outcome),
                "stored": count_text(stored_items.get(outcome, 0)),
                "counted": count_text(outcomes.get(outcome, 0)),
                "url": f"{items}?{urlencode({'run': str(run.pk), 'outcome': str(outcome)})}",
            }
            for outcome in OUTCOMES
        ],
        "types": [
            {
                "name": type_name(type_),
                "stored": count_text(stored_types.get(type_, 0)),
                "counted": count_text(types.get(type_, 0)),
                "then": count_text(then.get(type_, 0)),
            }
            for type_ in sorted({*stored_types, *types, *then})
        ],
        "equal": types == stored_types and {k: v for k, v in stored_items.items() if v} == outcomes,
        "digest": run.report_digest,
    }


def items_left_by(run: Run) -> dict[str, int]:
    """The items of the run's period in the state of its number, by outcome."""
    rows = ReconciliationItem.objects.filter(
        Q(closed_run__isnull=True) | Q(closed_run__gt=run.number),
        organization=run.organization_id,
        comparison=run.comparison,
        opened_run__lte=run.number,
        occurred_at__gte=run.period_start,
        occurred_at__lt=run.period_end,
    )
    return dict(rows.order_by().values_list("outcome").annotate(n=Count("pk")))


def discrepancy_rows(request: HttpRequest, organization: Organization, at: datetime, place: str) -> dict[str, Any]:
    """A page of the discrepancies that the log knew by then, with where they stood; resolved ones on request."""
    beyond = row_number(request.GET.get("after", "")) or 0
    every = request.GET.get("resolved") == "1"
    steps = last_steps(organization_id=organization.pk, at=at).filter(discrepancy__gt=beyond)
    if not every:
        steps = steps.exclude(after__status="resolved")
    rows = list(steps.select_related("discrepancy").order_by("discrepancy")[: ROWS + 1])
    zone = ZoneInfo(organization.timezone)
    page = reverse("as_of")
    last = rows[:ROWS][-1].discrepancy_id if rows else 0
    more = f"{page}?{place}{'&resolved=1' if every else ''}&after={last}"
    return {
        "rows": [row_of(step, zone, place) for step in rows[:ROWS]],
        "more_url": more if len(rows) > ROWS else "",
        "every": every,
        "other_url": f"{page}?{place}" if every else f"{page}?{place}&resolved=1",
    }


def row_of(step: ReconciliationActionLog, zone: ZoneInfo, place: str) -> dict[str, Any]:
    """A discrepancy as a line."""
    then = step.after
    return {
        "name": f"D-{step.discrepancy_id}",
        "url": f"{reverse('as_of_discrepancy', args=[step.discrepancy_id])}?{place}",
        "severity": severity_cell(then.get("severity", "none")),
        "type": type_name(step.discrepancy.type) if step.discrepancy else "–",
        "difference": amount_cell(then.get("difference_minor"), then.get("currency", ""), sign=True),
        "status": status_cell(then["status"]),
        "step": action_words(step.action),
        "who": actor_words(step.actor),
        "at": time_cell(step.at, zone),
    }


def as_of_discrepancy(request: HttpRequest, discrepancy_id: int) -> HttpResponse:
    """One discrepancy as it stood, and the steps that had been taken by then."""
    if not request.user.has_perm(SEES):
        raise PermissionDenied
    _form, organization, at = asked(request)
    if organization is None:
        raise Http404
    own = ReconciliationDiscrepancy.objects.filter(organization=organization, pk=discrepancy_id)
    row = own.only("type").first()
    if row is None:  # asked first: a number that no key can be is in no other column either
        raise Http404
    step = last_steps(organization_id=organization.pk, at=at).filter(discrepancy=row.pk).first()
    if step is None:
        raise Http404
    zone = ZoneInfo(organization.timezone)
    entries = ReconciliationActionLog.objects.filter(organization=organization, discrepancy=row.pk, at__lte=at)
    place = urlencode({"organization": str(organization.pk), "at": at.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")})
    return shown(
        request,
        "desk/as_of_discrepancy.html",
        f"{row} · {type_name(row.type)}",
        organization=organization,
        moment=time_text(at, zone),
        back_url=f"{reverse('as_of')}?{place}",
        severity=severity_cell(step.after.get("severity", "none")),
        facts=[(field_words(name), value_words(step.after, name)) for name in FACTS if name in step.after],
        history=[
            {
                "time": time_cell(entry.at, zone, seconds=True),
                "who": actor_words(entry.actor),
                "what": action_words(entry.action),
                "change": change_text(entry) if entry.before else "",
                "reason": reason_words(entry.reason),
                "url": reverse("admin:reconciliation_reconciliationactionlog_change", args=[entry.pk]),
            }
            for entry in entries.order_by("-pk")[:ROWS]
        ],
    )
