"""Runs: the list, the page with progress and report, the trigger, the downloads."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from billing.access import visible_to
from billing.admin.base import EvidenceAdmin
from billing.admin.cells import time_cell, zone_of
from billing.admin.filters import OrganizationFilter, choice_filter, period_filter
from billing.wording import count_text
from reconciliation.admin.lookup import numbered
from reconciliation.dry_runs import trigger_dry_run
from reconciliation.models import ReconciliationRun
from reconciliation.models.runs import COMPARISONS
from reconciliation.tasks import trigger_run

from .labels import run_status_cell, via_words
from .queue_filters import who_filter
from .run_columns import RunColumns
from .run_downloads import DownloadsMixin, downloads
from .run_page import duration_text, metric_rows, period_days, period_text, report_page
from .run_progress import UNDER_WAY, progress
from .run_since import SinceMixin
from .trigger import TriggerForm, suggestion

TRIGGER = "reconciliation.trigger_run"


@admin.register(ReconciliationRun)
class RunAdmin(RunColumns, DownloadsMixin, SinceMixin, EvidenceAdmin):
    """View-only, but for triggering another one."""

    page_template = "desk/run.html"
    list_display = (
        "name",
        "status_badge",
        "comparison",
        "period",
        "started",
        "duration",
        "matched",
        "open_count",
        "requested",
        "organization",
    )
    list_display_links = ("name",)
    list_select_related = ("organization", "requested_by")
    list_filter = (
        OrganizationFilter,
        choice_filter("status", gettext_lazy("status"), ReconciliationRun.Status.choices),
        choice_filter("comparison", gettext_lazy("comparison"), COMPARISONS),
        who_filter("requested_by_id", gettext_lazy("no person: schedules and commands")),
        period_filter("period_start", gettext_lazy("period from")),
    )
    search_fields = ("pk",)
    search_help_text = gettext_lazy("Number of a run: R-12")
    ordering = ("-pk",)
    actions_list = ("trigger",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReconciliationRun]:
        """Lists leave the Markdown in the database."""
        return super().get_queryset(request).defer("report_markdown")

    def found(self, _request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """By number."""
        return numbered(queryset, term, "R")

    @display(description=pgettext_lazy("noun", "Run"))
    def name(self, row: ReconciliationRun) -> str:
        """R-12."""
        return str(row)

    @display(description=gettext_lazy("Status"))
    def status_badge(self, row: ReconciliationRun) -> SafeString:
        """Shape and word."""
        return run_status_cell(row.status)

    @display(description=gettext_lazy("Took"))
    def duration(self, row: ReconciliationRun) -> str:
        """How long it worked."""
        return duration_text(row)

    @display(description=gettext_lazy("Open"))
    def open_count(self, row: ReconciliationRun) -> str:
        """Open discrepancies of the period when it ended."""
        return count_text(sum(row.report.get("discrepancies", {}).values())) if row.report else "–"

    @display(description=gettext_lazy("Requested by"))
    def requested(self, row: ReconciliationRun) -> str:
        """A person, or the way it came in."""
        return row.requested_by.get_username() if row.requested_by else via_words(row.requested_via)

    def has_trigger_permission(self, request: HttpRequest, *_args: Any) -> bool:
        """Managers, owners, superusers."""
        return bool(request.user.has_perm(TRIGGER))

    def get_urls(self) -> list[URLPattern]:
        """Progress and downloads besides Django's own."""
        view = self.admin_site.admin_view
        prefix = "reconciliation_reconciliationrun"
        own = [
            path("<int:run_id>/progress/", view(self.progress_view), name=f"{prefix}_progress"),
            *self.download_urls(),
            *self.since_urls(),
        ]
        return [*own, *super().get_urls()]

    def own_run(self, request: HttpRequest, run_id: int) -> ReconciliationRun:
        """A run of the user's organizations, whole; 404 for any other."""
        run = (
            self.get_queryset(request)
            .defer(None)
            .select_related("organization", "requested_by")
            .filter(pk=run_id)
            .first()
        )
        if run is None:
            raise Http404
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        return run

    def page(self, request: HttpRequest, obj: ReconciliationRun) -> dict[str, Any]:
        """Progress while it is under way, then how it ended."""
        first, last = period_days(obj)
        again = {
            "organization": obj.organization_id,
            "comparison": obj.comparison,
            "first_day": first,
            "last_day": last,
        }
        trigger_url = reverse("admin:reconciliation_reconciliationrun_trigger")
        return {
            "run": obj,
            "heading": _("%(run)s: %(comparison)s of %(organization)s")
            % {"run": obj, "comparison": obj.get_comparison_display(), "organization": obj.organization.name},
            "status": run_status_cell(obj.status),
            "period": period_text(obj),
            "zone": obj.organization.timezone,
            "started": time_cell(obj.started_at, zone_of(obj), seconds=True),
            "duration": duration_text(obj),
            "requested": self.requested(obj),
            "progress": self.progress(obj) if obj.status in UNDER_WAY else None,
            "error": _(obj.error) if obj.error else "",
            "metrics": metric_rows(obj),
            "downloads": downloads(obj) if obj.report else [],
            "again": f"{trigger_url}?{urlencode(again)}" if self.has_trigger_permission(request) else "",
            **report_page(obj),
        }

    def progress_view(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """How far the run is; once it has ended, the page is told to show the report."""
        run = self.own_run(request, run_id)
        if run.status not in UNDER_WAY:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return TemplateResponse(request, "desk/run_progress.html", {"run": run, "progress": self.progress(run)})

    def progress(self, run: ReconciliationRun) -> dict[str, Any]:
        """How far an unfinished run is, and where to ask again."""
        url = reverse("admin:reconciliation_reconciliationrun_progress", args=[run.pk])
        return {**progress(run, timezone.now()), "url": url}

    @action(
        description=gettext_lazy("Run reconciliation"),
        icon="play_arrow",
        permissions=["trigger"],
        url_path="trigger",
        variant=ActionVariant.PRIMARY,
    )
    def trigger(self, request: HttpRequest) -> HttpResponse:
        """A form on GET; on POST a queued run and its job."""
        own = visible_to(request)
        today = timezone.localdate()
        initial = suggestion(request.GET.dict(), today)
        form = TriggerForm(request.POST or None, organizations=own, initial=initial)
        if request.method == "POST" and form.is_valid():
            values = {name: form.cleaned_data[name] for name in ("organization", "comparison", "start", "end")}
            if form.cleaned_data["dry_run"]:
                values["tolerance_minor"] = form.cleaned_data["tolerance_minor"]
                dry = trigger_dry_run(**values, by=request.user, now=timezone.now())  # type: ignore[arg-type]
                return redirect("admin:reconciliation_dryrun_change", dry.pk)
            run = trigger_run(**values, by=request.user, now=timezone.now())  # type: ignore[arg-type]  # staff is logged in
            messages.success(request, _("%(run)s is queued. Its progress is shown here.") % {"run": run})
            return redirect("admin:reconciliation_reconciliationrun_change", run.pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Run reconciliation"),
            "form": form,
            "media": self.media,
            "no_organizations": not own,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "desk/trigger.html", context)
