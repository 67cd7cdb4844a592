"""The form that says whose statement lines are."""

from collections import defaultdict
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from billing.admin.cells import amount_cell, code_cell, time_cell, zone_of
from billing.admin.search import row_number
from billing.models import Organization

MOST = 200


def chosen_lines(lines: QuerySet[Any], asked: str) -> list[Any]:
    """The lines named in `asked` ("12,13"), else the newest nobody owns; at most `MOST`, withdrawn ones left out."""
    counting = lines.filter(current__excluded_reason="").select_related("organization").order_by("-pk")
    ids = [number for one in asked.split(",")[:MOST] if (number := row_number(one)) is not None]
    found = counting.filter(pk__in=ids) if asked else counting.filter(current__tenant=None)
    return list(found[:MOST])


class AttachForm(forms.Form):
    """Which lines, whose they are, and why."""

    lines = forms.MultipleChoiceField(
        label=_("Lines"), widget=forms.CheckboxSelectMultiple, error_messages={"required": _("Tick one line or more.")}
    )
    tenant = forms.ModelChoiceField(
        Organization.objects.none(), label=_("Belong to"), empty_label=None, widget=UnfoldAdminSelectWidget
    )
    reason = forms.CharField(
        label=_("Reason"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        max_length=5_000,
        help_text=_("Kept with each line and in the action log."),
    )

    def __init__(self, *args: Any, organizations: list[int], lines: list[Any], **kwargs: Any) -> None:
        """Offers the given lines and organizations only."""
        super().__init__(*args, **kwargs)
        self.found = {str(line.pk): line for line in lines}
        field, tenants = self.fields["lines"], self.fields["tenant"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = [(pk, line.external_id) for pk, line in self.found.items()]
        if isinstance(tenants, forms.ModelChoiceField):
            tenants.queryset = Organization.objects.filter(pk__in=organizations).order_by("name")

    def rows(self) -> list[dict[str, Any]]:
        """The lines as a table shows them, ticked as they were; all of a few are ticked at first."""
        ticked = set(self.data.getlist("lines")) if self.is_bound else set(self.found if len(self.found) <= 5 else ())  # type: ignore[attr-defined]
        return [
            {
                "pk": pk, "ticked": pk in ticked, "code": code_cell(line.external_id),
                "net": amount_cell(line.now_net_minor, line.now_currency),
                "created": time_cell(line.now_occurred_at, zone_of(line)),
                "source": code_cell(line.now_source_reference), "statement": line.organization.name,
            }
            for pk, line in self.found.items()
        ]  # fmt: skip

    def by_statement(self) -> dict[Organization, list[str]]:
        """Ids of the ticked lines, by the organization on whose statement they stand."""
        grouped: dict[Organization, list[str]] = defaultdict(list)
        for pk in self.cleaned_data["lines"]:
            line = self.found[pk]
            grouped[line.organization].append(line.external_id)
        return grouped
