"""The forms of signing in, in the desk's look."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from .lockout import client_address, one_at_a_time


class LoginForm(AuthenticationForm):
    """Name and password; the attempts of one name or address are checked one after the other."""

    request: Any

    def clean(self) -> dict[str, Any]:
        """Check the password. Raises ValidationError after the attempt has been counted and committed."""
        refused: ValidationError | None = None
        with one_at_a_time(str(self.cleaned_data.get("username", "")), client_address(self.request)):
            try:
                super().clean()
            except ValidationError as error:
                refused = error  # leaving the transaction by it would take the count back
        if refused is not None:
            raise refused
        return dict(self.cleaned_data)


class CodeForm(forms.Form):
    """A one-time code, or a recovery code."""

    code = forms.CharField(
        label=_("One-time code"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "autofocus": "", "spellcheck": "false", "autocapitalize": "none"}
        ),
    )
