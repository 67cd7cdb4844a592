"""The steps of the workflow as buttons with dialogs: shown to whoever may take them now, checked again when taken."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from reconciliation import workflow
from reconciliation.comparisons import COMPARISONS
from reconciliation.comparisons.decisions import verdicts
from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.workflow import StepRefused, UnknownDiscrepancy
from reconciliation.workflow.checks import check_who

from . import match_forms
from . import step_forms as forms
from .log_words import action_words
from .sidebar import count_again
from .step_forms import read

NOTHING = gettext_lazy("No ledger row changes.")
NEXT_RUN = gettext_lazy("The next run follows it. No ledger row changes.")


@dataclass(frozen=True)
class Button:
    """A step on the page: its name, the table's action, its words, the dialog's form, the key that opens it."""

    name: str
    action: str
    title: Any
    does: Any
    form: type[forms.StepForm]
    key: str = ""
    submit: Any = ""
    first: bool = True  # else in the menu
    primary: bool = False

    @property
    def method(self) -> str:
        """The admin's method, and the name of its address."""
        return f"step_{self.name}"


BUTTONS = (
    Button(
        "acknowledge", "acknowledge", gettext_lazy("Acknowledge"), gettext_lazy("You take it in charge."),
        forms.StepForm, "a",
    ),
    Button(
        "assign_me", "assign", gettext_lazy("Assign to me"), gettext_lazy("It moves to your queue."),
        forms.ToMeForm, "m",
    ),
    Button(
        "propose", "propose", gettext_lazy("Propose a resolution"),
        gettext_lazy("A manager other than you approves it."), forms.ProposalForm, "p",
        gettext_lazy("Send for approval"), primary=True,
    ),
    Button(
        "approve", "approve", gettext_lazy("Approve"), "",
        forms.RemarkForm, "y", primary=True,
    ),
    Button("reject", "reject", gettext_lazy("Reject"), gettext_lazy("It goes back to work."), forms.RejectForm, "x"),
    Button(
        "revise", "revise", gettext_lazy("Revise the proposal"), gettext_lazy("A manager other than you approves it."),
        forms.ProposalForm, "p", gettext_lazy("Send for approval"),
    ),
    Button(
        "withdraw", "withdraw", gettext_lazy("Withdraw the proposal"), gettext_lazy("It goes back to work."),
        forms.StepForm,
    ),
    Button("annotate", "annotate", gettext_lazy("Add a note"), NOTHING, forms.NoteForm, "n"),
    Button("assign", "assign", gettext_lazy("Assign"), NOTHING, forms.AssignForm, "i", first=False),
    Button(
        "mark_investigated", "mark_investigated", gettext_lazy("Mark as investigated"), NOTHING, forms.ReasonForm,
        first=False,
    ),
    Button(
        "close", "close", gettext_lazy("Close alone"), gettext_lazy("The difference lies below your threshold."),
        forms.CloseForm, first=False,
    ),
    Button(
        "dismiss_duplicate", "dismiss_duplicate", gettext_lazy("Dismiss as a duplicate"),
        gettext_lazy("A manager other than you approves it."), forms.DuplicateForm, "",
        gettext_lazy("Send for approval"), first=False,
    ),
    Button("match", "match", gettext_lazy("Match by hand"), NEXT_RUN, match_forms.MatchForm, first=False),
    Button("unmatch", "unmatch", gettext_lazy("Keep apart"), NEXT_RUN, match_forms.ApartForm, first=False),
    Button("undo_match", "undo_match", gettext_lazy("Undo the decision"), NEXT_RUN, match_forms.UndoForm, first=False),
    Button(
        "requeue", "requeue", gettext_lazy("Requeue"),
        gettext_lazy("It is open again; an adjustment entry is taken back by another one."), forms.ReasonForm, "r",
        first=False,
    ),
)  # fmt: skip
TICKS = "x"
"""The key that ticks a row in the list, and rejects on the pages of a proposal."""
BY_NAME = {button.name: button for button in BUTTONS}


