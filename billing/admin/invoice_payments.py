"""What paid which invoice: Stripe's links between invoices and payments."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from billing.access import visible_to
from billing.models import InvoicePayment, InvoicePaymentVersion

from .amount_filter import amount_filter
from .base import EvidenceAdmin
from .cells import amount_cell, code_cell, time_cell, zone_of
from .current import with_current
from .filters import CurrencyFilter, OrganizationFilter, choice_filter, period_filter
from .payouts import brought_by
from .versions import Column, version_table

FACTS = (
    *("invoice_reference", "payment_kind", "payment_reference", "amount_minor", "requested_minor", "currency"),
    *("status", "paid_at", "fetch_id"),
)

# The provider's words (https://docs.stripe.com/api/invoice-payment/object#invoice_payment_object-status).
STATUSES = [("open", gettext_lazy("open")), ("paid", gettext_lazy("paid")), ("canceled", gettext_lazy("canceled"))]


class CurrentCurrency(CurrencyFilter):
    """Currency of the current version."""

    path = "current__currency"


@admin.register(InvoicePayment)
class InvoicePaymentAdmin(EvidenceAdmin):
    """View-only."""

    page_template = "desk/payment.html"
    list_display = (
        "provider_id", "invoice", "payment", "amount", "requested", "status", "paid_on", "organization",
    )  # fmt: skip
    list_display_links = ("provider_id",)
    list_select_related = ("organization",)
    list_filter = (
        OrganizationFilter,
        choice_filter("current__status", gettext_lazy("status"), STATUSES),
        CurrentCurrency,
        amount_filter("current__amount_minor", "current__currency", gettext_lazy("paid")),
        period_filter("current__paid_at", gettext_lazy("paid")),
    )
    search_fields = ("external_id",)
    search_help_text = gettext_lazy("Whole id: inpay_, in_, pi_, ch_")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[InvoicePayment]:
        """Links with the facts of their current version."""
        return with_current(super().get_queryset(request), FACTS)

    def found(self, request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """By their id, the invoice's or the payment's."""
        named = InvoicePaymentVersion.objects.filter(organization__in=visible_to(request))
        named = named.filter(Q(invoice_reference=term) | Q(payment_reference=term))
        return queryset.filter(Q(external_id=term) | Q(pk__in=named.values("payment_id")))

    @display(description=gettext_lazy("Provider id"))
    def provider_id(self, row: Any) -> SafeString:
        """The link's identity."""
        return code_cell(row.external_id)

    @display(description=gettext_lazy("Invoice"))
    def invoice(self, row: Any) -> SafeString:
        """What was paid."""
        return code_cell(row.now_invoice_reference or "")

    @display(description=gettext_lazy("Payment"))
    def payment(self, row: Any) -> SafeString:
        """What paid it."""
        return code_cell(row.now_payment_reference or "")

    @display(description=gettext_lazy("Paid"))
    def amount(self, row: Any) -> SafeString:
        """How much of the invoice."""
        return amount_cell(row.now_amount_minor, row.now_currency or "")

    @display(description=gettext_lazy("Asked for"))
    def requested(self, row: Any) -> SafeString:
        """How much was to be paid so."""
        return amount_cell(row.now_requested_minor, row.now_currency or "")

    @display(description=gettext_lazy("Status"))
    def status(self, row: Any) -> SafeString:
        """The provider's word."""
        return code_cell(row.now_status or "")

    @display(description=gettext_lazy("Paid on"))
    def paid_on(self, row: Any) -> SafeString:
        """In the organization's zone."""
        return time_cell(row.now_paid_at, zone_of(row))

    def page(self, _request: HttpRequest, obj: InvoicePayment) -> dict[str, Any]:
        """All versions, newest first; the invoice and the statement lines of the payment."""
        versions = list(obj.versions.select_related("fetch").order_by("number"))
        now = versions[-1] if versions else None
        invoice, payment = (now.invoice_reference, now.payment_reference) if now else ("", "")
        return {
            "title": obj.external_id,
            "heading": _("Payment of an invoice %(id)s") % {"id": obj.external_id},
            "current": facts(obj, now) if now else [],
            "versions": version_table(versions, columns(obj)),
            "links": [
                (_("The invoice"), reverse("admin:billing_invoice_changelist") + f"?q={invoice}"),
                (
                    _("Statement lines of the payment"),
                    reverse("admin:billing_statementline_changelist") + f"?q={payment}",
                ),
            ],
        }


def facts(link: InvoicePayment, now: InvoicePaymentVersion) -> list[tuple[str, Any]]:
    """Name and value of what stands now."""
    return [
        (_("Organization"), link.organization.name),
        (_("Invoice"), code_cell(now.invoice_reference)),
        (_("Payment"), code_cell(now.payment_reference)),
        (_("Kind of payment"), code_cell(now.payment_kind)),
        (_("Paid"), amount_cell(now.amount_minor, now.currency)),
        (_("Asked for"), amount_cell(now.requested_minor, now.currency)),
        (_("Status"), code_cell(now.status)),
        (_("Paid on"), time_cell(now.paid_at, zone_of(link))),
    ]


def columns(link: InvoicePayment) -> list[Column]:
    """Columns of the table of versions."""
    zone = zone_of(link)
    return [
        Column(_("Paid"), lambda v: (v.amount_minor, v.currency), lambda v: amount_cell(v.amount_minor, v.currency)),
        Column(_("Payment"), lambda v: v.payment_reference, lambda v: code_cell(v.payment_reference)),
        Column(_("Status"), lambda v: v.status, lambda v: code_cell(v.status)),
        Column(_("Seen"), lambda _v: None, lambda v: time_cell(v.observed_at, zone)),
        Column(_("Brought by"), lambda _v: None, brought_by),
    ]
