"""What the dialogs of the workflow ask for. Each form knows the version that was looked at when it was opened."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import Q
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.forms import BaseDialogForm
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from billing.access import organization_ids
from billing.admin.cells import amount_cell, zone_of
from billing.admin.search import row_number
from billing.wording import time_text
from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.sentences import sentence
from reconciliation.workflow import InvalidStep, StaleDiscrepancy, StepRefused, check_can, codes_for

from .log_words import action_words, actor_words, change_words
from .resolution import resolution

TRIAGE = "triage_discrepancy"


class StepForm(BaseDialogForm):
    """A step that asks for nothing. Shows what it is about; after a refusal, why, with everything typed kept."""

    form_before_template = "desk/step_before.html"
    data: Any
    alone = False
    does: Any = ""
    action = ""
    signs = False  # decides about a proposal, and so shows it
    barred: StepRefused | None = None

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, request: HttpRequest, object_id: int | str | None = None, *args: Any, **kwargs: Any) -> None:
        """Reads the discrepancy, if it is one of the person's organizations; a 404 else."""
        super().__init__(request, object_id, *args, **kwargs)
        self.refusal: StepRefused | None = None
        self.row = read(request, object_id)
        self.fields["version"].initial = self.row.version
        self.prepare()
        if not self.is_bound and self.action:
            self.look_first()

    def look_first(self) -> None:
        """Says at once that the step is not possible now, rather than after somebody has written why."""
        try:
            check_can(self.action, self.row, self.request.user)
        except StepRefused as refusal:
            self.barred = self.refusal = refusal

    def prepare(self) -> None:
        """Sets up fields that depend on the discrepancy."""

    def given(self) -> dict[str, Any]:
        """What the step is taken with, besides who and when."""
        return {"expected_version": self.cleaned_data["version"]}

    def refuse(self, refusal: StepRefused) -> None:
        """Shows why the step was not taken. After a stale version the next try is made with what is shown now."""
        if isinstance(refusal, InvalidStep) and refusal.field in self.fields:
            self.add_error(refusal.field, str(refusal))
            return
        self.refusal = refusal
        self.row = read(self.request, self.object_id)
        self.data = self.data.copy()
        self.data["version"] = str(self.row.version)

    def get_before_template_context(self, request: HttpRequest, object_id: int | str | None = None) -> dict[str, Any]:
        """Amount and sentence, since the dialog covers them; what the step does; why it was refused."""
        row, zone, changes = self.row, zone_of(self.row), []
        if isinstance(self.refusal, StaleDiscrepancy):
            changes = [
                {
                    "who": actor_words(change.actor),
                    "what": action_words(change.action),
                    "when": time_text(change.at, zone),
                    "change": change_words(change.before, change.after),
                }
                for change in self.refusal.changes
            ]
        known = row.difference_minor is not None
        return {
            "row": row,
            "difference": amount_cell(row.difference_minor, row.currency, sign=True) if known else "",
            "sentence": sentence(row, zone),
            "does": "" if self.barred else self.does,
            "barred": self.barred,
            "proposal": resolution(row, request.user) if self.signs and not self.barred else None,
            "refusal": _("Changed meanwhile; nothing was saved.") if changes else self.refusal,
            "changes": changes,
        }


def read(request: HttpRequest, object_id: int | str | None) -> ReconciliationDiscrepancy:
    """The discrepancy, if it is one of the person's organizations. Raises Http404."""
    rows = ReconciliationDiscrepancy.objects.select_related("organization", "proposed_by", "assigned_to")
    number = row_number(str(object_id))
    own = rows.filter(organization__in=organization_ids(request.user))
    row = None if number is None else own.filter(pk=number).first()
    if row is None:
        raise Http404
    return row


def text_area(rows: int = 3) -> UnfoldAdminTextareaWidget:
    """Room for a few sentences."""
    return UnfoldAdminTextareaWidget(attrs={"rows": rows})


class ReasonForm(StepForm):
    """A step that asks why."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        widget=text_area(),
        help_text=gettext_lazy("The approver and the auditor read this. One sentence."),
    )

    def given(self) -> dict[str, Any]:
        """With the reason."""
        return {**super().given(), "reason": self.cleaned_data["reason"]}


class RejectForm(ReasonForm):
    """Sending a proposal back, with why."""

    signs = True


class RemarkForm(ReasonForm):
    """A step that may say why."""

    signs = True

    def prepare(self) -> None:
        """Nobody has to."""
        self.fields["reason"].required = False
        self.fields["reason"].label = _("Remark (optional)")
        self.fields["reason"].help_text = ""


class NoteForm(StepForm):
    """A note."""

    text = forms.CharField(
        label=gettext_lazy("Note"), widget=text_area(5), help_text=gettext_lazy("Markdown: **bold**, *italic*, - list.")
    )

    def given(self) -> dict[str, Any]:
        """Only the text: notes go with any version."""
        return {"text": self.cleaned_data["text"]}


class ToMeForm(StepForm):
    """Taking it oneself."""

    def given(self) -> dict[str, Any]:
        """To whoever asks."""
        return {**super().given(), "to": self.request.user}


class AssignForm(StepForm):
    """Giving it to somebody."""

    to = forms.ModelChoiceField(
        User.objects.none(),
        label=gettext_lazy("Who"),
        required=False,
        empty_label=gettext_lazy("Nobody"),
        widget=UnfoldAdminSelectWidget,
    )

    def prepare(self) -> None:
        """Members of the organization who may work on discrepancies."""
        can = Q(groups__permissions__codename=TRIAGE) | Q(user_permissions__codename=TRIAGE) | Q(is_superuser=True)
        people = User.objects.filter(
            can, Q(is_superuser=True) | Q(memberships__organization=self.row.organization_id), is_active=True
        )
        field = self.fields["to"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = people.order_by("username").distinct()
        field.initial = self.row.assigned_to_id

    def given(self) -> dict[str, Any]:
        """With the person, or nobody."""
        return {**super().given(), "to": self.cleaned_data["to"]}


class ProposalForm(ReasonForm):
    """A resolution and why. Duplicates have a step of their own."""

    code = forms.ChoiceField(label=gettext_lazy("Resolution"), widget=UnfoldAdminSelectWidget)
    field_order = ("code", "reason")

    def prepare(self) -> None:
        """The codes that fit; one's own proposal when it is revised."""
        codes = [code for code in codes_for(self.row, alone=self.alone) if not code.names_other]
        field = self.fields["code"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", _("Choose…")), *((code.code, code.title) for code in codes)]
        field.initial, self.fields["reason"].initial = self.row.resolution_code, self.row.resolution_reason

    def given(self) -> dict[str, Any]:
        """With the code."""
        return {**super().given(), "code": self.cleaned_data["code"]}


class CloseForm(ProposalForm):
    """Closing alone, below the threshold."""

    alone = True


class DuplicateForm(ReasonForm):
    """Which one stays."""

    duplicate_of = forms.RegexField(
        r"^\s*(?:[Dd]-)?\d{1,18}\s*$",
        label=gettext_lazy("The discrepancy that stays"),
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "D-12"}),
        error_messages={"invalid": gettext_lazy("Write its number: D-12.")},
    )
    field_order = ("duplicate_of", "reason")

    def given(self) -> dict[str, Any]:
        """With its number."""
        number = int(self.cleaned_data["duplicate_of"].strip().upper().removeprefix("D-"))
        return {**super().given(), "duplicate_of": number}
