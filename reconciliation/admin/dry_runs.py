"""Dry runs: the list of one's own organizations' and the page with progress and the result nobody wrote."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.decorators import display

from billing.admin.base import EvidenceAdmin
from billing.admin.cells import shaped, time_cell, zone_of
from billing.admin.filters import OrganizationFilter, choice_filter, period_filter
from billing.wording import count_text
from reconciliation.models import DryRun
from reconciliation.models.runs import COMPARISONS

from .labels import run_status_cell
from .lookup import by_number
from .queue_filters import who_filter
from .run_columns import RunColumns
from .run_page import duration_text, period_days, period_text, report_page
from .run_progress import progress

PREFIX = "admin:reconciliation_dryrun"
SEES = "reconciliation.view_reconciliationrun"
UNDER_WAY = ("queued", "running")


def written_rows(dry: DryRun) -> list[tuple[str, str]]:
    """What a run would write."""
    names = {
        "items": _("Items written or replaced"),
        "discrepancies": _("Discrepancies opened, changed or cleared"),
        "log": _("Entries of the action log"),
    }
    return [(names[name], count_text(dry.written[name])) for name in names if name in dry.written]


def dry_status_cell(status: str) -> SafeString:
    """How a dry run stands or ended."""
    return shaped("✓", _("Worked out"), "run-ok") if status == "done" else run_status_cell(status)


@admin.register(DryRun)
class DryRunAdmin(RunColumns, EvidenceAdmin):
    """View-only; started with the form that triggers runs."""

    nothing_yet = gettext_lazy(
        "A dry run shows what a run would find, and writes nothing. “Run reconciliation” offers it."
    )
    page_template = "desk/dry_run.html"
    list_display = (
        "name",
        "status_badge",
        "comparison_name",
        "period",
        "started",
        "matched",
        "requested",
        "organization",
    )
    list_display_links = ("name",)
    list_select_related = ("organization", "requested_by")
    list_filter = (
        OrganizationFilter,
        choice_filter("status", gettext_lazy("status"), DryRun.Status.choices),
        choice_filter("comparison", gettext_lazy("comparison"), COMPARISONS),
        who_filter("requested_by_id", gettext_lazy("nobody")),
        period_filter("created_at", gettext_lazy("created")),
    )
    search_fields = ("pk",)
    search_help_text = gettext_lazy("Number of a dry run: T-12")
    ordering = ("-pk",)

    def has_view_permission(self, request: HttpRequest, _obj: Model | None = None) -> bool:
        """Whoever sees runs."""
        return bool(request.user.has_perm(SEES))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever sees runs."""
        return bool(request.user.has_perm(SEES))

    def found(self, _request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """By number."""
        rows = by_number(queryset, term, "T")
        return queryset.none() if rows is None else rows

    @display(description=pgettext_lazy("noun", "Dry run"))
    def name(self, row: DryRun) -> str:
        """T-12."""
        return str(row)

    @display(description=gettext_lazy("Status"))
    def status_badge(self, row: DryRun) -> SafeString:
        """Shape and word."""
        return dry_status_cell(row.status)

    @display(description=gettext_lazy("Comparison"))
    def comparison_name(self, row: DryRun) -> str:
        """What is compared."""
        return row.get_comparison_display()

    @display(description=gettext_lazy("Requested by"))
    def requested(self, row: DryRun) -> str:
        """A person."""
        return row.requested_by.get_username() if row.requested_by else "–"

    def get_urls(self) -> list[URLPattern]:
        """Progress besides Django's own."""
        view = self.admin_site.admin_view(self.progress_view)
        return [path("<path:object_id>/progress/", view, name="reconciliation_dryrun_progress"), *super().get_urls()]

    def page(self, request: HttpRequest, obj: DryRun) -> dict[str, Any]:
        """Progress while it is under way, then what a run would say."""
        first, last = period_days(obj)
        days = {"first_day": first, "last_day": last}
        asked = {"organization": obj.organization_id, "comparison": obj.comparison, **days}
        trigger = f"{reverse('admin:reconciliation_reconciliationrun_trigger')}?{urlencode(asked)}"
        return {
            "run": obj,
            "heading": _("%(run)s: dry run of %(comparison)s, %(organization)s")
            % {"run": obj, "comparison": obj.get_comparison_display(), "organization": obj.organization.name},
            "status": dry_status_cell(obj.status),
            "period": period_text(obj),
            "zone": obj.organization.timezone,
            "started": time_cell(obj.started_at, zone_of(obj), seconds=True),
            "duration": duration_text(obj),
            "requested": self.requested(obj),
            "progress": self.progress(obj),
            "error": _(obj.error) if obj.error else "",
            "written": written_rows(obj),
            "dry": True,
            "own_tolerance": obj.tolerance_minor is None,
            "again": trigger if request.user.has_perm("reconciliation.trigger_run") else "",
            **report_page(obj, links=False),
        }

    def progress(self, obj: DryRun) -> dict[str, Any] | None:
        """How far it is, while it is under way."""
        if obj.status not in UNDER_WAY:
            return None
        return {**progress(obj, timezone.now()), "url": reverse(f"{PREFIX}_progress", args=[obj.pk])}

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """How far it is; once it has ended, the page is told to show the result."""
        obj = self.get_object(request, object_id)
        if obj is None or not self.has_view_permission(request, obj):
            return HttpResponse(status=404)
        if obj.status not in UNDER_WAY:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return TemplateResponse(request, "desk/run_progress.html", {"run": obj, "progress": self.progress(obj)})
