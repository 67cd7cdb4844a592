"""Closing thresholds, set by owners for their own organizations. Every change is in the action log."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from billing.admin.cells import amount_cell
from billing.admin.filters import OrganizationFilter
from billing.money import format_minor
from reconciliation.models import ClosingThreshold
from reconciliation.workflow.thresholds import MAX_LIMIT_MINOR, set_threshold

from .own_rules import OwnRulesAdmin, OwnRulesForm, denied_where_refused


class ThresholdForm(OwnRulesForm):
    """The limit as an amount of the currency."""

    limit = forms.CharField(
        label=gettext_lazy("Limit"),
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text=gettext_lazy("Differences up to this amount, either way, may be closed by one manager: 10.00"),
    )

    class Meta:
        model = ClosingThreshold
        fields = ("organization", "currency")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Shows the stored limit as an amount."""
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["limit"] = format_minor(self.instance.limit_minor, self.instance.currency)

    def clean(self) -> dict[str, Any]:
        """Reads the limit in the currency's own digits."""
        super().clean()
        self.read_amount("limit", most=MAX_LIMIT_MINOR)
        return self.cleaned_data


@admin.register(ClosingThreshold)
class ThresholdAdmin(OwnRulesAdmin):
    """Without a row two people are always needed."""

    nothing_yet = gettext_lazy(
        "Every resolution needs two people. A threshold is an amount up to which one manager is enough; owners set it."
    )
    form = ThresholdForm
    about = ("organization", "currency")
    fields = (*about, "limit")
    list_display = ("currency", "limit_amount", "organization")
    list_select_related = ("organization",)
    list_filter = (OrganizationFilter,)
    search_fields = ("currency",)
    search_help_text = gettext_lazy("Currency: EUR")
    ordering = ("organization_id", "currency")

    def found(self, _request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """By currency."""
        return queryset.filter(currency=term.upper())

    @display(description=gettext_lazy("Limit"))
    def limit_amount(self, row: ClosingThreshold) -> SafeString:
        """With its currency."""
        return amount_cell(row.limit_minor, row.currency)

    def save_model(self, request: HttpRequest, obj: ClosingThreshold, form: Any, _change: bool) -> None:
        """Through the domain function, which writes the log."""
        self._set(request, obj, form.cleaned_data["limit_minor"])
        obj.pk = ClosingThreshold.objects.get(organization=obj.organization, currency=obj.currency).pk

    def delete_model(self, request: HttpRequest, obj: ClosingThreshold) -> None:
        """Through the domain function, which writes the log."""
        self._set(request, obj, None)

    def _set(self, request: HttpRequest, row: ClosingThreshold, limit_minor: int | None) -> None:
        with denied_where_refused():
            set_threshold(
                organization=row.organization, currency=row.currency, limit_minor=limit_minor,
                by=request.user, now=timezone.now(), request_id=getattr(request, "request_id", ""),  # type: ignore[arg-type]
            )  # fmt: skip
