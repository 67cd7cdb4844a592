"""What the page of a dispute shows: its clocks, the disputed payment, the money moved, the history of its states."""

from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from billing.admin.cells import amount_cell, code_cell, shaped, time_cell, zone_of
from billing.models import LineKind, ProviderRecord, ProviderRecordVersion, StatementLineVersion
from reconciliation.core.dispute_board import acknowledge_by, evidence_by
from reconciliation.dispute_words import reason_word, state_word
from reconciliation.disputes import card_of, due_moment, stated
from reconciliation.models import Dispute

from .discrepancy_page import discrepancy_page

Event = tuple[datetime, Any, Any]


def dispute_page(row: Dispute, now: datetime) -> dict[str, Any]:
    """Everything the template shows; what is said of the discrepancy is said as on its own page."""
    zone = zone_of(row)
    version = stated([row.organization_id], [row.reference]).get((row.organization_id, row.reference))
    card = card_of(row, version)
    return {
        **discrepancy_page(row),
        "card": card,
        "heading": _("Dispute %s") % row.reference,
        "state": state_word(card.standing.word),
        "reason_word": reason_word(card.reason),
        "amount": amount_cell(card.amount_minor, card.currency),
        "clocks": clocks(row, version, zone, now),
        "moves": moves(row, zone),
        "states": [{"time": time_cell(at, zone), "what": what, "more": more} for at, what, more in states(row, zone)],
        "discrepancy_url": reverse("admin:reconciliation_reconciliationdiscrepancy_change", args=[row.pk]),
    }


def clocks(row: Dispute, version: ProviderRecordVersion | None, zone: ZoneInfo, now: datetime) -> list[dict[str, Any]]:
    """Both deadlines: until when, and whether it was kept or is running."""
    standing = card_of(row, version).standing
    acknowledge, evidence = acknowledge_by(standing), evidence_by(standing)
    found = [{
        "name": _("Take in charge"),
        "by": time_cell(acknowledge, zone) if acknowledge else "",
        "state": running(acknowledge, now) if acknowledge else shaped("✓", _("done")),
    }]  # fmt: skip
    if standing.no_response_possible:
        state = shaped("○", _("no response possible"))
    elif evidence:
        state = running(evidence, now)
    else:
        state = shaped("✓", _("sent or closed")) if standing.word else shaped("○", _("no deadline known"))
    by = evidence or standing.due_by
    found.append({"name": _("Evidence to Stripe"), "by": time_cell(by, zone) if by else "", "state": state})
    return found


def running(moment: datetime, now: datetime) -> Any:
    """A deadline that is not met yet."""
    if moment <= now:
        return shaped("✕", _("overdue"), "clock-late")
    return shaped("◷", _("running"), "clock-running")


def moves(row: Dispute, zone: ZoneInfo) -> list[dict[str, Any]]:
    """The lines of the statement about the dispute: withdrawn, given back, fees."""
    return [
        {
            "time": time_cell(line.occurred_at, zone),
            "name": code_cell(line.line.external_id),
            "url": line_url(line),
            "what": _("Given back") if line.kind == LineKind.DISPUTE_REVERSAL else _("Withdrawn"),
            "gross": amount_cell(line.gross_minor, line.currency),
            "fee": amount_cell(line.fee_minor, line.currency),
            "net": amount_cell(line.net_minor, line.currency),
        }
        for line in lines_of(row)
    ]


def lines_of(row: Dispute) -> list[StatementLineVersion]:
    """The lines about a dispute on statements that tell of the organization's money, oldest first."""
    lines = StatementLineVersion.objects.filter(
        Q(organization=row.organization_id) | Q(tenant=row.organization_id), source_reference=row.reference,
        excluded_reason="",
    )  # fmt: skip
    current = [line for line in lines.select_related("line") if line.number == line.line.current_number]
    return sorted(current, key=lambda line: (line.occurred_at, line.line.external_id))


def line_url(line: StatementLineVersion) -> str:
    """The page of a line, where the desk has one."""
    try:
        return reverse("admin:billing_statementline_change", args=[line.line_id])
    except NoReverseMatch:
        return ""


def states(row: Dispute, zone: ZoneInfo) -> list[Event]:
    """What the provider said about the dispute over its life, newest first; a state that says nothing new is left
    out.
    """
    record = ProviderRecord.objects.filter(
        organization=row.organization_id, kind="dispute", external_id=row.reference
    ).first()
    if record is None:
        return []
    versions = list(record.versions.select_related("event").order_by("number"))
    events: list[Event] = [(said_at(versions[0]), _("First seen: %s") % state_of(versions[0]), "")] if versions else []
    for before, after in pairwise(versions):
        told = [text for text in changes(before, after, zone) if text]
        if told:
            events.append((said_at(after), told[0], told[1:]))
    return events[::-1]


def said_at(version: ProviderRecordVersion) -> datetime:
    """When the provider said so."""
    if version.event is None:
        return version.recorded_at
    return version.event.fetched_at or version.event.created_at


def state_of(version: ProviderRecordVersion) -> str:
    """A version's status in words."""
    return state_word(version.detail.get("provider_status", ""))


def changes(before: ProviderRecordVersion, after: ProviderRecordVersion, zone: ZoneInfo) -> list[Any]:
    """What differs between two states of a dispute, in words."""
    found: list[Any] = []
    if before.detail.get("provider_status") != after.detail.get("provider_status"):
        found.append(state_of(after))
    for name, text in (
        ("withdrawn_minor", _("Withdrawn in all:")),
        ("reinstated_minor", _("Given back in all:")),
    ):
        if before.detail.get(name) != after.detail.get(name) and after.detail.get(name):
            currency = after.detail.get("moved_currency", after.currency)
            found.append(format_html("{} {}", text, amount_cell(after.detail[name], currency)))
    if before.detail.get("due_by") != after.detail.get("due_by"):
        moment = due_moment(after.detail)
        by = time_cell(moment, zone) if moment else _("no response possible")
        found.append(format_html("{} {}", _("Evidence due:"), by))
    if before.detail.get("submissions") != after.detail.get("submissions"):
        found.append(_("Evidence submitted"))
    return found
