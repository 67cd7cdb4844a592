"""Ingestions taken back: by whom, why, and which lines."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from billing.models import StatementWithdrawal
from billing.wording import count_text

from .base import EvidenceAdmin
from .cells import link, time_cell, zone_of
from .filters import OrganizationFilter, period_filter


@admin.register(StatementWithdrawal)
class WithdrawalAdmin(EvidenceAdmin):
    """View-only."""

    nothing_yet = gettext_lazy(
        "A faulty ingestion is withdrawn on its page. What was taken back, and why, is kept here."
    )
    page_template = "desk/facts.html"
    list_display = ("ingestion", "withdrawn", "withdrawn_by", "excluded_lines", "put_back", "why", "organization")
    list_display_links = ("ingestion",)
    list_select_related = ("organization",)
    list_filter = (OrganizationFilter, period_filter("withdrawn_at", gettext_lazy("withdrawn")))
    ordering = ("-pk",)

    def found(self, _request: HttpRequest, queryset: QuerySet[Any], _term: str) -> QuerySet[Any]:
        """No search: there is nothing to type."""
        return queryset.none()

    @display(description=gettext_lazy("Ingestion"))
    def ingestion(self, row: StatementWithdrawal) -> str:
        """Its number."""
        return f"F-{row.fetch_id}"

    @display(description=gettext_lazy("Withdrawn"))
    def withdrawn(self, row: StatementWithdrawal) -> SafeString:
        """In the organization's zone."""
        return time_cell(row.withdrawn_at, zone_of(row))

    @display(description=gettext_lazy("Lines excluded"))
    def excluded_lines(self, row: StatementWithdrawal) -> str:
        """Which no longer count."""
        return count_text(row.lines)

    @display(description=gettext_lazy("Lines put back"))
    def put_back(self, row: StatementWithdrawal) -> str:
        """Which stand as an earlier ingestion had them."""
        return count_text(row.restored)

    @display(description=gettext_lazy("Reason"))
    def why(self, row: StatementWithdrawal) -> str:
        """As it was given."""
        return row.reason if len(row.reason) <= 80 else f"{row.reason[:79]}…"

    def page(self, _request: HttpRequest, obj: StatementWithdrawal) -> dict[str, Any]:
        """What it did."""
        zone = zone_of(obj)
        return {
            "title": str(obj),
            "heading": _("Withdrawal of ingestion F-%(number)s") % {"number": obj.fetch_id},
            "current": [
                (_("Organization"), obj.organization.name),
                (_("Ingestion"), link("billing_providerfetch", obj.fetch_id, f"F-{obj.fetch_id}")),
                (_("Withdrawn"), time_cell(obj.withdrawn_at, zone, seconds=True)),
                (_("Withdrawn by"), obj.withdrawn_by),
                (_("Reason"), obj.reason),
                (_("Lines excluded"), count_text(obj.lines)),
                (_("Lines put back"), count_text(obj.restored)),
                (_("Earliest line"), time_cell(obj.earliest_at, zone)),
                (_("Latest line"), time_cell(obj.latest_at, zone)),
            ],
        }
