"""Invoices and what paid them: lists of current versions, pages with all of them."""

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
from billing.models import Invoice, InvoiceStatus, InvoiceVersion
from billing.models.invoices import InvoiceKind

from .amount_filter import amount_filter
from .base import EvidenceAdmin
from .cells import amount_cell, code_cell, date_cell, pretty_json, shaped, time_cell, zone_of
from .current import with_current
from .filters import CurrencyFilter, OrganizationFilter, choice_filter, period_filter
from .payouts import brought_by
from .search import invoice_ids, invoices_of_lines
from .versions import Column, version_table

FACTS = (
    *("document_number", "total_minor", "paid_minor", "currency", "status", "issued_at", "due_at", "customer"),
    *("subscription", "out_of_band", "fetch_id"),
)
SHAPES = {"draft": "○", "open": "◐", "paid": "●", "void": "⊘", "uncollectible": "✕"}
MOST = 500


class CurrentCurrency(CurrencyFilter):
    """Currency of the current version."""

    path = "current__currency"


def invoice_status(status: str | None) -> SafeString:
    """Shape and word."""
    word = dict(InvoiceStatus.choices).get(status or "", status or "–")
    return shaped(SHAPES.get(status or "", "?"), str(word).capitalize(), f"record-{status}")


@admin.register(Invoice)
class InvoiceAdmin(EvidenceAdmin):
    """View-only."""

    page_template = "desk/invoice.html"
    list_display = (
        "own_id", "number", "total", "paid", "status", "issued", "due", "customer", "organization",
    )  # fmt: skip
    list_display_links = ("own_id",)
    list_select_related = ("organization",)
    list_filter = (
        OrganizationFilter,
        choice_filter("current__status", gettext_lazy("status"), InvoiceStatus.choices),
        choice_filter("kind", gettext_lazy("kind"), InvoiceKind.choices),
        choice_filter("provider", gettext_lazy("source"), [("csv", gettext_lazy("own books")), ("stripe", "Stripe")]),
        CurrentCurrency,
        amount_filter("current__total_minor", "current__currency", gettext_lazy("total")),
        period_filter("current__issued_at", gettext_lazy("issued")),
    )
    search_fields = ("external_id",)
    search_help_text = gettext_lazy("Whole id: ours, in_, number of the document, pi_, ch_, re_, customer")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invoice]:
        """Invoices with the facts of their current version."""
        return with_current(super().get_queryset(request), FACTS)

    def found(self, request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """By their id, the number on the document, their customer, or what paid them or was given back."""
        own = visible_to(request)
        return queryset.filter(pk__in={*invoice_ids(own, term), *invoices_of_lines(own, term)})

    @display(description=gettext_lazy("Id"))
    def own_id(self, row: Any) -> SafeString:
        """The invoice's identity."""
        return code_cell(row.external_id)

    @display(description=gettext_lazy("Number"))
    def number(self, row: Any) -> SafeString:
        """On the document."""
        return code_cell(row.now_document_number or "")

    @display(description=gettext_lazy("Total"))
    def total(self, row: Any) -> SafeString:
        """What is asked."""
        return amount_cell(row.now_total_minor, row.now_currency or "")

    @display(description=gettext_lazy("Paid"))
    def paid(self, row: Any) -> SafeString:
        """What its source says was paid."""
        return amount_cell(row.now_paid_minor, row.now_currency or "")

    @display(description=gettext_lazy("Status"))
    def status(self, row: Any) -> SafeString:
        """Canonical status."""
        return invoice_status(row.now_status)

    @display(description=gettext_lazy("Issued"))
    def issued(self, row: Any) -> SafeString:
        """Day, in the organization's zone."""
        return date_cell(row.now_issued_at, zone_of(row)) if row.now_issued_at else code_cell("")

    @display(description=gettext_lazy("Due"))
    def due(self, row: Any) -> SafeString:
        """Day, in the organization's zone."""
        return date_cell(row.now_due_at, zone_of(row)) if row.now_due_at else code_cell("")

    @display(description=gettext_lazy("Customer"))
    def customer(self, row: Any) -> SafeString:
        """Who is to pay."""
        return code_cell(row.now_customer or "")

    def page(self, _request: HttpRequest, obj: Invoice) -> dict[str, Any]:
        """All versions, newest first, its own lines, and what paid it."""
        versions = list(obj.versions.select_related("batch", "fetch").order_by("number"))
        now = versions[-1] if versions else None
        query = f"?q={obj.external_id}"
        return {
            "title": obj.external_id,
            "heading": _("%(kind)s %(id)s") % {"kind": str(obj.get_kind_display()).capitalize(), "id": obj.external_id},
            "current": facts(obj, now) if now else [],
            "versions": version_table(versions, columns(obj)),
            "detail": pretty_json({"lines": now.lines, **now.detail}) if now and (now.lines or now.detail) else "",
            "links": [
                (_("What paid it"), reverse("admin:billing_invoicepayment_changelist") + query),
                (_("Statement lines for it"), reverse("admin:billing_statementline_changelist") + query),
                (_("Items of this invoice"), reverse("admin:reconciliation_reconciliationitem_changelist") + query),
            ],
        }


def facts(invoice: Invoice, now: InvoiceVersion) -> list[tuple[str, Any]]:
    """Name and value of what stands now."""
    zone = zone_of(invoice)
    return [
        (_("Organization"), invoice.organization.name),
        (_("Source"), _("own books") if invoice.provider == "csv" else invoice.provider.capitalize()),
        (_("Number"), code_cell(now.document_number)),
        (_("Total"), amount_cell(now.total_minor, now.currency)),
        (_("Paid"), amount_cell(now.paid_minor, now.currency)),
        (_("Status"), invoice_status(now.status)),
        (_("Issued"), time_cell(now.issued_at, zone)),
        (_("Due"), time_cell(now.due_at, zone)),
        (_("Customer"), code_cell(now.customer)),
        (_("Subscription"), code_cell(now.subscription)),
        (_("Paid outside the provider"), _("yes") if now.out_of_band else _("no")),
    ]


def columns(invoice: Invoice) -> list[Column]:
    """Columns of the table of versions."""
    zone = zone_of(invoice)
    return [
        Column(_("Total"), lambda v: (v.total_minor, v.currency), lambda v: amount_cell(v.total_minor, v.currency)),
        Column(_("Paid"), lambda v: v.paid_minor, lambda v: amount_cell(v.paid_minor, v.currency)),
        Column(_("Status"), lambda v: v.status, lambda v: invoice_status(v.status)),
        Column(_("Due"), lambda v: v.due_at, lambda v: time_cell(v.due_at, zone)),
        Column(_("Recorded"), lambda _v: None, lambda v: time_cell(v.recorded_at, zone)),
        Column(_("Brought by"), lambda _v: None, brought_by),
    ]
