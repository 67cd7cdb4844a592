"""Bulk actions in the admin: the list, the page from preview to result, and the file of the result."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from billing.access import visible_to
from billing.admin.base import EvidenceAdmin
from billing.admin.cells import time_cell
from billing.admin.filters import choice_filter, period_filter
from billing.wording import count_text
from reconciliation import bulk as bulks
from reconciliation.admin.lookup import numbered
from reconciliation.bulk import BulkRefused, PreviewChanged
from reconciliation.models import BulkAction, BulkRow
from reconciliation.sentences import type_name
from reconciliation.spreadsheets import Cell, Money, csv_lines

from .bulk_forms import BulkForm
from .bulk_page import bulk_page, may_go_on, progress
from .bulk_words import heading, result_word, state_cell, why_words
from .queue_filters import who_filter

PREFIX = "reconciliation_bulkaction"
ROWS_A_FETCH = 2_000
UTC = ZoneInfo("UTC")
State = BulkAction.State


@admin.register(BulkAction)
class BulkAdmin(EvidenceAdmin):
    """Newest first. Only whoever made a preview confirms it; the result is for everybody who sees all its rows."""

    nothing_yet = gettext_lazy(
        "Tick rows of the queue, take all that a filter shows, or a cause: they are worked as one."
    )
    page_template = "desk/bulk.html"
    organization_path = None
    list_display = ("name", "what", "state_mark", "rows", "done", "left", "who", "when")
    list_display_links = ("name", "what")
    list_select_related = ("created_by",)
    list_filter = (
        choice_filter("action", gettext_lazy("step"), BulkAction.Action.choices),
        choice_filter("state", gettext_lazy("state"), BulkAction.State.choices),
        who_filter("created_by_id", gettext_lazy("nobody")),
        period_filter("created_at", gettext_lazy("created")),
    )
    search_fields = ("pk",)
    search_help_text = gettext_lazy("Number of a bulk action: B-12")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BulkAction]:
        """Those all of whose rows the user may see; previews are their maker's own."""
        rows = super().get_queryset(request).filter(pk__in=bulks.visible_bulk(visible_to(request)).values("pk"))
        own = rows.filter(created_by=request.user.pk)
        return rows.exclude(state__in=[State.PREVIEW, State.DROPPED]) | own

    def found(self, _request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """By number."""
        return numbered(queryset, term, "B")

    @display(description=gettext_lazy("Number"))
    def name(self, row: BulkAction) -> str:
        """B-12."""
        return str(row)

    @display(description=gettext_lazy("Step"))
    def what(self, row: BulkAction) -> str:
        """The step and how many rows it is about."""
        return heading(row)

    @display(description=gettext_lazy("State"))
    def state_mark(self, row: BulkAction) -> SafeString:
        """Shape and word."""
        return state_cell(row.state)

    @display(description=gettext_lazy("Rows"))
    def rows(self, row: BulkAction) -> str:
        """How many are worked."""
        return count_text(row.rows_to_work)

    @display(description=gettext_lazy("Done"))
    def done(self, row: BulkAction) -> str:
        """How many are done."""
        return count_text(row.rows_done)

    @display(description=gettext_lazy("Not done"))
    def left(self, row: BulkAction) -> str:
        """How many were tried and not done."""
        return count_text(row.rows_worked - row.rows_done)

    @display(description=gettext_lazy("Who"))
    def who(self, row: BulkAction) -> str:
        """Its maker."""
        return row.created_by.get_username()

    @display(description=gettext_lazy("Started"))
    def when(self, row: BulkAction) -> SafeString:
        """In UTC: its rows may be of several organizations."""
        return time_cell(row.confirmed_at or row.created_at, UTC)

    def exported(self, _request: HttpRequest, rows: list[BulkAction]) -> list[BulkAction]:
        """Rows with their organizations, for a file."""
        prefetch_related_objects(rows, "organizations")
        return rows

    def page(self, request: HttpRequest, obj: BulkAction) -> dict[str, Any]:
        """Preview, progress or result."""
        shown = bulk_page(obj, request.user, request.GET.dict(), timezone.now())
        return {**shown, "form": BulkForm(obj) if obj.state == State.PREVIEW and shown["mine"] else None}

    def get_urls(self) -> list[URLPattern]:
        """What can be done with a bulk action, its progress, its file."""
        view = self.admin_site.admin_view
        views = (
            ("confirm", self.confirm_view), ("drop", self.drop_view), ("go-on", self.go_on_view),
            ("retry", self.retry_view), ("progress", self.progress_view), ("rows.csv", self.csv_view),
        )  # fmt: skip
        own = [
            path(f"<int:bulk_id>/{at}", view(function), name=f"{PREFIX}_{at.split('.')[0].replace('-', '_')}")
            for at, function in views
        ]
        return [*own, *super().get_urls()]

    def one(self, request: HttpRequest, bulk_id: int, method: str = "POST") -> BulkAction:
        """A bulk action the user may see; 404 for any other, 403 for another method or without the permission."""
        if request.method != method or not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_queryset(request).select_related("created_by").filter(pk=bulk_id).first()
        if row is None:
            raise Http404
        return row

    def confirm_view(self, request: HttpRequest, bulk_id: int) -> HttpResponse:
        """Begins, or shows the preview again with why not."""
        row = self.one(request, bulk_id)
        form, who = BulkForm(row, request.POST), {"by": request.user, "now": timezone.now()}
        if not may_go_on(row, request.user):  # type: ignore[arg-type]
            raise PermissionDenied
        if not form.is_valid():
            return self.shown(request, row, form, 400)
        request_id = getattr(request, "request_id", "")
        number = form.cleaned_data.get("number")
        try:
            bulks.confirm(bulk=row, given=form.given(), number=number, request_id=request_id, **who)  # type: ignore[arg-type]
        except PreviewChanged as changed:
            messages.warning(request, str(changed))
            return redirect(f"admin:{PREFIX}_change", row.pk)
        except BulkRefused as refusal:
            form.refuse(refusal)
            return self.shown(request, row, form, refusal.status)
        return redirect(f"admin:{PREFIX}_change", row.pk)

    def shown(self, request: HttpRequest, row: BulkAction, form: BulkForm, status: int) -> HttpResponse:
        """The preview with a form that was refused, everything typed kept."""
        request.method = "GET"  # the page is made as it is for a GET
        response = self.changeform_view(request, str(row.pk), extra_context={"refused_form": form})
        response.status_code = status
        return response

    def drop_view(self, request: HttpRequest, bulk_id: int) -> HttpResponse:
        """Ends a preview; nothing was done."""
        row = self.one(request, bulk_id)
        try:
            bulks.drop(bulk=row, by=request.user)  # type: ignore[arg-type]
        except BulkRefused as refusal:
            messages.error(request, str(refusal))
        return redirect(f"admin:{PREFIX}_change", row.pk)

    def go_on_view(self, request: HttpRequest, bulk_id: int) -> HttpResponse:
        """Gives it another job when its worker seems gone."""
        row = self.one(request, bulk_id)
        try:
            bulks.go_on(bulk=row, by=request.user, now=timezone.now())  # type: ignore[arg-type]
        except BulkRefused as refusal:
            messages.error(request, str(refusal))
        return redirect(f"admin:{PREFIX}_change", row.pk)

    def retry_view(self, request: HttpRequest, bulk_id: int) -> HttpResponse:
        """A new preview over what was not done."""
        row = self.one(request, bulk_id)
        if row.state != State.ENDED or not may_go_on(row, request.user):  # type: ignore[arg-type]
            raise PermissionDenied
        again = bulks.retry(bulk=row, by=request.user, now=timezone.now())  # type: ignore[arg-type]
        return redirect(f"admin:{PREFIX}_change", again.pk)

    def progress_view(self, request: HttpRequest, bulk_id: int) -> HttpResponse:
        """A fragment that asks again by itself; once ended, the page is read again."""
        row = self.one(request, bulk_id, "GET")
        if row.state not in (State.QUEUED, State.WORKING):
            return HttpResponse(headers={"HX-Refresh": "true"})
        mine = may_go_on(row, request.user)  # type: ignore[arg-type]
        told = {"bulk": row, "progress": progress(row, timezone.now(), mine=mine)}
        return render(request, "desk/bulk_progress.html", told)

    def csv_view(self, request: HttpRequest, bulk_id: int) -> HttpResponseBase:
        """Every row with its result, streamed."""
        row = self.one(request, bulk_id, "GET")
        head = [
            _("Discrepancy"), _("Organization"), _("Type"), _("Difference"), _("Currency"), _("Result"), _("Why"),
            _("Detail"),
        ]  # fmt: skip
        response = StreamingHttpResponse(csv_lines(head, csv_rows(row)), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{row}.csv"'
        return response


def csv_rows(bulk: BulkAction) -> Iterator[list[Cell]]:
    """The rows of the file."""
    rows = BulkRow.objects.filter(bulk=bulk).select_related("organization", "discrepancy").order_by("discrepancy_id")
    for row in rows.only(
        "bulk_id", "discrepancy__type", "organization__name", "difference_minor", "currency", "result", "why", "detail"
    ).iterator(ROWS_A_FETCH):
        amount = None if row.difference_minor is None else Money(row.difference_minor, row.currency)
        yield [
            f"D-{row.discrepancy_id}", row.organization.name, type_name(row.discrepancy.type), amount, row.currency,
            result_word(row.result), why_words(row.why), row.detail,
        ]  # fmt: skip
