"""Payments as booked here: a list of their current versions, a page with all of them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from billing.access import visible_to
from billing.models import Payment, PaymentVersion
from billing.models.payments import RecordKind, Status

from .amount_filter import amount_filter
from .base import EvidenceAdmin
from .cells import amount_cell, code_cell, link, record_status, time_cell, zone_of
from .current import with_current
from .filters import CurrencyFilter, OrganizationFilter, choice_filter, period_filter
from .search import payment_ids
from .versions import Column, version_table

FACTS = ("amount_minor", "currency", "status", "occurred_at", "customer", "invoice_number", "provider_reference")


class CurrentCurrency(CurrencyFilter):
    """Currency of the current version."""

    path = "current__currency"


@admin.register(Payment)
class PaymentAdmin(EvidenceAdmin):
    """View-only."""

    page_template = "desk/payment.html"
    list_display = (
        "own_id",
        "amount",
        "status",
        "occurred",
        "reference",
        "customer",
        "invoice",
        "versions_count",
        "organization",
    )
    list_display_links = ("own_id",)
    list_select_related = ("organization",)
    list_filter = (
        OrganizationFilter,
        choice_filter("current__status", gettext_lazy("status"), Status.choices),
        choice_filter("kind", gettext_lazy("kind"), RecordKind.choices),
        CurrentCurrency,
        amount_filter("current__amount_minor", "current__currency", gettext_lazy("amount")),
        period_filter("current__occurred_at", gettext_lazy("occurred")),
    )
    search_fields = ("external_id",)
    search_help_text = gettext_lazy("Whole id: ours, ch_, pi_, invoice, customer")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payment]:
        """Payments with the facts of their current version."""
        return with_current(super().get_queryset(request), FACTS)

    def found(self, request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Payments that `term` names."""
        return queryset.filter(pk__in=payment_ids(visible_to(request), term))

    @display(description=gettext_lazy("Our id"))
    def own_id(self, row: Any) -> SafeString:
        """The payment's identity."""
        return code_cell(row.external_id)

    @display(description=gettext_lazy("Amount"))
    def amount(self, row: Any) -> SafeString:
        """Refunds are shown as what they take away."""
        minor = -row.now_amount_minor if row.kind == RecordKind.REFUND else row.now_amount_minor
        return amount_cell(minor, row.now_currency)

    @display(description=gettext_lazy("Status"))
    def status(self, row: Any) -> SafeString:
        """Canonical status."""
        return record_status(row.now_status)

    @display(description=gettext_lazy("Occurred"))
    def occurred(self, row: Any) -> SafeString:
        """In the organization's zone."""
        return time_cell(row.now_occurred_at, zone_of(row))

    @display(description=gettext_lazy("Provider reference"))
    def reference(self, row: Any) -> SafeString:
        """What it names at the provider."""
        return code_cell(row.now_provider_reference)

    @display(description=gettext_lazy("Customer"))
    def customer(self, row: Any) -> SafeString:
        """Who paid."""
        return code_cell(row.now_customer)

    @display(description=gettext_lazy("Invoice"))
    def invoice(self, row: Any) -> SafeString:
        """What was paid."""
        return code_cell(row.now_invoice_number)

    @display(description=gettext_lazy("Version"))
    def versions_count(self, row: Any) -> int:
        """How often it was booked."""
        return int(row.current_number)

    def page(self, _request: HttpRequest, obj: Payment) -> dict[str, Any]:
        """All versions, newest first, and where the payment is compared."""
        versions = list(obj.versions.select_related("batch").order_by("number"))
        query = f"?q={obj.external_id}"
        return {
            "title": obj.external_id,
            "heading": _("Payment %(id)s") % {"id": obj.external_id},
            "current": current_facts(obj, versions[-1]) if versions else [],
            "versions": version_table(versions, columns(obj)),
            "links": [
                (_("Items of this payment"), reverse("admin:reconciliation_reconciliationitem_changelist") + query),
                (
                    _("Discrepancies of this payment"),
                    reverse("admin:reconciliation_reconciliationdiscrepancy_changelist") + query,
                ),
            ],
        }


def current_facts(payment: Payment, version: PaymentVersion) -> list[tuple[str, Any]]:
    """Name and value of what stands now."""
    return [
        (_("Organization"), payment.organization.name),
        (_("Kind"), payment.get_kind_display()),
        (_("Amount"), amount_cell(version.amount_minor, version.currency)),
        (_("Status"), record_status(version.status)),
        (_("Occurred"), time_cell(version.occurred_at, zone_of(payment))),
        (_("Provider reference"), code_cell(version.provider_reference)),
        (_("Customer"), version.customer or "–"),
        (_("Invoice"), code_cell(version.invoice_number)),
    ]


def columns(payment: Payment) -> list[Column]:
    """Columns of the table of versions."""
    zone = zone_of(payment)
    return [
        Column(_("Amount"), lambda v: (v.amount_minor, v.currency), lambda v: amount_cell(v.amount_minor, v.currency)),
        Column(_("Status"), lambda v: v.status, lambda v: record_status(v.status)),
        Column(_("Occurred"), lambda v: v.occurred_at, lambda v: time_cell(v.occurred_at, zone)),
        Column(_("Provider reference"), lambda v: v.provider_reference, lambda v: code_cell(v.provider_reference)),
        Column(_("Customer"), lambda v: v.customer, lambda v: v.customer or "–"),
        Column(_("Invoice"), lambda v: v.invoice_number, lambda v: code_cell(v.invoice_number)),
        Column(_("Recorded"), lambda _v: None, lambda v: time_cell(v.recorded_at, zone)),
        Column(
            _("Import"),
            lambda _v: None,
            lambda v: link("billing_importbatch", v.batch_id, v.batch.filename) if v.batch else "–",
        ),
    ]
