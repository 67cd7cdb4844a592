"""Items: the result for each record or pair, current or as a run left it."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from billing.admin.amount_filter import AmountFilter
from billing.admin.base import EvidenceAdmin
from billing.admin.cells import amount_cell, code_cell, time_cell, zone_of
from billing.admin.filters import ChoiceFilter, CurrencyFilter, OrganizationFilter, period_filter
from reconciliation.core.schema import OUTCOMES
from reconciliation.models import ReconciliationItem
from reconciliation.wording import outcome_word

from .item_page import item_page
from .labels import outcome_cell, pass_words
from .lookup import by_number, by_record
from .queue_filters import ComparisonFilter
from .run_filters import ItemChangesFilter, OfRunFilter
from .sides import SIDES


class OutcomeFilter(ChoiceFilter):
    """What became of the records."""

    title = gettext_lazy("outcome")
    parameter_name = path = "outcome"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """All seven."""
        return [(outcome, outcome_word(outcome)) for outcome in OUTCOMES]


class EitherCurrencyFilter(CurrencyFilter):
    """The currency of either side."""

    parameter_name = "either_currency"

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Items with a record in that currency."""
        value = self.value()
        if not value:
            return queryset
        found = Q(left_currency=value) | Q(right_currency=value)
        return queryset.filter(found) if value in dict(self.lookup_choices) else queryset.none()


class EitherAmountFilter(AmountFilter):
    """The amount of either side."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Items with a record of such an amount."""
        if not any(self.used_parameters.values()):
            return queryset
        left, right = (self.condition(f"{side}_amount_minor", f"{side}_currency") for side in ("left", "right"))
        return queryset.none() if left is None or right is None else queryset.filter(left | right)


class VersionFilter(ChoiceFilter):
    """Results that hold now, or all there ever were."""

    title = gettext_lazy("versions")
    parameter_name = "versions"
    all_option = ["", gettext_lazy("Current")]
    options = (("all", gettext_lazy("all")), ("replaced", gettext_lazy("replaced")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Current ones, unless all are asked for or a run's own."""
        value = self.value()
        if value == "all" or request.GET.get("run"):
            return queryset
        return queryset.filter(closed_run__isnull=value != "replaced")


class RunFilter(OfRunFilter):
    """The items of a run as it left them; chosen, or reached from the run's report."""

    title = gettext_lazy("as of run")
    parameter_name = "run"

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Items of the run's period, in the state of its number."""
        if not self.value():
            return queryset
        run = self.run
        if run is None:
            return queryset.none()
        return queryset.filter(
            Q(closed_run__isnull=True) | Q(closed_run__gt=run.number),
            organization=run.organization_id,
            comparison=run.comparison,
            opened_run__lte=run.number,
            occurred_at__gte=run.period_start,
            occurred_at__lt=run.period_end,
        )


@admin.register(ReconciliationItem)
class ItemAdmin(EvidenceAdmin):
    """View-only."""

    page_template = "desk/item.html"
    list_display = (
        "name",
        "outcome_mark",
        "ours",
        "provider",
        "difference",
        "our_id",
        "provider_id",
        "matched_by",
        "occurred",
        "organization",
    )
    list_display_links = ("name",)
    list_select_related = ("organization",)
    list_filter = (
        OrganizationFilter,
        OutcomeFilter,
        ComparisonFilter,
        EitherCurrencyFilter,
        EitherAmountFilter,
        VersionFilter,
        RunFilter,
        period_filter("occurred_at", gettext_lazy("occurred")),
        ItemChangesFilter,
    )
    search_fields = ("pk",)
    search_help_text = gettext_lazy("Whole id: I-, ours, ch_, pi_, invoice, customer")
    ordering = ("-pk",)

    def found(self, request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """By number, or by a record it holds."""
        numbered = by_number(queryset, term, "I")
        return by_record(request, queryset, term) if numbered is None else numbered

    def completed(self, rows: list[Any]) -> list[Any]:
        """Adds both records' ids, in a query each."""
        for comparison in {row.comparison for row in rows}:
            some = [row for row in rows if row.comparison == comparison]
            left, right = SIDES[comparison]
            ours, theirs = left.names({row.left_id for row in some}), right.names({row.right_id for row in some})
            for row in some:
                row.left_name, row.right_name = ours.get(row.left_id, ""), theirs.get(row.right_id, "")
        return rows

    @display(description=gettext_lazy("Item"))
    def name(self, row: ReconciliationItem) -> str:
        """I-12."""
        return str(row)

    @display(description=gettext_lazy("Outcome"))
    def outcome_mark(self, row: ReconciliationItem) -> SafeString:
        """Shape and word."""
        return outcome_cell(row.outcome)

    @display(description=gettext_lazy("Ours"))
    def ours(self, row: ReconciliationItem) -> SafeString:
        """Our amount."""
        return amount_cell(row.left_amount_minor, row.left_currency)

    @display(description=gettext_lazy("Provider"))
    def provider(self, row: ReconciliationItem) -> SafeString:
        """The provider's amount."""
        return amount_cell(row.right_amount_minor, row.right_currency)

    @display(description=gettext_lazy("Difference"))
    def difference(self, row: ReconciliationItem) -> SafeString:
        """Provider less ours, in one currency only."""
        return difference_cell(row)

    @display(description=gettext_lazy("Our id"))
    def our_id(self, row: Any) -> SafeString:
        """Our record."""
        return code_cell(row.left_name)

    @display(description=gettext_lazy("Provider id"))
    def provider_id(self, row: Any) -> SafeString:
        """The provider's record."""
        return code_cell(row.right_name)

    @display(description=gettext_lazy("Matched by"))
    def matched_by(self, row: ReconciliationItem) -> str:
        """How they were found to belong together."""
        return pass_words(row.match_pass)

    @display(description=gettext_lazy("Occurred"))
    def occurred(self, row: ReconciliationItem) -> SafeString:
        """In the organization's zone."""
        return time_cell(row.occurred_at, zone_of(row))

    def page(self, _request: HttpRequest, obj: ReconciliationItem) -> dict[str, Any]:
        """Both sides next to each other."""
        return {"heading": _("Item %(item)s") % {"item": obj}, "difference": difference_cell(obj), **item_page(obj)}


def difference_cell(row: ReconciliationItem) -> SafeString:
    """Provider less ours; a dash where a side is missing or currencies differ."""
    left, right = row.left_amount_minor, row.right_amount_minor
    if left is None or right is None or row.left_currency != row.right_currency:
        return amount_cell(None, "")
    return amount_cell(right - left, row.left_currency, sign=True)
