"""Causes in the admin: what groups of open discrepancies share, why that is believed, and working them as one."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from billing.access import visible_to
from billing.admin.base import EvidenceAdmin
from billing.admin.cells import amount_cell, link, time_cell, zone_of
from billing.admin.filters import OrganizationFilter
from billing.wording import count_text, time_text
from reconciliation.admin.lookup import numbered
from reconciliation.causes import CauseFigures, ask_where_stale, figures
from reconciliation.causes.reading import RESOLVED
from reconciliation.models import BulkAction, Cause, CauseState, ReconciliationDiscrepancy
from reconciliation.sentences import sentence, type_name
from reconciliation.workflow import BY_ACTION

from .arrivals import arrivals
from .bulk_start import preview
from .cause_evidence import evidence, fetch_of
from .cause_words import cause_name, import_of
from .queue_filters import ComparisonFilter

PREFIX = "reconciliation_cause"
ROWS_SHOWN = 25
MOST_LOOKED_AT = 20
Row = ReconciliationDiscrepancy


@admin.register(Cause)
class CauseAdmin(EvidenceAdmin):
    """Those with most discrepancies first. Nothing is edited; a cause is worked by bulk steps over its rows."""

    page_template = "desk/cause.html"
    list_display = ("shared", "open_count", "value", "found_when", "organization")
    list_display_links = ("shared",)
    list_select_related = ("organization",)
    list_filter = (OrganizationFilter, ComparisonFilter)
    search_fields = ("pk",)
    search_help_text = gettext_lazy("Number of a cause: C-12")
    ordering = ("-rows_found", "pk")

    def found(self, _request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """By number."""
        return numbered(queryset, term, "C")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Has the worker look again where a run has ended since."""
        if request.method == "GET" and self.has_view_permission(request):
            later = ask_where_stale(visible_to(request)[:MOST_LOOKED_AT])
            request.META["tieout.causes_later"] = len(later)
        return super().changelist_view(request, extra_context)

    def list_top(self, request: HttpRequest, _changelist: Any) -> dict[str, Any]:
        """What was looked at, and when: no cause is an answer too."""
        states = CauseState.objects.filter(organization__in=visible_to(request)).select_related("organization")
        own: dict[int, list[CauseState]] = {}
        for state in states.order_by("organization__name", "comparison"):
            own.setdefault(state.organization_id, []).append(state)
        lines = [state_line(some) for some in list(own.values())[:MOST_LOOKED_AT]]
        if request.META.get("tieout.causes_later"):
            lines.append(_("A run has ended since; the worker is looking again. Reload in a minute."))
        return {"lines": lines}

    def completed(self, rows: list[Cause]) -> list[Cause]:
        """With what is open of each now."""
        told = figures(row.pk for row in rows)
        for row in rows:
            row.now = told.get(row.pk, CauseFigures())  # type: ignore[attr-defined]
        return rows

    def exported(self, _request: HttpRequest, rows: list[Cause]) -> list[Cause]:
        """As a page of the list, with the name in words, for a file."""
        for row in self.completed(rows):
            row.told = cause_name(row)  # type: ignore[attr-defined]
        return rows

    @display(description=gettext_lazy("Cause"))
    def shared(self, row: Cause) -> SafeString:
        """What they share."""
        return format_html("<b>{}</b> {}", row, cause_name(row))

    @display(description=gettext_lazy("Open"))
    def open_count(self, row: Any) -> str:
        """How many are not resolved."""
        return count_text(row.now.count)

    @display(description=gettext_lazy("Value"))
    def value(self, row: Any) -> SafeString:
        """Sum of differences, a currency at a time."""
        return value_cell(row.now)

    @display(description=gettext_lazy("Found"))
    def found_when(self, row: Cause) -> SafeString:
        """When it was looked for."""
        return time_cell(row.found_at, zone_of(row))

    def page(self, request: HttpRequest, obj: Cause) -> dict[str, Any]:
        """Name, evidence, chart, what is open of it, what does not fit."""
        zone, told = zone_of(obj), figures([obj.pk]).get(obj.pk, CauseFigures())
        queue = reverse("admin:reconciliation_reconciliationdiscrepancy_changelist")
        members = Row.objects.filter(cause_member__cause=obj).exclude(status=RESOLVED)
        misfits = Row.objects.filter(organization=obj.organization_id, pk__in=obj.facts.get("misfits", []))
        return {
            "cause": obj,
            "heading": cause_name(obj),
            "evidence": evidence(obj),
            "chart": arrivals(obj, zone),
            "count": count_text(told.count),
            "values": [amount_cell(value, currency) for currency, value in told.value_minor.items()],
            "found": time_cell(obj.found_at, zone),
            "worked_off": obj.rows_found - told.count,
            "queue": f"{queue}?cause={obj.pk}",
            "rows": shown(members),
            "misfits": shown(misfits),
            "steps": steps(request) if told.count else [],
            "import": brought_by(obj),
        }

    def get_urls(self) -> list[URLPattern]:
        """Working a cause as one."""
        view = self.admin_site.admin_view(self.work_view)
        return [path("<int:cause_id>/work", view, name=f"{PREFIX}_work"), *super().get_urls()]

    def work_view(self, request: HttpRequest, cause_id: int) -> HttpResponse:
        """Previews a bulk step over everything that is open of a cause."""
        action = str(request.POST.get("action", ""))
        allowed = [step["action"] for step in steps(request)]
        if request.method != "POST" or action not in allowed or not self.has_view_permission(request):
            raise PermissionDenied
        cause = self.get_queryset(request).filter(pk=cause_id).first()
        if cause is None:
            raise Http404
        rows = Row.objects.filter(organization=cause.organization_id, cause_member__cause=cause)
        back = reverse(f"admin:{PREFIX}_change", args=[cause.pk])
        selection = {"kind": "cause", "cause": cause.pk}
        return preview(request, action, rows.exclude(status=RESOLVED), selection, back=back)


