"""What pages of rules share: owners set rules for their own organizations, through a domain function that logs them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from billing.access import visible_to
from billing.admin.base import DeskAdmin
from billing.models import Organization
from billing.money import MoneyError, known_currency, parse_amount
from reconciliation.workflow import StepRefused


class OwnRulesForm(forms.ModelForm):
    """A rule about a currency, with amounts in the currency's own digits."""

    def clean_currency(self) -> str:
        """A currency of the table, in upper case."""
        try:
            return known_currency(self.cleaned_data["currency"])
        except MoneyError as problem:
            raise forms.ValidationError(str(problem)) from None

    def read_amount(self, name: str, *, most: int, unsaid: int = 0) -> None:
        """Reads the text of a field into `<name>_minor` of the cleaned data: 0 to `most` minor units, `unsaid` where
        the field is empty. What it cannot be is an error of the field.
        """
        text, currency = self.cleaned_data.get(name), self.cleaned_data.get("currency") or self.instance.currency
        try:
            minor = parse_amount(text, currency) if text and currency else unsaid
        except MoneyError as problem:
            self.add_error(name, str(problem))
            return
        if 0 <= minor <= most:
            self.cleaned_data[f"{name}_minor"] = minor
        else:
            self.add_error(name, gettext_lazy("Write an amount of 0 or more."))


class OwnRulesAdmin(DeskAdmin):
    """Rules of one's own organizations."""

    about: tuple[str, ...] = ()
    """The fields that tell what a rule is for; of a stored one they do not change."""

    def get_readonly_fields(self, _request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What a stored rule is for."""
        return self.about if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Own organizations only."""
        if db_field.name == "organization":
            kwargs["queryset"] = Organization.objects.filter(pk__in=visible_to(request)).order_by("name")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """One by one."""
        for row in queryset.select_related("organization"):
            self.delete_model(request, row)


@contextmanager
def denied_where_refused() -> Iterator[None]:
    """What the domain function refuses is denied."""
    try:
        yield
    except StepRefused as refusal:
        raise PermissionDenied(str(refusal)) from None
