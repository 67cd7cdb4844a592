"""Discrepancies: the queue and the page of one."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from billing.admin.amount_filter import amount_filter
from billing.admin.base import EvidenceAdmin
from billing.admin.cells import amount_cell, zone_of
from billing.admin.filters import CurrencyFilter, OrganizationFilter, period_filter
from billing.admin.keyset import Walk
from billing.admin.search import row_number
from reconciliation.models import CauseMember, ReconciliationDiscrepancy
from reconciliation.sentences import sentence, type_name

from .approvals import ApprovalsMixin
from .bulk_start import BULK_ACTIONS
from .cause_filter import CauseFilter
from .discrepancy_page import discrepancy_page
from .labels import due_cell, severity_cell, status_cell
from .lookup import by_number, by_record
from .matching_by_hand import pair_words
from .peek import PeekSection
from .queue_filters import AgeFilter, ComparisonFilter, QueueFilter, SeverityFilter, StatusFilter, TypeFilter, WhoFilter
from .queue_list import list_top, walk
from .resolution import resolution
from .run_filters import ChangesFilter, PeriodOfRunFilter
from .steps import StepsMixin, buttons_for, held_by, row_steps
from .today_filters import ShownFilter


@admin.register(ReconciliationDiscrepancy)
class DiscrepancyAdmin(ApprovalsMixin, StepsMixin, EvidenceAdmin):
    """Overdue first, then by severity and by what is due. Nothing is edited; steps are taken in dialogs."""

    page_template = "desk/discrepancy.html"
    actions = BULK_ACTIONS
    list_display = ("severity_mark", "what", "difference", "ours", "provider", "party", "due", "who", "step")
    list_display_links = ("what",)
    list_select_related = ("organization", "assigned_to")
    list_sections = (PeekSection,)
    list_filter = (
        QueueFilter,
        OrganizationFilter,
        StatusFilter,
        CauseFilter,
        TypeFilter,
        SeverityFilter,
        ComparisonFilter,
        WhoFilter,
        AgeFilter,
        CurrencyFilter,
        amount_filter("difference_minor", "currency", gettext_lazy("difference")),
        period_filter("occurred_at", gettext_lazy("occurred")),
        ShownFilter,
        PeriodOfRunFilter,
        ChangesFilter,
    )
    search_fields = ("pk",)
    search_help_text = gettext_lazy("Whole id: D-, ours, ch_, pi_, invoice, customer")
    ordering = ("severity", "pk")

    def walk(self, request: HttpRequest, changelist: Any) -> Walk:
        """The order of the queue."""
        return walk(request, changelist)

    def list_top(self, request: HttpRequest, changelist: Any) -> dict[str, Any]:
        """Tabs, what matches, when it was compared."""
        return {**list_top(request, changelist), "row_steps": row_steps(request.user)}

    def get_urls(self) -> list[URLPattern]:
        """With the glance at a row."""
        name = "reconciliation_reconciliationdiscrepancy_peek"
        return [path("<int:pk>/peek/", self.admin_site.admin_view(self.peek), name=name), *super().get_urls()]

    def exported(self, _request: HttpRequest, rows: list[Any]) -> list[Any]:
        """Rows with their people and the number of their cause, for a file."""
        prefetch_related_objects(rows, "proposed_by", "approved_by")
        members = CauseMember.objects.filter(discrepancy__in=[row.pk for row in rows])
        causes = dict(members.values_list("discrepancy_id", "cause_id"))
        for row in rows:
            row.cause_name = f"C-{causes[row.pk]}" if row.pk in causes else ""
        return rows

    def peek(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A glance at a row, for the list."""
        row = self.get_object(request, str(pk))
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        return TemplateResponse(request, "desk/peek.html", discrepancy_page(row))

    def found(self, request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """By number, or by a record it is about."""
        numbered = by_number(queryset, term, "D")
        return by_record(request, queryset, term) if numbered is None else numbered

    @display(description=gettext_lazy("Severity"))
    def severity_mark(self, row: ReconciliationDiscrepancy) -> SafeString:
        """Shape and word."""
        return severity_cell(row.severity)

    @display(description=gettext_lazy("What differs"))
    def what(self, row: ReconciliationDiscrepancy) -> SafeString:
        """The type, then the sentence."""
        text = sentence(row, zone_of(row))
        return format_html(
            '<span class="what" title="{}"><b>{}</b> <span>{}</span></span>', text, type_name(row.type), text
        )

    @display(description=gettext_lazy("Difference"))
    def difference(self, row: ReconciliationDiscrepancy) -> SafeString:
        """Provider less ours."""
        return amount_cell(row.difference_minor, row.currency, sign=True)

    @display(description=gettext_lazy("Ours"))
    def ours(self, row: ReconciliationDiscrepancy) -> SafeString:
        """Our amount."""
        facts = row.explanation.get("left")
        return amount_cell(facts["amount_minor"], facts["currency"]) if facts else amount_cell(None, "")

    @display(description=gettext_lazy("Provider"))
    def provider(self, row: ReconciliationDiscrepancy) -> SafeString:
        """The provider's amount."""
        facts = row.explanation.get("right")
        return amount_cell(facts["amount_minor"], facts["currency"]) if facts else amount_cell(None, "")

    @display(description=gettext_lazy("Customer, reference"))
    def party(self, row: ReconciliationDiscrepancy) -> SafeString:
        """Whose it is, and which."""
        left, right = row.explanation.get("left") or {}, row.explanation.get("right") or {}
        party = left.get("party") or right.get("party") or ""
        reference = right.get("key") or left.get("key") or left.get("own") or ""
        return format_html('<span class="party" title="{0} {1}">{0} <code>{1}</code></span>', party, reference)

    @display(description=gettext_lazy("Due"))
    def due(self, row: ReconciliationDiscrepancy) -> SafeString:
        """Until when; relative, since that is what matters here."""
        return due_cell(row, timezone.now())

    @display(description=gettext_lazy("Who"))
    def who(self, row: ReconciliationDiscrepancy) -> str:
        """Who works on it."""
        return row.assigned_to.get_username() if row.assigned_to else "–"

    @display(description=gettext_lazy("Status"))
    def step(self, row: ReconciliationDiscrepancy) -> SafeString:
        """Where it stands."""
        return status_cell(row.status)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row with the people and the organization its page names, in one query."""
        rows = self.get_queryset(request).select_related(
            "organization", "assigned_to", "proposed_by", "approved_by", "cause_member__cause"
        )
        number = row_number(object_id)
        return None if number is None else rows.filter(pk=number).first()

    def page(self, request: HttpRequest, obj: ReconciliationDiscrepancy) -> dict[str, Any]:
        """The whole discrepancy, and the steps this person may take now."""
        held = held_by(obj)
        return {
            **discrepancy_page(obj),
            "due": due_cell(obj, timezone.now()),
            "decisions": [pair_words(obj, left, right, verdict) for (left, right), verdict in held.items()],
            "steps": buttons_for(obj, request.user, held),
            "resolution": resolution(obj, request.user),
            "queue": reverse("admin:reconciliation_reconciliationdiscrepancy_changelist"),
        }
