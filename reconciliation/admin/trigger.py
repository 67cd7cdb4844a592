"""The form that triggers a run: an organization of one's own, a comparison, days in the organization's zone."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from billing.days import may_be_asked_for
from billing.models import Organization
from reconciliation.models.runs import COMPARISONS


class TriggerForm(forms.Form):
    """What to reconcile. `start` and `end` of the cleaned data are the half-open period."""

    organization = forms.ModelChoiceField(
        Organization.objects.none(), label=_("Organization"), empty_label=None, widget=UnfoldAdminSelectWidget
    )
    comparison = forms.ChoiceField(label=_("Comparison"), choices=COMPARISONS, widget=UnfoldAdminSelectWidget)
    first_day = forms.DateField(label=_("First day"), widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}))
    last_day = forms.DateField(
        label=_("Last day"),
        help_text=_("Included. Days begin and end at midnight in the organization's time zone."),
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
    )

    dry_run = forms.BooleanField(
        label=_("Dry run"),
        required=False,
        help_text=_("Works everything out and shows the result, and writes nothing."),
        widget=UnfoldBooleanSwitchWidget,
    )
    tolerance_minor = forms.IntegerField(
        label=_("Tolerance per pair (minor units)"),
        required=False,
        min_value=0,
        max_value=10**15,
        help_text=_(
            "For a dry run only: which differences would stay if amounts could lie this far apart? Left empty, the "
            "organization's own tolerance holds, as it does for every run that writes."
        ),
        widget=UnfoldAdminIntegerFieldWidget,
    )

    def __init__(self, *args: Any, organizations: list[int], **kwargs: Any) -> None:
        """Offers the given organizations only."""
        super().__init__(*args, **kwargs)
        field = self.fields["organization"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Organization.objects.filter(pk__in=organizations).order_by("name")

    def clean(self) -> dict[str, Any]:
        """Checks the days and adds the period."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, last, organization = cleaned.get("first_day"), cleaned.get("last_day"), cleaned.get("organization")
        for name, day in (("first_day", first), ("last_day", last)):
            if day and not may_be_asked_for(day):
                self.add_error(name, _("Choose a day between 2000 and 2199."))
        if first and last and last < first:
            self.add_error("last_day", _("The last day is before the first one. Choose the same day or a later one."))
        self.check_tolerance(organization)
        if not self.errors and organization and first and last:
            cleaned["start"], cleaned["end"] = period(organization, first, last)
        return cleaned

    def check_tolerance(self, organization: Organization | None) -> None:
        """A run that writes follows the organization's rules: a tolerance chosen for one run would close differences
        without a second person (requirement F4).
        """
        asked = self.cleaned_data.get("tolerance_minor")
        if organization is None or asked is None or self.cleaned_data.get("dry_run"):
            return
        if asked != organization.tolerance_minor:
            text = _(
                "A run that writes uses the organization's tolerance, %(own)d. Choose a dry run to try another one, or "
                "ask an owner to change the organization's."
            )
            self.add_error("tolerance_minor", text % {"own": organization.tolerance_minor})


def period(organization: Organization, first: date, last: date) -> tuple[datetime, datetime]:
    """`[start, end)` of the days `first` to `last`, both included, in the organization's zone."""
    zone = ZoneInfo(organization.timezone)
    return datetime.combine(first, time.min, zone), datetime.combine(last + timedelta(days=1), time.min, zone)


def suggestion(asked: dict[str, str], today: date) -> dict[str, Any]:
    """What the form holds when it opens: what the address asks for, else the seven days before today."""
    values: dict[str, Any] = {"first_day": today - timedelta(days=7), "last_day": today - timedelta(days=1)}
    return values | {name: value for name, value in asked.items() if name in TriggerForm.base_fields and value}
