"""Work on the sources in the admin: asked for, followed while it goes on, its results kept, id by id."""

from typing import Any

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
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from billing.access import visible_to
from billing.admin.base import EvidenceAdmin
from billing.admin.cells import time_cell, zone_of
from billing.admin.filters import OrganizationFilter, choice_filter, period_filter
from billing.wording import count_text
from reconciliation.admin.lookup import numbered
from reconciliation.models import SyncJob
from reconciliation.sweep_tasks import request_job

from .labels import via_words
from .source_forms import MissingForm, SweepForm
from .source_job_page import UNDER_WAY, duration, job_page, job_status, progress

SYNC = "reconciliation.sync_source"


@admin.register(SyncJob)
class SyncJobAdmin(EvidenceAdmin):
    """View-only, but for asking for another one."""

    page_template = "desk/source_job.html"
    list_display = ("name", "what", "status_badge", "created", "took", "failed_steps", "requested", "organization")
    list_display_links = ("name",)
    list_select_related = ("organization", "requested_by")
    list_filter = (
        OrganizationFilter,
        choice_filter("kind", gettext_lazy("kind"), SyncJob.Kind.choices),
        choice_filter("status", gettext_lazy("status"), SyncJob.Status.choices),
        period_filter("created_at", gettext_lazy("created")),
    )
    search_fields = ("pk",)
    search_help_text = gettext_lazy("Number of a job: S-12")
    ordering = ("-pk",)
    actions_list = ("sweep", "missing")

    def found(self, _request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """By number."""
        return numbered(queryset, term, "S")

    @display(description=gettext_lazy("Job"))
    def name(self, row: SyncJob) -> str:
        """S-12."""
        return str(row)

    @display(description=gettext_lazy("What"))
    def what(self, row: SyncJob) -> str:
        """What is done."""
        return str(row.get_kind_display()).capitalize()

    @display(description=gettext_lazy("Status"))
    def status_badge(self, row: SyncJob) -> SafeString:
        """Shape and word."""
        return job_status(row.status)

    @display(description=gettext_lazy("Asked for"))
    def created(self, row: SyncJob) -> SafeString:
        """In the organization's zone."""
        return time_cell(row.created_at, zone_of(row))

    @display(description=gettext_lazy("Took"))
    def took(self, row: SyncJob) -> str:
        """From its start to its end."""
        return duration(row)

    @display(description=gettext_lazy("Steps failed"))
    def failed_steps(self, row: SyncJob) -> str:
        """How many of its steps failed."""
        failed = sum(1 for step in row.steps if step["status"] == "failed")
        return count_text(failed) if row.steps else "–"

    @display(description=gettext_lazy("Requested by"))
    def requested(self, row: SyncJob) -> str:
        """A person, or the way it came in."""
        return row.requested_by.get_username() if row.requested_by else via_words(row.requested_via)

    def has_sync_permission(self, request: HttpRequest, *_args: Any) -> bool:
        """Managers, owners, superusers."""
        return bool(request.user.has_perm(SYNC))

    def get_urls(self) -> list[URLPattern]:
        """The progress besides Django's own."""
        view = self.admin_site.admin_view(self.progress_view)
        own = path("<int:job_id>/progress/", view, name="reconciliation_syncjob_progress")
        return [own, *super().get_urls()]

    @action(
        description=gettext_lazy("Sync now"), icon="sync", permissions=["sync"], url_path="sweep",
        variant=ActionVariant.PRIMARY,
    )  # fmt: skip
    def sweep(self, request: HttpRequest) -> HttpResponse:
        """A form on GET; on POST a queued sweep."""
        form = SweepForm(request.POST or None, organizations=visible_to(request), initial=request.GET.dict())
        words = {
            "title": _("Sync now"),
            "text": _(
                "Does now what is done every hour: events that webhooks did not deliver, invoices, statement lines, "
                "disputes and payouts are fetched from Stripe, then every comparison of this month and the last is "
                "run. What is known already is not stored twice."
            ),
            "button": _("Sync now"),
        }
        return self._asked(request, form, SyncJob.Kind.SWEEP, words)

    @action(
        description=gettext_lazy("Fetch missing payments"), icon="cloud_download", permissions=["sync"],
        url_path="missing",
    )  # fmt: skip
    def missing(self, request: HttpRequest) -> HttpResponse:
        """A form on GET; on POST a queued fetch of what is missing."""
        form = MissingForm(request.POST or None, organizations=visible_to(request), initial=request.GET.dict())
        words = {
            "title": _("Fetch missing payments"),
            "text": _(
                "Looks for events that were never delivered, and for days before Stripe lists events at the payments "
                "its balance transactions name. What is missing is brought in, marked as synced and by whom; for each "
                "id the result says whether it was brought in, was here already, or could not be used and why."
            ),
            "button": _("Fetch missing payments"),
        }
        return self._asked(request, form, SyncJob.Kind.MISSING, words)

    def _asked(self, request: HttpRequest, form: SweepForm, kind: str, words: dict[str, Any]) -> HttpResponse:
        if not self.has_sync_permission(request):
            raise PermissionDenied
        if request.method == "POST" and form.is_valid():
            parameters = form.cleaned_data.get("parameters", {})
            job = request_job(
                organization=form.cleaned_data["organization"], kind=kind, by=request.user, via="admin",  # type: ignore[arg-type]
                now=timezone.now(), subject=" ".join(parameters.values())[:100], parameters=parameters,
                request_id=getattr(request, "request_id", ""),
            )  # fmt: skip
            messages.success(request, _("%(job)s is queued. Its progress is shown here.") % {"job": job})
            return redirect("admin:reconciliation_syncjob_change", job.pk)
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "media": self.media, "form": form, **words,
            "no_organizations": not visible_to(request), "back": reverse("admin:reconciliation_syncjob_changelist"),
        }  # fmt: skip
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "desk/ask_source.html", context)

    def page(self, request: HttpRequest, obj: SyncJob) -> dict[str, Any]:
        """Progress while it is under way, its steps, and what became of each id."""
        return job_page(obj, request.GET, timezone.now()) | {"requested": self.requested(obj)}

    def progress_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        """How far the job is; once it has ended, the page is told to show the result."""
        job = self.get_queryset(request).filter(pk=job_id).first()
        if job is None:
            raise Http404
        if not self.has_view_permission(request, job):
            raise PermissionDenied
        if job.status not in UNDER_WAY:
            return HttpResponse(headers={"HX-Refresh": "true"})
        context = {"job": job, "progress": progress(job, timezone.now())}
        return TemplateResponse(request, "desk/source_job_progress.html", context)
