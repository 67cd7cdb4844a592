"""Whose books, and when: what the view of the past asks for."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from billing.access import visible_to
from billing.models import Organization


class MomentForm(forms.Form):
    """Whose books, and when: a date and a time in the organization's zone."""

    organization = forms.ModelChoiceField(
        Organization.objects.none(),
        label=gettext_lazy("Organization"),
        empty_label=None,
        widget=UnfoldAdminSelectWidget,
    )
    at = forms.DateTimeField(
        label=gettext_lazy("As of"),
        input_formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"],
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local", "step": "1"}),
    )

    def __init__(self, data: Any, *, organizations: list[int]) -> None:
        """Offers the given organizations only."""
        super().__init__(data)
        field = self.fields["organization"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Organization.objects.filter(pk__in=organizations).order_by("name")

    def clean(self) -> dict[str, Any]:
        """The moment becomes one of the organization's zone, not later than now."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("organization") and cleaned.get("at"):
            zone = ZoneInfo(cleaned["organization"].timezone)
            try:
                moment = cleaned["at"].replace(tzinfo=zone).astimezone(UTC)
            except OverflowError:
                moment = timezone.now()
            cleaned["at"] = min(moment, timezone.now())
        return cleaned


def asked(request: HttpRequest) -> tuple[MomentForm, Organization | None, datetime]:
    """The form, and what it asks for: without an answer, the first organization now."""
    own = visible_to(request)
    first = Organization.objects.filter(pk__in=own).order_by("name").first()
    now = timezone.now()
    here = now.astimezone(ZoneInfo(first.timezone)) if first else now
    given = {"organization": first.pk if first else "", "at": here.strftime("%Y-%m-%dT%H:%M:%S")} | {
        name: value for name, value in request.GET.items() if value
    }
    form = MomentForm(given, organizations=own)
    if not form.is_valid():
        return form, None, now
    return form, form.cleaned_data["organization"], form.cleaned_data["at"]
