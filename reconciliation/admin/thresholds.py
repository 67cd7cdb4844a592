"""Closing thresholds, set by owners for their own organizations. Every change is in the action log."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from billing.access import visible_to
from billing.admin.base import DeskAdmin
from billing.admin.cells import amount_cell
from billing.admin.filters import OrganizationFilter
from billing.models import Organization
from billing.money import MoneyError, format_minor, known_currency, parse_amount
from reconciliation.models import ClosingThreshold
from reconciliation.workflow import StepRefused
from reconciliation.workflow.thresholds import MAX_LIMIT_MINOR, set_threshold


class ThresholdForm(forms.ModelForm):
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

    def clean_currency(self) -> str:
        """A currency of the table, in upper case."""
        try:
            return known_currency(self.cleaned_data["currency"])
        except MoneyError as problem:
            raise forms.ValidationError(str(problem)) from None

    def clean(self) -> dict[str, Any]:
        """Reads the limit in the currency's own digits."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        currency = cleaned.get("currency") or self.instance.currency
        if cleaned.get("limit") and currency:
            try:
                cleaned["limit_minor"] = parse_amount(cleaned["limit"], currency)
            except MoneyError as problem:
                self.add_error("limit", str(problem))
            else:
                if not 0 <= cleaned["limit_minor"] <= MAX_LIMIT_MINOR:
                    self.add_error("limit", gettext_lazy("Write an amount of 0 or more."))
        return cleaned


@admin.register(ClosingThreshold)
class ThresholdAdmin(DeskAdmin):
    """Without a row two people are always needed."""

    form = ThresholdForm
    fields = ("organization", "currency", "limit")
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

    def get_readonly_fields(self, _request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Only the limit of a stored threshold changes."""
        return ("organization", "currency") if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Own organizations only."""
        if db_field.name == "organization":
            kwargs["queryset"] = Organization.objects.filter(pk__in=visible_to(request)).order_by("name")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: ClosingThreshold, form: Any, _change: bool) -> None:
        """Through the domain function, which writes the log."""
        self._set(request, obj, form.cleaned_data["limit_minor"])
        obj.pk = ClosingThreshold.objects.get(organization=obj.organization, currency=obj.currency).pk

    def delete_model(self, request: HttpRequest, obj: ClosingThreshold) -> None:
        """Through the domain function, which writes the log."""
        self._set(request, obj, None)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ClosingThreshold]) -> None:
        """One by one."""
        for row in queryset.select_related("organization"):
            self._set(request, row, None)

    def _set(self, request: HttpRequest, row: ClosingThreshold, limit_minor: int | None) -> None:
        try:
            set_threshold(
                organization=row.organization, currency=row.currency, limit_minor=limit_minor,
                by=request.user, now=timezone.now(), request_id=getattr(request, "request_id", ""),  # type: ignore[arg-type]
            )  # fmt: skip
        except StepRefused as refusal:
            raise PermissionDenied(str(refusal)) from None
