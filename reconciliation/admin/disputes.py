"""The board of disputes, and the page of one: both clocks, both sides, its history."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.access import visible_to
from billing.admin.base import EvidenceAdmin
from billing.admin.cells import amount_cell, shaped, time_cell
from billing.admin.filters import OrganizationFilter
from reconciliation import disputes
from reconciliation.core.dispute_board import acknowledge_by, evidence_by, expires
from reconciliation.dispute_words import column_hint, column_word, nothing_words, reason_word, state_word
from reconciliation.disputes import Card
from reconciliation.models import Dispute

from .dispute_page import dispute_page
from .labels import status_cell
from .resolution import resolution
from .run_progress import span_text
from .steps import buttons_for

SHOWN = 40
SEES = "reconciliation.view_reconciliationdiscrepancy"


@admin.register(Dispute)
class DisputeAdmin(EvidenceAdmin):
    """A board instead of a list; the steps are those of the discrepancy."""

    page_template = "desk/dispute.html"
    list_select_related = ("organization", "assigned_to")
    list_filter = (OrganizationFilter,)

    def has_view_permission(self, request: HttpRequest, _obj: Model | None = None) -> bool:
        """Whoever sees discrepancies sees disputes."""
        return bool(request.user.has_perm(SEES))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """As for one."""
        return self.has_view_permission(request)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The board."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        own, now = visible_to(request), timezone.now()
        found = disputes.cards(own, now)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Disputes"),
            "heading": _("Disputes"),
            "as_of": now,
            "columns": [board_column(name, some, now, several=len(own) > 1) for name, some in found.items()],
            "any": any(found.values()),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "desk/disputes.html", context)

    def exported(self, _request: HttpRequest, rows: list[Any]) -> list[Any]:
        """Rows with their cards, for a file."""
        versions = disputes.stated({row.organization_id for row in rows}, [row.reference for row in rows])
        for row in rows:
            row.card = disputes.card_of(row, versions.get((row.organization_id, row.reference)))
        return rows

    def page(self, request: HttpRequest, obj: Dispute) -> dict[str, Any]:
        """The whole dispute, and the steps this person may take now."""
        return {
            **dispute_page(obj, timezone.now()),
            "steps": buttons_for(obj, request.user),
            "resolution": resolution(obj, request.user),
            "queue": reverse("admin:reconciliation_dispute_changelist"),
        }


def board_column(name: str, cards: list[Card], now: datetime, *, several: bool) -> dict[str, Any]:
    """A column as the board shows it; `several`: whether the organization has to be named."""
    return {
        "name": name,
        "title": column_word(name),
        "hint": column_hint(name),
        "nothing": nothing_words(name),
        "count": len(cards),
        "cards": [shown(card, now, several=several) for card in cards[:SHOWN]],
        "more": max(0, len(cards) - SHOWN),
    }


def shown(card: Card, now: datetime, *, several: bool) -> dict[str, Any]:
    """A card as the board shows it."""
    zone, standing = ZoneInfo(card.organization.timezone), card.standing
    moment = expires(standing)
    return {
        "name": card.name,
        "url": url_of(card),
        "amount": amount_cell(card.amount_minor, card.currency),
        "reason": reason_word(card.reason),
        "state": state_word(standing.word),
        "owner": card.owner,
        "organization": card.organization.name if several else "",
        "status": status_cell(standing.status) if standing.status else "",
        "recorded": card.pk is not None,
        "clock": clock(moment, now) if moment else "",
        "late": bool(moment and moment <= now),
        "soon": bool(moment and now < moment <= now + timedelta(hours=24)),
        "acknowledge_by": day_cell(acknowledge_by(standing), zone),
        "evidence": evidence_cell(card, zone),
    }


def url_of(card: Card) -> str:
    """The page of a card: the dispute's, or that of the provider's record while no run has recorded the dispute."""
    if card.pk is not None:
        return reverse("admin:reconciliation_dispute_change", args=[card.pk])
    return reverse("admin:billing_providerrecord_change", args=[card.record_id])


def clock(moment: datetime, now: datetime) -> Any:
    """How long is left, or since when it is late: a shape and words."""
    if moment <= now:
        return shaped("✕", _("%(span)s late") % {"span": days_text(now - moment)}, "clock-late")
    return shaped("◷", _("%(span)s left") % {"span": days_text(moment - now)}, "clock-running")


def days_text(span: timedelta) -> str:
    """A span in days where it is two of them or more, else in the unit that fits."""
    if span < timedelta(days=2):
        return span_text(span)
    return ngettext("%(n)d day", "%(n)d days", span.days) % {"n": span.days}


def day_cell(moment: datetime | None, zone: ZoneInfo) -> Any:
    """A deadline, or nothing."""
    return time_cell(moment, zone) if moment else ""


def evidence_cell(card: Card, zone: ZoneInfo) -> Any:
    """The evidence deadline in words: a time, none possible, or none known."""
    if card.standing.no_response_possible:
        return _("no response possible")
    if card.standing.due_by is None:
        return _("no deadline known")
    return time_cell(evidence_by(card.standing) or card.standing.due_by, zone)
