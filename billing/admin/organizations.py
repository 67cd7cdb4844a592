"""Organizations with their matching rules, editable by owners."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from billing.models import Organization
from billing.organizations import OrganizationInvalid, check_organization, save_organization
from billing.wording import hours_text

from .balance import balance_page
from .base import DeskAdmin

IDENTITY = ("slug", "name", "timezone", "currency")
STRIPE = ("stripe_account", "livemode", "reference_keys")
RULES = (
    "refunds",
    "grace_seconds",
    "match_window_seconds",
    "duplicate_window_seconds",
    "tolerance_minor",
    "tolerance_ppm",
)


def without_slug(values: dict[str, Any]) -> dict[str, Any]:
    """All values but the short name."""
    return {name: value for name, value in values.items() if name != "slug"}


class OrganizationForm(forms.ModelForm):
    """Reference keys as a list of names; the rest is checked where it is stored."""

    reference_keys = forms.CharField(
        label=_("Reference keys"),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_(
            "Metadata keys that carry your own reference, best first, separated by commas: order_id, invoice_id"
        ),
    )

    class Meta:
        model = Organization
        fields = [*IDENTITY, *STRIPE, *RULES]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Shows the stored list as text."""
        super().__init__(*args, **kwargs)
        if "reference_keys" in self.fields:
            self.initial["reference_keys"] = ", ".join(self.instance.reference_keys or [])

    def clean_reference_keys(self) -> list[str]:
        """The names typed."""
        return [name.strip() for name in self.cleaned_data["reference_keys"].split(",") if name.strip()]

    def clean(self) -> dict[str, Any]:
        """Asks the rules of storing, so that what they refuse is said beside the form."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                check_organization(
                    Organization(slug=cleaned.get("slug") or self.instance.slug, **without_slug(cleaned))
                )
            except OrganizationInvalid as problem:
                raise forms.ValidationError(str(problem).splitlines()) from problem
        return cleaned


@admin.register(Organization)
class OrganizationAdmin(DeskAdmin):
    """Owners change their own organizations; only a superuser adds one."""

    organization_path = "pk"
    form = OrganizationForm
    list_display = ("name", "slug", "timezone", "currency", "stripe_account", "livemode", "grace_hours")
    search_fields = ("slug",)
    search_help_text = _("Whole short name")
    ordering = ("slug",)
    fieldsets = (
        (None, {"fields": IDENTITY}),
        (_("Stripe"), {"fields": STRIPE}),
        (_("Matching rules"), {"fields": RULES}),
    )

    def get_urls(self) -> list[URLPattern]:
        """With the page of the balance."""
        page = self.admin_site.admin_view(partial(balance_page, site=self.admin_site))
        return [path("balance/", page, name="billing_balance"), *super().get_urls()]

    def found(self, _request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """By short name."""
        return queryset.filter(slug=term.lower())

    @admin.display(description=_("Grace period"))
    def grace_hours(self, row: Organization) -> str:
        """In hours."""
        return hours_text(row.grace_seconds)

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """An organization keeps its books."""
        return False

    def get_readonly_fields(self, _request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The short name is in addresses and secrets: it stays."""
        return ("slug",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Organization, form: Any, _change: bool) -> None:
        """Stores through the same function as the command, which also looks for new reference keys in what is here."""
        fields = {name: form.cleaned_data[name] for name in form.changed_data if name != "slug"}
        try:
            saved = save_organization(slug=obj.slug, fields=fields, now=timezone.now())
        except OrganizationInvalid as problem:
            messages.error(request, str(problem))
            return
        obj.pk = saved.organization.pk
