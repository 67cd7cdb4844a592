"""What a bulk step asks for before it begins, and the number to type where it is large."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from reconciliation.bulk import TYPE_ABOVE, BulkRefused
from reconciliation.models import BulkAction
from reconciliation.workflow import BY_ACTION, CODES
from reconciliation.workflow.triaging import may_be_given

Action = BulkAction.Action


class BulkForm(forms.Form):
    """Reason, resolution, person, number: those that the step asks for."""

    code = forms.ChoiceField(label=gettext_lazy("Resolution"), widget=UnfoldAdminSelectWidget)
    to = forms.ChoiceField(label=gettext_lazy("Who"), required=False, widget=UnfoldAdminSelectWidget)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}), max_length=5_000
    )
    number = forms.IntegerField(
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"})
    )

    def __init__(self, bulk: BulkAction, data: Any = None) -> None:
        """Keeps the fields the step asks for, with what was given before."""
        super().__init__(data, initial={**bulk.given, "to": bulk.given.get("to") or ""})
        self.bulk, step = bulk, BY_ACTION[bulk.action]
        if not step.needs_code:
            del self.fields["code"]
        if bulk.action != Action.ASSIGN:
            del self.fields["to"]
        if not step.needs_reason:
            del self.fields["reason"]
        if bulk.rows_to_work <= TYPE_ABOVE:
            del self.fields["number"]
        self.set_up()

    def set_up(self) -> None:
        """The choices, and the number to type."""
        code, to, number = (self.fields.get(name) for name in ("code", "to", "number"))
        if isinstance(code, forms.ChoiceField):
            codes = [(each.code, each.title) for each in CODES if not each.names_other]
            code.choices = [("", _("Choose…")), *codes]
        if isinstance(to, forms.ChoiceField):
            to.choices = [("", _("Nobody")), *people(self.bulk)]
        if number is not None:
            number.label = _("Type %(n)s to go on") % {"n": self.bulk.rows_to_work}
        if self.bulk.action == Action.ANNOTATE:
            self.fields["reason"].label = _("Note")

    def given(self) -> dict[str, Any]:
        """What the step is taken with."""
        return {name: self.cleaned_data[name] for name in ("code", "to", "reason") if name in self.cleaned_data}

    def refuse(self, refusal: BulkRefused) -> None:
        """Shows why it does not begin, at the field it is about."""
        self.add_error(refusal.field if refusal.field in self.fields else None, str(refusal))


def people(bulk: BulkAction) -> list[tuple[str, str]]:
    """Who may work on every row."""
    own = list(bulk.organizations.values_list("pk", flat=True))
    users = User.objects.filter(is_active=True, memberships__organization__in=own).distinct().order_by("username")
    return [(str(user.pk), user.get_username()) for user in users if all(may_be_given(pk, user) for pk in own)]
