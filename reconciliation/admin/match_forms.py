"""What the dialogs for matching by hand ask for."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextInputWidget

from reconciliation.comparisons.decisions import verdicts
from reconciliation.workflow import InvalidStep

from .matching_by_hand import named_pair, pair_words
from .step_forms import ReasonForm


class MatchForm(ReasonForm):
    """The other record of a pair."""

    other = forms.CharField(label=gettext_lazy("Id of the other record"), widget=UnfoldAdminTextInputWidget)
    field_order = ("other", "reason")

    def prepare(self) -> None:
        """A candidate that was chosen on the page is filled in."""
        self.fields["other"].initial = self.request.GET.get("other", "")

    def clean_other(self) -> tuple[int, int]:
        """Both identities. Asks again for a record that there is not."""
        try:
            return named_pair(self.row, self.cleaned_data["other"])
        except InvalidStep as refusal:
            raise forms.ValidationError(str(refusal)) from None

    def given(self) -> dict[str, Any]:
        """With both identities."""
        left_id, right_id = self.cleaned_data["other"]
        return {**super().given(), "left_id": left_id, "right_id": right_id}


class ApartForm(ReasonForm):
    """The pair of the discrepancy itself."""

    def given(self) -> dict[str, Any]:
        """With both identities."""
        return {**super().given(), "left_id": self.row.left_id, "right_id": self.row.right_id}


class UndoForm(ReasonForm):
    """One of the decisions in force."""

    pair = forms.ChoiceField(label=gettext_lazy("Decision"), widget=UnfoldAdminRadioSelectWidget)
    field_order = ("pair", "reason")

    def prepare(self) -> None:
        """The decisions about the discrepancy's records."""
        row = self.row
        held = verdicts(row.organization_id, row.comparison, left_id=row.left_id, right_id=row.right_id)
        field = self.fields["pair"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [
                (f"{left}-{right}", pair_words(row, left, right, said)) for (left, right), said in held.items()
            ]
        field.initial = next((f"{left}-{right}" for left, right in held), None)

    def given(self) -> dict[str, Any]:
        """With both identities."""
        left, _dash, right = self.cleaned_data["pair"].partition("-")
        return {**super().given(), "left_id": int(left), "right_id": int(right)}
