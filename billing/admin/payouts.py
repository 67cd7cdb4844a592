"""Payouts as fetched: a list of their current versions, a page with all of them and the way to their lines."""

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
from billing.models import Payout, PayoutVersion

from .amount_filter import amount_filter
from .base import EvidenceAdmin
from .cells import amount_cell, code_cell, date_cell, link, shaped, time_cell, zone_of
from .current import with_current
from .filters import CurrencyFilter, OrganizationFilter, choice_filter, period_filter
from .search import payout_ids
from .versions import Column, version_table

FACTS = (
    *("amount_minor", "currency", "status", "created_at", "arrival_at", "automatic", "itemised", "method"),
    *("line_reference", "failure_line_reference", "failure_code", "fetch_id"),
)
SHAPES = {"paid": "●", "in_transit": "◐", "pending": "◔", "failed": "✕", "canceled": "⊘"}


class CurrentCurrency(CurrencyFilter):
    """Currency of the current version."""

    path = "current__currency"


def status_word(status: str) -> str:
    """The provider's word for a payout's status, in the reader's language."""
    words = {
        "paid": _("Paid"),
        "in_transit": _("On its way"),
        "pending": _("Pending"),
        "failed": _("Failed"),
        "canceled": _("Canceled"),
    }
    return words.get(status, status or _("Not fetched yet"))


def payout_status(status: str | None) -> SafeString:
    """Shape and word."""
    return shaped(SHAPES.get(status or "", "?"), status_word(status or ""), f"record-{status}")


@admin.register(Payout)
class PayoutAdmin(EvidenceAdmin):
    """View-only."""

    page_template = "desk/payment.html"
    list_display = ("provider_id", "amount", "status", "created", "arrives", "way", "itemised", "organization")
    list_display_links = ("provider_id",)
    list_select_related = ("organization",)
    list_filter = (
        OrganizationFilter,
        choice_filter(
            "current__status",
            gettext_lazy("status"),
            [
                ("paid", gettext_lazy("paid")),
                ("in_transit", gettext_lazy("on its way")),
                ("pending", gettext_lazy("pending")),
                ("failed", gettext_lazy("failed")),
                ("canceled", gettext_lazy("canceled")),
            ],
        ),
        CurrentCurrency,
        amount_filter("current__amount_minor", "current__currency", gettext_lazy("amount")),
        period_filter("current__created_at", gettext_lazy("created")),
    )
    search_fields = ("external_id",)
    search_help_text = gettext_lazy("Whole id: po_, txn_, ch_, re_, dp_, pi_")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payout]:
        """Payouts with the facts of their current version."""
        return with_current(super().get_queryset(request), FACTS)

    def found(self, request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """By the payout's id, that of its own statement line, or what a line names that it took along."""
        return queryset.filter(pk__in=payout_ids(visible_to(request), term))

    @display(description=gettext_lazy("Provider id"))
    def provider_id(self, row: Any) -> SafeString:
        """The payout's identity."""
        return code_cell(row.external_id)

    @display(description=gettext_lazy("Amount"))
    def amount(self, row: Any) -> SafeString:
        """Money sent to the bank."""
        return amount_cell(row.now_amount_minor, row.now_currency or "")

    @display(description=gettext_lazy("Status"))
    def status(self, row: Any) -> SafeString:
        """The provider's word."""
        return payout_status(row.now_status)

    @display(description=gettext_lazy("Created"))
    def created(self, row: Any) -> SafeString:
        """In the organization's zone."""
        return time_cell(row.now_created_at, zone_of(row))

    @display(description=gettext_lazy("Arrives"))
    def arrives(self, row: Any) -> SafeString:
        """The day the bank has it."""
        return date_cell(row.now_arrival_at, zone_of(row)) if row.now_arrival_at else code_cell("")

    @display(description=gettext_lazy("Way"))
    def way(self, row: Any) -> str:
        """Automatic payouts can be itemised, others cannot."""
        return {True: _("automatic"), False: _("by hand")}.get(row.now_automatic, "–")

    @display(description=gettext_lazy("Lines"))
    def itemised(self, row: Any) -> str:
        """Whether Stripe tells which lines it holds."""
        return _("listed") if row.now_itemised else "–"

    def page(self, _request: HttpRequest, obj: Payout) -> dict[str, Any]:
        """All versions, newest first, and its lines."""
        versions = list(obj.versions.select_related("fetch").order_by("number"))
        lines = reverse("admin:billing_statementline_changelist") + f"?q={obj.external_id}"
        items = reverse("admin:reconciliation_reconciliationitem_changelist") + f"?q={obj.external_id}"
        return {
            "title": obj.external_id,
            "heading": _("Payout %(id)s") % {"id": obj.external_id},
            "current": facts(obj, versions[-1]) if versions else [(_("Status"), payout_status(""))],
            "versions": version_table(versions, columns(obj)),
            "links": [(_("Statement lines of this payout"), lines), (_("Items of this payout"), items)],
        }


def facts(payout: Payout, now: PayoutVersion) -> list[tuple[str, Any]]:
    """Name and value of what stands now."""
    told = [
        (_("Organization"), payout.organization.name),
        (_("Amount"), amount_cell(now.amount_minor, now.currency)),
        (_("Status"), payout_status(now.status)),
        (_("Created"), time_cell(now.created_at, zone_of(payout))),
        (_("Arrives"), date_cell(now.arrival_at, zone_of(payout)) if now.arrival_at else "–"),
        (_("Way"), _("automatic") if now.automatic else _("by hand")),
        (_("Its own statement line"), code_cell(now.line_reference)),
    ]
    if now.failure_code or now.failure_line_reference:
        told += [
            (_("Failure"), code_cell(now.failure_code)),
            (_("Statement line of the return"), code_cell(now.failure_line_reference)),
        ]
    return told


def columns(payout: Payout) -> list[Column]:
    """Columns of the table of versions."""
    zone = zone_of(payout)
    return [
        Column(_("Amount"), lambda v: (v.amount_minor, v.currency), lambda v: amount_cell(v.amount_minor, v.currency)),
        Column(_("Status"), lambda v: v.status, lambda v: payout_status(v.status)),
        Column(_("Arrives"), lambda v: v.arrival_at, lambda v: date_cell(v.arrival_at, zone) if v.arrival_at else "–"),
        Column(_("Failure"), lambda v: v.failure_code, lambda v: code_cell(v.failure_code)),
        Column(_("Seen"), lambda _v: None, lambda v: time_cell(v.observed_at, zone)),
        Column(_("Brought by"), lambda _v: None, brought_by),
    ]


def brought_by(version: Any) -> Any:
    """The fetch or the import a version comes from."""
    if version.fetch_id and version.fetch:
        return link("billing_providerfetch", version.fetch_id, f"F-{version.fetch_id}")
    batch = getattr(version, "batch", None)
    return link("billing_importbatch", batch.pk, batch.filename) if batch else "–"
