"""Provider records: a list of their current versions, a page with all of them and the events behind them."""

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
from billing.models import ProviderEvent, ProviderRecord, ProviderRecordVersion
from billing.models.payments import Status
from billing.models.provider import ProviderKind

from .amount_filter import amount_filter
from .base import EvidenceAdmin
from .cells import amount_cell, code_cell, link, pretty_json, record_status, time_cell, zone_of
from .current import with_current
from .filters import CurrencyFilter, OrganizationFilter, choice_filter, period_filter
from .search import record_ids
from .versions import Column, version_table

FACTS = (
    *("amount_minor", "fee_minor", "currency", "status", "occurred_at", "customer", "reference", "parent_reference"),
    *("excluded_reason", "needs_fetch"),
)
EVENTS_SHOWN = 30


class CurrentCurrency(CurrencyFilter):
    """Currency of the current version."""

    path = "current__currency"


@admin.register(ProviderRecord)
class ProviderRecordAdmin(EvidenceAdmin):
    """View-only."""

    page_template = "desk/provider_record.html"
    list_display = (
        "provider_id",
        "kind_word",
        "amount",
        "status",
        "occurred",
        "own_reference",
        "customer",
        "parent",
        "organization",
    )
    list_display_links = ("provider_id",)
    list_select_related = ("organization",)
    list_filter = (
        OrganizationFilter,
        choice_filter("current__status", gettext_lazy("status"), Status.choices),
        choice_filter("kind", gettext_lazy("kind"), ProviderKind.choices),
        CurrentCurrency,
        amount_filter("current__amount_minor", "current__currency", gettext_lazy("amount")),
        period_filter("current__occurred_at", gettext_lazy("occurred")),
    )
    search_fields = ("external_id",)
    search_help_text = gettext_lazy("Whole id: ch_, pi_, re_, our reference, customer")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderRecord]:
        """Records with the facts of their current version."""
        return with_current(super().get_queryset(request), FACTS)

    def found(self, request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Records that `term` names."""
        return queryset.filter(pk__in=record_ids(visible_to(request), term))

    @display(description=gettext_lazy("Provider id"))
    def provider_id(self, row: Any) -> SafeString:
        """The record's identity."""
        return code_cell(row.external_id)

    @display(description=gettext_lazy("Kind"))
    def kind_word(self, row: Any) -> str:
        """Charge, refund, dispute, payment intent."""
        return str(row.get_kind_display())

    @display(description=gettext_lazy("Amount"))
    def amount(self, row: Any) -> SafeString:
        """Refunds are shown as what they take away."""
        minor = row.now_amount_minor
        return amount_cell(-minor if row.kind == ProviderKind.REFUND and minor else minor, row.now_currency or "")

    @display(description=gettext_lazy("Status"))
    def status(self, row: Any) -> SafeString:
        """Canonical status."""
        return record_status(row.now_status)

    @display(description=gettext_lazy("Occurred"))
    def occurred(self, row: Any) -> SafeString:
        """In the organization's zone."""
        return time_cell(row.now_occurred_at, zone_of(row))

    @display(description=gettext_lazy("Our reference"))
    def own_reference(self, row: Any) -> SafeString:
        """The reference of ours that it carries."""
        return code_cell(row.now_reference or "")

    @display(description=gettext_lazy("Customer"))
    def customer(self, row: Any) -> SafeString:
        """Who paid."""
        return code_cell(row.now_customer or "")

    @display(description=gettext_lazy("Belongs to"))
    def parent(self, row: Any) -> SafeString:
        """A charge's payment intent; a refund's charge."""
        return code_cell(row.now_parent_reference or "")

    def page(self, _request: HttpRequest, obj: ProviderRecord) -> dict[str, Any]:
        """All versions, newest first, the events behind them, and where the record is compared."""
        versions = list(obj.versions.select_related("batch", "event").defer("event__payload").order_by("number"))
        seen = ProviderEvent.objects.filter(organization=obj.organization_id, object_id=obj.external_id)
        events = list(seen.order_by("-created_at", "-pk")[: EVENTS_SHOWN + 1])
        zone = zone_of(obj)
        query = f"?q={obj.external_id}"
        return {
            "title": obj.external_id,
            "heading": _("%(kind)s %(id)s") % {"kind": str(obj.get_kind_display()).capitalize(), "id": obj.external_id},
            "current": current_facts(obj, versions[-1]) if versions else [],
            "detail": pretty_json(versions[-1].detail) if versions and versions[-1].detail else "",
            "needs_fetch": bool(versions) and versions[-1].needs_fetch,
            "versions": version_table(versions, columns(obj)),
            "events": [event_facts(event, zone) for event in events[:EVENTS_SHOWN]],
            "more_events": len(events) > EVENTS_SHOWN,
            "events_url": reverse("admin:billing_providerevent_changelist") + query,
            "links": [
                (_("Items of this record"), reverse("admin:reconciliation_reconciliationitem_changelist") + query),
                (
                    _("Discrepancies of this record"),
                    reverse("admin:reconciliation_reconciliationdiscrepancy_changelist") + query,
                ),
            ],
        }


def event_facts(event: ProviderEvent, zone: Any) -> dict[str, Any]:
    """An event as a page lists it, its payload ready to unfold."""
    return {
        "link": link("billing_providerevent", event.pk, event.event_id),
        "type": event.type,
        "created": time_cell(event.created_at, zone, seconds=True),
        "received": time_cell(event.received_at, zone, seconds=True),
        "source": event.get_source_display(),
        "payload": pretty_json(event.payload),
    }


def current_facts(record: ProviderRecord, version: ProviderRecordVersion) -> list[tuple[str, Any]]:
    """Name and value of what stands now."""
    facts = [
        (_("Organization"), record.organization.name),
        (_("Provider"), record.provider.capitalize()),
        (_("Amount"), amount_cell(version.amount_minor, version.currency)),
        (_("Fee"), amount_cell(version.fee_minor, version.currency)),
        (_("Status"), record_status(version.status)),
        (_("Occurred"), time_cell(version.occurred_at, zone_of(record))),
        (_("Belongs to"), code_cell(version.parent_reference)),
        (_("Our reference"), code_cell(version.reference)),
        (_("Customer"), code_cell(version.customer)),
    ]
    if version.excluded_reason:
        facts.append((_("Takes no part because"), code_cell(version.excluded_reason)))
    return facts


def columns(record: ProviderRecord) -> list[Column]:
    """Columns of the table of versions."""
    zone = zone_of(record)
    return [
        Column(_("Amount"), lambda v: (v.amount_minor, v.currency), lambda v: amount_cell(v.amount_minor, v.currency)),
        Column(_("Fee"), lambda v: v.fee_minor, lambda v: amount_cell(v.fee_minor, v.currency)),
        Column(_("Status"), lambda v: v.status, lambda v: record_status(v.status)),
        Column(_("Occurred"), lambda v: v.occurred_at, lambda v: time_cell(v.occurred_at, zone)),
        Column(_("Our reference"), lambda v: v.reference, lambda v: code_cell(v.reference)),
        Column(_("Customer"), lambda v: v.customer, lambda v: code_cell(v.customer)),
        Column(_("Recorded"), lambda _v: None, lambda v: time_cell(v.recorded_at, zone)),
        Column(_("Decided by"), lambda _v: None, source_of),
    ]


def source_of(version: ProviderRecordVersion) -> Any:
    """The event or the import that a version comes from."""
    if version.event_id and version.event:
        return link("billing_providerevent", version.event_id, version.event.type)
    return (
        link("billing_importbatch", version.batch_id, version.batch.filename)
        if version.batch_id and version.batch
        else "–"
    )
