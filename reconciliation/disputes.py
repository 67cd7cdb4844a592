"""The disputes of some organizations as cards of a board: what the provider says, and where people stand with them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet

from billing.models import ProviderRecordVersion
from reconciliation.core.dispute_board import COLUMNS, FINAL, Standing, column, order, presses
from reconciliation.core.parameters import from_micros
from reconciliation.models import Dispute

MOST = 500
CLOSED_SHOWN_FOR = timedelta(days=60)
UNRESOLVED = ("open", "acknowledged", "pending_approval")


@dataclass(frozen=True)
class Card:
    """A dispute on the board. `amount_minor` in `currency`, as disputed; `pk` of its discrepancy, None before the first
    run; `record_id` of the provider's record, None where only the statement tells of it.
    """

    name: str
    organization: Any
    standing: Standing
    amount_minor: int
    currency: str
    reason: str
    charge: str
    customer: str
    pk: int | None = None
    record_id: int | None = None
    owner: str = ""


def cards(organizations: Sequence[int], now: datetime) -> dict[str, list[Card]]:
    """The cards of each column, in their order: every dispute that is not over, and those resolved of late."""
    rows = Dispute.objects.filter(organization__in=organizations).select_related("organization", "assigned_to")
    recent = Q(status__in=UNRESOLVED) | Q(resolved_at__gte=now - CLOSED_SHOWN_FOR)
    found = list(rows.filter(recent).order_by("due_at", "pk")[:MOST])
    versions = stated(organizations, [row.reference for row in found])
    shown = [card_of(row, versions.get((row.organization_id, row.reference))) for row in found]
    shown += [card_of_record(version) for version in not_recorded(organizations)]
    columns: dict[str, list[Card]] = {name: [] for name in COLUMNS}
    for card in sorted(shown, key=lambda card: (*order(card.standing), card.name)):
        columns[column(card.standing)].append(card)
    return columns


def pressing(organizations: Sequence[int], now: datetime) -> int:
    """How many disputes have something that expires within a day, or has."""
    return sum(presses(card.standing, now) for some in cards(organizations, now).values() for card in some)


def current_disputes() -> QuerySet[ProviderRecordVersion]:
    """The newest state of every dispute that was fetched or came by an event."""
    current = ProviderRecordVersion.objects.filter(record__kind="dispute", number=F("record__current_number"))
    return current.select_related("record", "organization")


def stated(organizations: Collection[int], names: Sequence[str]) -> dict[tuple[int, str], ProviderRecordVersion]:
    """The provider's current word about disputes, by organization and id."""
    rows = current_disputes().filter(organization__in=organizations, record__external_id__in=names)
    return {(row.organization_id, row.record.external_id): row for row in rows}


def not_recorded(organizations: Sequence[int]) -> list[ProviderRecordVersion]:
    """Disputes that no run has recorded yet, those that are over left out."""
    recorded = Dispute.objects.filter(organization__in=organizations).values("reference")
    rows = current_disputes().filter(organization__in=organizations).exclude(record__external_id__in=recorded)
    return list(rows.exclude(detail__provider_status__in=FINAL).order_by("occurred_at", "pk")[:MOST])


def standing_of(row: Dispute, version: ProviderRecordVersion | None) -> Standing:
    """Where a recorded dispute stands. The provider's current word counts, also before the next run has read it."""
    more = told(row)
    detail = version.detail if version else {}
    due_by = more.get("due_by")
    moment = from_micros(due_by) if due_by is not None else None
    return Standing(
        word=detail.get("provider_status") or more.get("status", ""),
        status=row.status,
        waiting_since=row.queued_at,
        due_by=due_moment(detail) if version else moment,
        no_response_possible=bool((detail if version else more).get("no_response_possible")),
    )


def told(row: Dispute) -> dict[str, Any]:
    """What the last run knew of a dispute."""
    more: dict[str, Any] = (row.explanation.get("right") or {}).get("more", {})
    return more


def due_moment(detail: dict[str, Any]) -> datetime | None:
    """The evidence deadline that a dispute's record keeps."""
    text = detail.get("due_by")
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def card_of(row: Dispute, version: ProviderRecordVersion | None) -> Card:
    """A recorded dispute as a card."""
    more = told(row)
    return Card(
        name=row.reference, organization=row.organization, standing=standing_of(row, version),
        amount_minor=version.amount_minor if version else more.get("disputed_minor", abs(row.difference_minor or 0)),
        currency=version.currency if version else more.get("disputed_currency", row.currency),
        reason=(version.detail if version else more).get("reason", ""),
        charge=version.parent_reference if version else more.get("charge", ""),
        customer=(row.explanation.get("right") or {}).get("party") or "", pk=row.pk,
        record_id=version.record_id if version else None,
        owner=row.assigned_to.get_username() if row.assigned_to else "",
    )  # fmt: skip


def card_of_record(version: ProviderRecordVersion) -> Card:
    """A dispute that no run has recorded yet."""
    detail = version.detail
    return Card(
        name=version.record.external_id, organization=version.organization,
        standing=Standing(
            word=detail.get("provider_status", ""), status="", waiting_since=version.occurred_at,
            due_by=due_moment(detail), no_response_possible=bool(detail.get("no_response_possible")),
        ),
        amount_minor=version.amount_minor, currency=version.currency, reason=detail.get("reason", ""),
        charge=version.parent_reference, customer=version.customer, record_id=version.record_id,
    )  # fmt: skip