class StepsMixin:
    """Gives a ModelAdmin of discrepancies its dialogs. Their methods are made from `BUTTONS` below."""

    actions_detail = tuple(button.method for button in BUTTONS)

    def take_step(self, request: HttpRequest, form: forms.StepForm, object_id: str, button: Button) -> HttpResponse:
        """Takes the step and has the page read again; refused, shows the dialog once more with why."""
        who = {"by": request.user, "now": timezone.now(), "request_id": getattr(request, "request_id", "")}
        try:
            getattr(workflow, button.action)(discrepancy_id=form.row.pk, **who, **form.given())
        except UnknownDiscrepancy:
            raise Http404 from None
        except StepRefused as refusal:
            form.refuse(refusal)
            dialog = dialog_of(button)
            context = {"dialog": dialog, "form": form, "form_submit_text": dialog["form_submit_text"]}
            return render(request, "unfold/helpers/dialog.html", context)
        count_again(request)
        done = action_words(workflow.BY_ACTION[button.action].logs)
        messages.success(request, _("%(discrepancy)s: %(done)s.") % {"discrepancy": form.row, "done": done})
        return HttpResponse(headers={"HX-Refresh": "true"})


def dialog_of(button: Button) -> dict[str, Any]:
    """The dialog in Unfold's terms; what the step does is told under the evidence, by the form."""
    told = {"does": button.does, "action": button.action}
    form_class = type(f"{button.form.__name__}Of{button.name}", (button.form,), told)
    return {
        "title": button.title,
        "description": "",
        "form_class": form_class,
        "form_submit_text": button.submit or button.title,
    }


def step_action(button: Button) -> Any:
    """The admin's method for a button."""

    def step(self: StepsMixin, request: HttpRequest, form: forms.StepForm, object_id: str) -> HttpResponse:
        return self.take_step(request, form, object_id, button)

    step.__name__ = button.method
    path = button.name.replace("_", "-")
    return action(description=button.title, url_path=path, permissions=[button.name], dialog=dialog_of(button))(step)


def permission(button: Button) -> Any:
    """Who may take the step at all; when is checked by the step itself, which can say what happened meanwhile."""

    def has_permission(_self: Any, request: HttpRequest, object_id: str | None = None) -> bool:
        if object_id is None:
            return bool(request.user.has_perm(workflow.BY_ACTION[button.action].permission))
        try:
            check_who(workflow.BY_ACTION[button.action], read(request, object_id), request.user)  # type: ignore[arg-type]
        except StepRefused:
            return False
        return True

    return has_permission


for each in BUTTONS:
    setattr(StepsMixin, each.method, step_action(each))
    setattr(StepsMixin, f"has_{each.name}_permission", permission(each))


def held_by(row: ReconciliationDiscrepancy) -> dict[tuple[int, int], str]:
    """What people decided about the records of a discrepancy, in force: pair → verdict."""
    if COMPARISONS[row.comparison].identities is None:
        return {}
    return verdicts(row.organization_id, row.comparison, left_id=row.left_id, right_id=row.right_id)


def buttons_for(row: ReconciliationDiscrepancy, user: Any, held: Any = None) -> dict[str, Any]:
    """The buttons that `user` may press now: those beside the heading, and those in the menu; and their addresses.

    `held`: the decisions about its records, where they have been read already.
    """
    actions = {step.action for step in workflow.next_steps(row, user)}
    if COMPARISONS[row.comparison].identities is None:
        actions -= {"match", "unmatch", "undo_match"}
    elif not (row.left_id and row.right_id):
        actions.discard("unmatch")
    if "undo_match" in actions and not (held_by(row) if held is None else held):
        actions.discard("undo_match")
    if row.assigned_to_id == user.pk:
        shown = [button for button in BUTTONS if button.action in actions and button.name != "assign_me"]
    else:
        shown = [button for button in BUTTONS if button.action in actions]
    prefix = "admin:reconciliation_reconciliationdiscrepancy"
    links: list[dict[str, Any]] = [
        {"button": button, "url": reverse(f"{prefix}_{button.method}", args=[row.pk])} for button in shown
    ]
    return {
        "first": [link for link in links if link["button"].first],
        "more": [link for link in links if not link["button"].first],
        "choose": next((link["url"] for link in links if link["button"].name == "match"), ""),
    }


def row_steps(user: Any) -> list[dict[str, Any]]:
    """The steps with a key that `user` may ever take, and the address of each but for the row's number (0)."""
    prefix = "admin:reconciliation_reconciliationdiscrepancy"
    allowed = [
        step
        for step in BUTTONS
        if step.key not in ("", TICKS) and user.has_perm(workflow.BY_ACTION[step.action].permission)
    ]
    first = {step.key: step for step in reversed(allowed)}
    return [
        {"button": step, "url": reverse(f"{prefix}_{step.method}", args=[0])}
        for step in allowed
        if first[step.key] is step
    ]
