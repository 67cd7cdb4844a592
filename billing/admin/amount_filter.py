"""Amounts from and to, as people write them: 10.50 is 1,050 cents, 10.50 dinars of three decimals are 10,500."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.contrib.admin import ListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from billing.money import MAX_MINOR, currencies_with

USUAL = 2
OTHERS = (0, 3)


class AmountsForm(forms.Form):
    """Two amounts."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        """Fields `<name>_from` and `<name>_to`."""
        super().__init__(**kwargs)
        for end, label in (("from", _("From")), ("to", _("To"))):
            attributes = {"inputmode": "decimal", "aria-label": label, "placeholder": label}
            widget = UnfoldAdminTextInputWidget(attrs=attributes)
            self.fields[f"{name}_{end}"] = forms.CharField(label="", required=False, widget=widget)


class AmountFilter(ListFilter):
    """Rows whose amount, whatever its sign, lies between two amounts (both included), each in its own currency.

    A subclass names the column of minor units in `path` and that of the currency in `currency_path`.
    """

    title: Any = _("amount")
    template = "unfold/filters/filters_date_range.html"
    path = "amount_minor"
    currency_path = "currency"
    parameter_name = "amount"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        """Takes its two parameters out of the address."""
        super().__init__(request, params, model, model_admin)
        self.request = request
        for name in self.expected_parameters():
            values = params.pop(name, None)
            if values:
                self.used_parameters[name] = values[-1] if isinstance(values, list) else values

    def expected_parameters(self) -> list[str]:  # type: ignore[override]
        """The names in the address."""
        return [f"{self.parameter_name}_from", f"{self.parameter_name}_to"]

    def has_output(self) -> bool:
        """Always offered."""
        return True

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows in the range; none when an amount is unreadable."""
        if not any(self.used_parameters.values()):
            return queryset
        found = self.condition(self.path, self.currency_path)
        return queryset.none() if found is None else queryset.filter(found)

    def condition(self, path: str, currency_path: str) -> Q | None:
        """The range as a condition on columns of amounts and currencies; None when an amount is unreadable."""
        texts = [str(self.used_parameters.get(name, "")).strip() for name in self.expected_parameters()]
        least, most = (_amount(text) for text in texts)
        if (texts[0] and least is None) or (texts[1] and most is None):
            return None
        if not any(texts):
            return Q()
        unusual = [code for digits in OTHERS for code in currencies_with(digits)]
        found = ~Q(**{f"{currency_path}__in": unusual}) & between(path, least, most, USUAL)
        for digits in OTHERS:
            found |= Q(**{f"{currency_path}__in": currencies_with(digits)}) & between(path, least, most, digits)
        return found

    def choices(self, _changelist: Any) -> Iterator[dict[str, Any]]:
        """The form of two amounts."""
        data = {name: self.used_parameters.get(name) for name in self.expected_parameters()}
        form = AmountsForm(name=self.parameter_name, data=data)
        yield {"request": self.request, "parameter_name": self.parameter_name, "form": form}

    def chip(self) -> str:
        """The amounts as a chip says them."""
        first, last = (self.used_parameters.get(name) for name in self.expected_parameters())
        return f"{first or '…'} – {last or '…'}" if first or last else ""


def between(path: str, least: Decimal | None, most: Decimal | None, digits: int) -> Q:
    """The condition in minor units of `digits` decimals."""
    found = Q()
    if least is not None:
        minor = _minor(least, digits, up=True)
        found &= Q(**{f"{path}__gte": minor}) | Q(**{f"{path}__lte": -minor})
    if most is not None:
        minor = _minor(most, digits, up=False)
        found &= Q(**{f"{path}__lte": minor, f"{path}__gte": -minor})
    return found


def amount_filter(path: str, currency_path: str, title: Any) -> type[AmountFilter]:
    """An amount filter on other columns."""
    return type("Amounts", (AmountFilter,), {"path": path, "currency_path": currency_path, "title": title})


def _amount(text: str) -> Decimal | None:
    """An amount as typed, with a point or a comma; None where there is none or it is unreadable."""
    try:
        amount = Decimal(text.replace(" ", "").replace("\N{NO-BREAK SPACE}", "").replace(",", "."))
    except InvalidOperation:
        return None
    return abs(amount) if amount.is_finite() and abs(amount) < MAX_MINOR else None


def _minor(amount: Decimal, digits: int, *, up: bool) -> int:
    scaled = amount.scaleb(digits)
    whole = int(scaled)
    return whole + 1 if up and whole < scaled else whole
