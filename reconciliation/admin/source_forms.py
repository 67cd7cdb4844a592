"""Forms of work on the sources: for which organization, which days, and why."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from billing.days import may_be_asked_for
from billing.models import Organization


class ReasonForm(forms.Form):
    """Why something is done."""

    reason = forms.CharField(
        label=_("Reason"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        max_length=5_000,
        help_text=_("Kept with the withdrawal and in the action log."),
    )


class SweepForm(forms.Form):
    """Which organization to sweep."""

    organization = forms.ModelChoiceField(
        Organization.objects.none(), label=_("Organization"), empty_label=None, widget=UnfoldAdminSelectWidget
    )

    def __init__(self, *args: Any, organizations: list[int], **kwargs: Any) -> None:
        """Offers the given organizations only."""
        super().__init__(*args, **kwargs)
        field = self.fields["organization"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Organization.objects.filter(pk__in=organizations).order_by("name")


class MissingForm(SweepForm):
    """Which days to look for missing payments in. `parameters` of the cleaned data are the half-open period."""

    first_day = forms.DateField(
        label=_("First day"), required=False, widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text=_("Empty: thirty days ago, or when the last event came in if that is longer ago."),
    )  # fmt: skip
    last_day = forms.DateField(
        label=_("Last day"), required=False, widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text=_("Included; empty: today. Days begin at midnight in the organization's time zone."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Checks the days and adds the period."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        for name, day in (("first_day", first), ("last_day", last)):
            if day and not may_be_asked_for(day):
                self.add_error(name, _("Choose a day between 2000 and 2199."))
        if first and last and last < first:
            self.add_error("last_day", _("The last day is before the first one. Choose the same day or a later one."))
        if last and not first:
            self.add_error("first_day", _("Choose the first day as well."))
        organization = cleaned.get("organization")
        if organization and not self.errors:
            zone = ZoneInfo(organization.timezone)
            after = last + timedelta(days=1) if last else None
            days = {"from": first, "to": after}
            cleaned["parameters"] = {
                name: datetime.combine(day, time.min, zone).isoformat() for name, day in days.items() if day
            }
        return cleaned