def brought_by(cause: Cause) -> SafeString | str:
    """A way to the import or the fetch that a cause names."""
    batch, fetch = import_of(cause), fetch_of(cause)
    if fetch:
        return link("billing_providerfetch", fetch.pk, f"F-{fetch.pk}")
    return link("billing_importbatch", batch.pk, batch.filename) if batch else ""


def state_line(states: list[CauseState]) -> str:
    """How many of an organization were looked at, and when."""
    number, organization = sum(state.looked_at for state in states), states[0].organization
    rows = ngettext("%(n)s discrepancy", "%(n)s discrepancies", number) % {"n": count_text(number)}
    oldest = min(state.found_at for state in states)
    told = {"organization": organization.name, "rows": rows, "time": time_text(oldest, zone_of(states[0]))}
    return _("%(organization)s: %(rows)s looked at, %(time)s. Only what chance does not explain is named.") % told


def value_cell(told: CauseFigures) -> SafeString:
    """Amounts side by side."""
    cells = ((amount_cell(value, currency),) for currency, value in told.value_minor.items())
    return format_html_join(" · ", "{}", cells) if told.value_minor else amount_cell(None, "")


def steps(request: HttpRequest) -> list[dict[str, Any]]:
    """The bulk steps the user may take."""
    return [
        {"action": action, "title": BY_ACTION[action].title}
        for action in BulkAction.Action.values
        if request.user.has_perm(BY_ACTION[action].permission)
    ]


def shown(rows: QuerySet[Row]) -> list[dict[str, Any]]:
    """Some discrepancies as lines."""
    some: Iterable[Row] = rows.select_related("organization").order_by("pk")[:ROWS_SHOWN]
    return [
        {
            "link": link("reconciliation_reconciliationdiscrepancy", row.pk, str(row)),
            "type": type_name(row.type),
            "sentence": sentence(row, zone_of(row)),
            "difference": amount_cell(row.difference_minor, row.currency, sign=True),
        }
        for row in some
    ]
