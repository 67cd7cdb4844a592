"""Fetches from the provider: how far each came, what it brought, and taking a faulty ingestion back."""

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
from unfold.decorators import display

from billing.admin.base import EvidenceAdmin
from billing.admin.cells import code_cell, link, shaped, time_cell, zone_of
from billing.admin.filters import OrganizationFilter, choice_filter, period_filter
from billing.models import ProviderFetch, StatementWithdrawal
from billing.withdrawals import INGESTIONS, lines_brought
from billing.wording import count_text
from reconciliation.admin.lookup import numbered
from reconciliation.models import SyncJob
from reconciliation.sweep_tasks import request_job

from .source_forms import ReasonForm

SHAPES = {"running": "◐", "done": "●", "failed": "✕"}
WITHDRAW = "reconciliation.withdraw_ingestion"


def fetch_status(fetch: ProviderFetch) -> SafeString:
    """Shape and word."""
    return shaped(SHAPES[fetch.status], str(fetch.get_status_display()).capitalize(), f"fetch-{fetch.status}")


@admin.register(ProviderFetch)
class ProviderFetchAdmin(EvidenceAdmin):
    """View-only, but for withdrawing an ingestion."""

    page_template = "desk/fetch.html"
    list_display = (
        "name", "what", "status_badge", "started", "pages", "rows_read", "new", "changed_rows", "refused", "started_by",
        "organization",
    )  # fmt: skip
    list_display_links = ("name",)
    list_select_related = ("organization",)
    list_filter = (
        OrganizationFilter,
        choice_filter("kind", gettext_lazy("kind"), ProviderFetch.Kind.choices),
        choice_filter("status", gettext_lazy("status"), ProviderFetch.Status.choices),
        period_filter("started_at", gettext_lazy("started")),
    )
    search_fields = ("pk",)
    search_help_text = gettext_lazy("Number of a fetch: F-12")
    ordering = ("-pk",)

    def found(self, _request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """By number."""
        return numbered(queryset, term, "F")

    @display(description=gettext_lazy("Fetch"))
    def name(self, row: ProviderFetch) -> str:
        """F-12."""
        return f"F-{row.pk}"

    @display(description=gettext_lazy("What"))
    def what(self, row: ProviderFetch) -> str:
        """What is fetched, and about what."""
        kind = str(row.get_kind_display()).capitalize()
        return f"{kind} {row.subject}" if row.subject else kind

    @display(description=gettext_lazy("Status"))
    def status_badge(self, row: ProviderFetch) -> SafeString:
        """Shape and word."""
        return fetch_status(row)

    @display(description=gettext_lazy("Started"))
    def started(self, row: ProviderFetch) -> SafeString:
        """In the organization's zone."""
        return time_cell(row.started_at, zone_of(row))

    @display(description=gettext_lazy("Rows read"))
    def rows_read(self, row: ProviderFetch) -> str:
        """On all pages."""
        return count_text(row.rows)

    @display(description=gettext_lazy("New"))
    def new(self, row: ProviderFetch) -> str:
        """Which were not known."""
        return count_text(row.created)

    @display(description=gettext_lazy("Changed"))
    def changed_rows(self, row: ProviderFetch) -> str:
        """Which got another version."""
        return count_text(row.changed)

    @display(description=gettext_lazy("Not usable"))
    def refused(self, row: ProviderFetch) -> str:
        """Which could not be read."""
        return count_text(row.refused)

    def has_withdraw_permission(self, request: HttpRequest, *_args: Any) -> bool:
        """Managers, owners, superusers."""
        return bool(request.user.has_perm(WITHDRAW))

    def get_urls(self) -> list[URLPattern]:
        """The withdrawal besides Django's own."""
        view = self.admin_site.admin_view(self.withdraw_view)
        own = path("<int:fetch_id>/withdraw/", view, name="billing_providerfetch_withdraw")
        return [own, *super().get_urls()]

    def withdraw_view(self, request: HttpRequest, fetch_id: int) -> HttpResponse:
        """Asks for the reason and says what will happen; the worker then takes the ingestion back, on record."""
        fetch = self.get_queryset(request).select_related("organization").filter(pk=fetch_id).first()
        if fetch is None:
            raise Http404
        if not self.has_withdraw_permission(request):
            raise PermissionDenied
        if not can_be_withdrawn(fetch):
            messages.error(
                request, _("This cannot be withdrawn: it brought no lines, still runs, or was withdrawn before.")
            )
            return redirect("admin:billing_providerfetch_change", fetch.pk)
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            job = request_job(
                organization=fetch.organization, kind=SyncJob.Kind.WITHDRAWAL, subject=str(fetch.pk),
                parameters={"fetch": fetch.pk}, reason=form.cleaned_data["reason"], by=request.user, via="admin",  # type: ignore[arg-type]
                now=timezone.now(), request_id=getattr(request, "request_id", ""),
            )  # fmt: skip
            messages.success(request, _("The withdrawal is queued. Its progress is shown here."))
            return redirect("admin:reconciliation_syncjob_change", job.pk)
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "media": self.media, "form": form,
            "title": _("Withdraw ingestion F-%(number)s") % {"number": fetch.pk},
            "lines": count_text(lines_brought(fetch)), "fetch_facts": facts(fetch),
            "back": reverse("admin:billing_providerfetch_change", args=[fetch.pk]),
        }  # fmt: skip
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "desk/withdraw.html", context)

    def page(self, request: HttpRequest, obj: ProviderFetch) -> dict[str, Any]:
        """How far it came and what it brought."""
        withdrawn = StatementWithdrawal.objects.filter(fetch=obj).first()
        may = self.has_withdraw_permission(request) and can_be_withdrawn(obj)
        return {
            "title": f"F-{obj.pk}",
            "heading": f"{str(obj.get_kind_display()).capitalize()}, F-{obj.pk}",
            "status": fetch_status(obj),
            "error": obj.error,
            "current": facts(obj),
            "problems": obj.problems,
            "more_problems": max(0, obj.refused - len(obj.problems)),
            "withdraw": reverse("admin:billing_providerfetch_withdraw", args=[obj.pk]) if may else "",
            "withdrawn": link("billing_statementwithdrawal", withdrawn.pk, withdrawn.reason) if withdrawn else "",
            "links": [],
        }


