"""Fee terms: what was agreed that the provider takes, set by owners. Every change is in the action log."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from billing.admin.cells import amount_cell
from billing.admin.filters import CurrencyFilter, OrganizationFilter
from billing.money import format_minor
from billing.wording import decimal_text
from reconciliation.core.fees import Terms, parse_rate, rate_text
from reconciliation.models import FeeTerms
from reconciliation.workflow.fee_terms import MAX_MINOR, PERMISSION, set_terms

from .own_rules import OwnRulesAdmin, OwnRulesForm, denied_where_refused

SEES = "billing.view_organization"
DECIMAL = {"inputmode": "decimal"}


class FeeTermsForm(OwnRulesForm):
    """The rate in percent, amounts in the currency's own digits."""

    rate = forms.CharField(
        label=gettext_lazy("Rate, percent"), initial="0", widget=UnfoldAdminTextInputWidget(attrs=DECIMAL),
        help_text=gettext_lazy("Share of each payment that Stripe takes: 1.5"),
    )  # fmt: skip
    fixed = forms.CharField(
        label=gettext_lazy("Fixed amount"), initial="0", widget=UnfoldAdminTextInputWidget(attrs=DECIMAL),
        help_text=gettext_lazy("What Stripe takes of each payment besides: 0.25"),
    )  # fmt: skip
    tolerance = forms.CharField(
        label=gettext_lazy("Tolerance"), required=False, widget=UnfoldAdminTextInputWidget(attrs=DECIMAL),
        help_text=gettext_lazy("How far a fee may lie apart; left empty: the smallest unit, for rounding."),
    )  # fmt: skip

    class Meta:
        model = FeeTerms
        fields = ("organization", "currency", "line_type")
        help_texts = {
            "currency": gettext_lazy("The currency that payments settle in: EUR"),
            "line_type": gettext_lazy("charge: cards; payment: other ways to pay; left empty: all others."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Shows what is stored as people write it."""
        super().__init__(*args, **kwargs)
        row = self.instance
        if row.pk:
            self.initial["rate"] = rate_text(row.rate_ppm)
            self.initial["fixed"] = format_minor(row.fixed_minor, row.currency)
            self.initial["tolerance"] = format_minor(row.tolerance_minor, row.currency)

    def clean_line_type(self) -> str:
        """The provider's word, without blanks around it."""
        return str(self.cleaned_data["line_type"]).strip()

    def clean_rate(self) -> str:
        """A percentage."""
        text = str(self.cleaned_data["rate"])
        if parse_rate(text) is None:
            raise forms.ValidationError(_("“%s” is not a percentage. Write it as 1.5.") % text)
        return text

    def clean(self) -> dict[str, Any]:
        """Reads the amounts in the currency's own digits."""
        super().clean()
        self.read_amount("fixed", most=MAX_MINOR)
        self.read_amount("tolerance", most=MAX_MINOR, unsaid=1)
        return self.cleaned_data


@admin.register(FeeTerms)
class FeeTermsAdmin(OwnRulesAdmin):
    """Without a row fees are not compared."""

    nothing_yet = gettext_lazy("No fee is compared. Owners set what was agreed, and each fee is held against it.")
    form = FeeTermsForm
    about = ("organization", "currency", "line_type")
    fields = (*about, "rate", "fixed", "tolerance")
    list_display = ("currency", "lines", "rate_percent", "fixed_amount", "allowed", "organization")
    list_select_related = ("organization",)
    list_filter = (OrganizationFilter, CurrencyFilter)
    search_fields = ("line_type",)
    search_help_text = gettext_lazy("Type of lines: charge, payment")
    ordering = ("organization_id", "currency", "line_type")

    def has_view_permission(self, request: HttpRequest, _obj: Model | None = None) -> bool:
        """Whoever sees organizations and their rules."""
        return bool(request.user.has_perm(SEES))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """As for one."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever may change the rules of an organization."""
        return bool(request.user.has_perm(PERMISSION))

    def has_change_permission(self, request: HttpRequest, _obj: Model | None = None) -> bool:
        """As for adding."""
        return bool(request.user.has_perm(PERMISSION))

    def has_delete_permission(self, request: HttpRequest, _obj: Model | None = None) -> bool:
        """As for adding: fees of these lines are not compared any more."""
        return bool(request.user.has_perm(PERMISSION))

    def found(self, _request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """By the type of lines."""
        return queryset.filter(line_type=term)

    @display(description=gettext_lazy("Type of lines"))
    def lines(self, row: FeeTerms) -> str:
        """The provider's word."""
        return row.line_type or _("all others")

    @display(description=gettext_lazy("Rate"))
    def rate_percent(self, row: FeeTerms) -> str:
        """In percent."""
        return _("%s %%") % decimal_text(rate_text(row.rate_ppm))

    @display(description=gettext_lazy("Fixed amount"))
    def fixed_amount(self, row: FeeTerms) -> SafeString:
        """With its currency."""
        return amount_cell(row.fixed_minor, row.currency)

    @display(description=gettext_lazy("Tolerance"))
    def allowed(self, row: FeeTerms) -> SafeString:
        """With its currency."""
        return amount_cell(row.tolerance_minor, row.currency)

    def save_model(self, request: HttpRequest, obj: FeeTerms, form: Any, _change: bool) -> None:
        """Through the domain function, which writes the log."""
        given = form.cleaned_data
        obj.rate_ppm = parse_rate(given["rate"]) or 0
        obj.fixed_minor, obj.tolerance_minor = given["fixed_minor"], given["tolerance_minor"]
        self._set(request, obj)
        stored = FeeTerms.objects.filter(organization=obj.organization, currency=obj.currency, line_type=obj.line_type)
        obj.pk = stored.values_list("pk", flat=True)[0]
        messages.info(request, _("The next run of the statements compares every fee with these terms."))

    def delete_model(self, request: HttpRequest, obj: FeeTerms) -> None:
        """Through the domain function, which writes the log."""
        self._set(request, obj, remove=True)

    def _set(self, request: HttpRequest, row: FeeTerms, *, remove: bool = False) -> None:
        terms = Terms(row.currency, row.line_type, row.rate_ppm, row.fixed_minor, row.tolerance_minor)
        with denied_where_refused():
            set_terms(
                organization=row.organization, terms=terms, by=request.user, now=timezone.now(), remove=remove,  # type: ignore[arg-type]
                request_id=getattr(request, "request_id", ""),
            )  # fmt: skip
