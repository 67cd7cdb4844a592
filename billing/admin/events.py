"""Provider events as received."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from billing.models import ProviderEvent, ProviderRecord
from billing.models.provider import ProviderKind

from .base import EvidenceAdmin
from .cells import code_cell, link, pretty_json, time_cell, zone_of
from .filters import OrganizationFilter, choice_filter, period_filter

OBJECTS = [
    *ProviderKind.choices,
    ("invoice", gettext_lazy("invoice")),
    ("payout", gettext_lazy("payout")),
]


@admin.register(ProviderEvent)
class ProviderEventAdmin(EvidenceAdmin):
    """View-only."""

    page_template = "desk/provider_event.html"
    list_display = ("event", "type", "object_code", "created", "received", "source", "organization")
    list_display_links = ("event",)
    list_select_related = ("organization",)
    list_filter = (
        OrganizationFilter,
        choice_filter("object_type", gettext_lazy("kind of object"), OBJECTS),
        choice_filter("source", gettext_lazy("source"), ProviderEvent.Source.choices),
        period_filter("received_at", gettext_lazy("received")),
    )
    search_fields = ("event_id",)
    search_help_text = gettext_lazy("Whole id: evt_, ch_, pi_, re_")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderEvent]:
        """Events; lists leave the payload in the database."""
        return super().get_queryset(request).defer("payload")

    def found(self, _request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """Events with that id, or about that object."""
        return queryset.filter(Q(event_id=term) | Q(object_id=term))

    @display(description=gettext_lazy("Event"))
    def event(self, row: ProviderEvent) -> SafeString:
        """The event's id."""
        return code_cell(row.event_id)

    @display(description=gettext_lazy("Object"))
    def object_code(self, row: ProviderEvent) -> SafeString:
        """What it is about."""
        return code_cell(row.object_id)

    @display(description=gettext_lazy("Created at the provider"))
    def created(self, row: ProviderEvent) -> SafeString:
        """In the organization's zone."""
        return time_cell(row.created_at, zone_of(row), seconds=True)

    @display(description=gettext_lazy("Received"))
    def received(self, row: ProviderEvent) -> SafeString:
        """In the organization's zone."""
        return time_cell(row.received_at, zone_of(row), seconds=True)

    def page(self, _request: HttpRequest, obj: ProviderEvent) -> dict[str, Any]:
        """Where it came from, and its payload."""
        zone = zone_of(obj)
        records = ProviderRecord.objects.filter(organization=obj.organization_id, external_id=obj.object_id)
        return {
            "title": obj.event_id,
            "heading": obj.type,
            "current": [
                (_("Organization"), obj.organization.name),
                (_("Event id"), code_cell(obj.event_id)),
                (_("Object"), code_cell(obj.object_id)),
                (_("Created at the provider"), time_cell(obj.created_at, zone, seconds=True)),
                (_("Received"), time_cell(obj.received_at, zone, seconds=True)),
                (_("Fetched"), time_cell(obj.fetched_at, zone, seconds=True)),
                (_("Source"), obj.get_source_display()),
                (_("Account"), code_cell(obj.account)),
                (_("API version"), code_cell(obj.api_version)),
                (_("Live mode"), _("yes") if obj.livemode else _("no")),
                (
                    _("Import"),
                    link("billing_importbatch", obj.batch_id, obj.batch.filename)
                    if obj.batch_id and obj.batch
                    else "–",
                ),
                (_("Content digest"), code_cell(obj.content_digest)),
            ],
            "payload": pretty_json(obj.payload),
            "links": [
                (
                    _("%(kind)s %(id)s")
                    % {"kind": str(record.get_kind_display()).capitalize(), "id": record.external_id},
                    reverse("admin:billing_providerrecord_change", args=[record.pk]),
                )
                for record in records[:4]
            ],
        }
