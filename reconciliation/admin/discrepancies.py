"""Discrepancies: the queue and the page of one."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from billing.admin.base import EvidenceAdmin
from billing.admin.cells import amount_cell, date_cell, zone_of
from billing.admin.filters import ChoiceFilter, CurrencyFilter, OrganizationFilter, choice_filter, period_filter
from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.sentences import sentence, type_name

from .bulk_start import BULK_ACTIONS
from .discrepancy_page import discrepancy_page
from .labels import severity_cell, status_cell, type_choices
from .lookup import by_number, by_record
from .resolution import resolution
from .run_filters import ChangesFilter, PeriodOfRunFilter
from .steps import StepsMixin, buttons_for
from .today_filters import ShownFilter

Status = ReconciliationDiscrepancy.Status
UNRESOLVED = (Status.OPEN, Status.ACKNOWLEDGED, Status.PENDING_APPROVAL)


class StatusFilter(ChoiceFilter):
    """Where it stands; without a choice, everything that is not resolved."""

    title = gettext_lazy("status")
    parameter_name = "status"
    all_option = ["", gettext_lazy("Not resolved")]

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Each status, and all of them."""
        return [*Status.choices, ("all", _("all"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the status; a search looks at all of them."""
        value = self.value()
        if value == "all" or (not value and request.GET.get("q")):
            return queryset
        if value and value not in Status.values:
            return queryset.none()
        return queryset.filter(status__in=[value] if value else UNRESOLVED)


class TypeFilter(ChoiceFilter):
    """What differs."""

    title = gettext_lazy("type")
    parameter_name = path = "type"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Types with their names for people."""
        return type_choices()


@admin.register(ReconciliationDiscrepancy)
class DiscrepancyAdmin(StepsMixin, EvidenceAdmin):
    """Major first, then the oldest. Nothing is edited; steps of the workflow are taken in dialogs."""

    page_template = "desk/discrepancy.html"
    actions = BULK_ACTIONS
    list_display = ("severity_mark", "what", "difference", "ours", "provider", "party", "opened", "step")
    list_display_links = ("what",)
    list_select_related = ("organization",)
    list_filter = (
        OrganizationFilter,
        StatusFilter,
        TypeFilter,
        choice_filter("severity", gettext_lazy("severity"), ReconciliationDiscrepancy.Severity.choices),
        CurrencyFilter,
        period_filter("occurred_at", gettext_lazy("occurred")),
        ShownFilter,
        PeriodOfRunFilter,
        ChangesFilter,
    )
    search_fields = ("pk",)
    search_help_text = gettext_lazy("Whole id: D-, ours, ch_, pi_, invoice, customer")
    ordering = ("severity", "pk")

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

    @display(description=gettext_lazy("Opened"))
    def opened(self, row: ReconciliationDiscrepancy) -> SafeString:
        """The day, in the organization's zone."""
        return date_cell(row.opened_at, zone_of(row))

    @display(description=gettext_lazy("Status"))
    def step(self, row: ReconciliationDiscrepancy) -> SafeString:
        """Where it stands."""
        return status_cell(row.status)

    def page(self, request: HttpRequest, obj: ReconciliationDiscrepancy) -> dict[str, Any]:
        """The whole discrepancy, and the steps this person may take now."""
        return {
            **discrepancy_page(obj),
            "steps": buttons_for(obj, request.user),
            "resolution": resolution(obj, request.user),
            "queue": reverse("admin:reconciliation_reconciliationdiscrepancy_changelist"),
        }
