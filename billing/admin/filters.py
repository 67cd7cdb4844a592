"""Filters operators think in. None of them counts, and none names a row of another organization."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.admin import ListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.widgets import UnfoldAdminTextInputWidget

from billing.access import own_organizations

CODE = re.compile(r"[A-Z]{3}")
EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)
"""Days that every time zone and database can be trusted with; what is asked for beyond them begins or ends there."""


class ChoiceFilter(DropdownFilter):
    """One of a few values of a field, `path`."""

    path = ""
    title: Any = ""
    options: Iterable[tuple[str, Any]] = ()

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Value and name of each choice."""
        return list(self.options)

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows with the chosen value; none for a value that is no choice."""
        value = self.value()
        if not value:
            return queryset
        return queryset.filter(**{self.path: value}) if value in dict(self.lookup_choices) else queryset.none()

    def chip(self) -> str:
        """The chosen value as a chip says it."""
        value = self.value()
        return str(dict(self.lookup_choices).get(value, value)) if value else ""


def choice_filter(path: str, title: Any, options: Iterable[tuple[str, Any]]) -> type[ChoiceFilter]:
    """A filter class for a field with few values."""
    return type(
        "Chosen", (ChoiceFilter,), {"path": path, "parameter_name": path, "title": title, "options": list(options)}
    )


class OrganizationFilter(ChoiceFilter):
    """One of the user's organizations; left out when there is only one."""

    title = _("organization")
    parameter_name = "organization"
    path = "organization_id"

    def lookups(self, request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """The user's own organizations."""
        return [(str(row.pk), row.name) for row in own_organizations(request)]

    def has_output(self) -> bool:
        """Shown when there is a choice, or one was made."""
        return len(self.lookup_choices) > 1 or bool(self.value())


class CurrencyFilter(ChoiceFilter):
    """A currency code, typed in the address or chosen among those in use by the user's organizations."""

    title = _("currency")
    parameter_name = "currency"
    path = "currency"
    common = ("EUR", "USD", "GBP", "CHF", "JPY", "CAD", "AUD", "SEK", "NOK", "DKK", "PLN", "KWD")

    def lookups(self, request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """The organizations' own currencies first, then common ones, and whatever the address asks for."""
        codes = [
            *sorted({row.currency for row in own_organizations(request)}),
            *self.common,
            *(code for code in request.GET.getlist(self.parameter_name)[:1] if CODE.fullmatch(code)),
        ]
        return [(code, code) for code in dict.fromkeys(codes) if code]


class DaysForm(forms.Form):
    """Two days, typed or picked with the browser's own calendar."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        """Fields `<name>_from` and `<name>_to`."""
        super().__init__(**kwargs)
        for end, label in (("from", _("From")), ("to", _("To"))):
            widget = UnfoldAdminTextInputWidget(attrs={"type": "date", "aria-label": label, "title": label})
            self.fields[f"{name}_{end}"] = forms.DateField(label="", required=False, widget=widget)


class PeriodFilter(ListFilter):
    """Days from and to (both included), in the zone of the organization chosen, else of the user's first one.

    A subclass names the time field in `path`.
    """

    title: Any = _("period")
    template = "unfold/filters/filters_date_range.html"
    path = "occurred_at"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        """Takes its two parameters out of the address."""
        super().__init__(request, params, model, model_admin)
        self.request = request
        self.parameter_name = self.path
        for name in self.names():
            values = params.pop(name, None)
            if values:
                self.used_parameters[name] = values[-1] if isinstance(values, list) else values

    def names(self) -> tuple[str, str]:
        """The two names in the address."""
        return f"{self.path}_from", f"{self.path}_to"

    def expected_parameters(self) -> list[str | None]:
        """The names in the address, as Django asks for them."""
        return list(self.names())

    def has_output(self) -> bool:
        """Always offered."""
        return True

    def days(self) -> tuple[date | None, date | None]:
        """First and last day asked for; None where there is none or it is unreadable."""
        first, last = (_day(str(self.used_parameters.get(name, ""))) for name in self.names())
        return first, last

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the days asked for; none when a day is unreadable."""
        first, last = self.days()
        if any(self.used_parameters.values()) and first is None and last is None:
            return queryset.none()
        zone = reader_zone(request) if first or last else UTC
        if first:
            queryset = queryset.filter(**{f"{self.path}__gte": datetime.combine(max(first, EARLIEST), time.min, zone)})
        if last:
            following = date.fromordinal(min(max(last, EARLIEST), LATEST).toordinal() + 1)
            queryset = queryset.filter(**{f"{self.path}__lt": datetime.combine(following, time.min, zone)})
        return queryset

    def choices(self, _changelist: Any) -> Iterator[dict[str, Any]]:
        """The form of two days."""
        data = {name: self.used_parameters.get(name) for name in self.names()}
        yield {"request": self.request, "parameter_name": self.path, "form": DaysForm(name=self.path, data=data)}

    def chip(self) -> str:
        """The days as a chip says them."""
        first, last = (self.used_parameters.get(name) for name in self.names())
        return f"{first or '…'} – {last or '…'}" if first or last else ""


def period_filter(path: str, title: Any) -> type[PeriodFilter]:
    """A period filter on another time field."""
    return type("Period", (PeriodFilter,), {"path": path, "title": title})


def reader_zone(request: HttpRequest) -> ZoneInfo:
    """The zone in which days are meant: the chosen organization's, else the first one's of the user."""
    chosen = request.GET.get("organization", "")
    own = [row for row in own_organizations(request) if not chosen or str(row.pk) == chosen]
    return ZoneInfo(min(own, key=lambda row: row.pk).timezone if own else "UTC")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