def can_be_withdrawn(fetch: ProviderFetch) -> bool:
    """Whether it brought lines, has ended, and was not withdrawn yet."""
    ended = fetch.status != ProviderFetch.Status.RUNNING
    return fetch.kind in INGESTIONS and ended and not StatementWithdrawal.objects.filter(fetch=fetch).exists()


def facts(fetch: ProviderFetch) -> list[tuple[str, Any]]:
    """Name and value of what stands now."""
    zone = zone_of(fetch)
    position = _("read to the oldest row") if fetch.reached_oldest else _("on its way to the oldest row")
    return [
        (_("Organization"), fetch.organization.name),
        (_("About"), code_cell(fetch.subject)),
        (_("From"), time_cell(fetch.range_start, zone)),
        (_("To"), time_cell(fetch.range_end, zone)),
        (_("Stripe account"), code_cell(fetch.account)),
        (_("Started"), time_cell(fetch.started_at, zone, seconds=True)),
        (_("Last sign of life"), time_cell(fetch.updated_at, zone, seconds=True)),
        (_("Finished"), time_cell(fetch.finished_at, zone, seconds=True)),
        (_("Started by"), fetch.started_by or "–"),
        (_("Position"), position),
        (_("Newest row stored"), code_cell(fetch.newest)),
        (_("Oldest row stored"), code_cell(fetch.cursor)),
        (_("Pages"), count_text(fetch.pages)),
        (_("Rows read"), count_text(fetch.rows)),
        (_("New"), count_text(fetch.created)),
        (_("Changed"), count_text(fetch.changed)),
        (_("Unchanged"), count_text(fetch.unchanged)),
        (_("Not usable"), count_text(fetch.refused)),
    ]
