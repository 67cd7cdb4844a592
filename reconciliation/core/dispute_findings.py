"""Disputes as discrepancies: money a customer's bank took back, or may take, that no invoice of ours shows. Pure.

Status meanings: https://docs.stripe.com/api/disputes/object#dispute_object-status.
"""

from dataclasses import dataclass, field
from typing import Any

from .cases import Case, Finding, Part, Record
from .findings import severity
from .statement_types import SEVERITY, UNAPPLIED_REFUND

INQUIRY = ("warning_needs_response", "warning_under_review")
NOTHING_MOVES = ("warning_closed", "prevented", "charge_refunded")
WAITING = ("needs_response", "under_review")


@dataclass(frozen=True)
class Movement:
    """A line of the statement about a dispute, or what the dispute itself tells of it; minor units of `currency`."""

    id: str
    amount: int
    fee: int
    currency: str


@dataclass(frozen=True)
class Dispute:
    """A dispute as it stands. `id`, `charge`: the provider's; `status`: the provider's word, blank where only lines of
    the statement tell of it; `amount` in `currency` as disputed; times in µs since 1970 UTC; `due_by` None: no
    deadline; `covered`: whether our books show all that is gone.
    """

    id: str
    charge: str
    status: str
    reason: str
    amount: int
    currency: str
    occurred_at: int
    due_by: int | None = None
    no_response_possible: bool = False
    party: str | None = None
    movements: tuple[Movement, ...] = ()
    covered: bool = False
    invoice: Record | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def moved_in(self) -> str:
        """The currency the money moved in."""
        moved = {movement.currency for movement in self.movements}
        return moved.pop() if len(moved) == 1 else self.currency

    @property
    def gone(self) -> int:
        """What was withdrawn and did not come back, without fees."""
        counted = (movement.amount for movement in self.movements if movement.currency == self.moved_in)
        return -sum(counted)

    @property
    def over(self) -> bool:
        """Whether nothing is left to do: the money is back or never moved, or our books show that it is gone."""
        if self.status in WAITING or self.status in INQUIRY:
            return False
        withdrawn = any(movement.amount for movement in self.movements)
        if self.gone <= 0:
            return withdrawn or self.status in ("won", *NOTHING_MOVES)
        return self.covered


def reason_of(dispute: Dispute) -> str:
    """Where a dispute stands, as a reason code."""
    if dispute.over:
        return "dispute.over"
    if dispute.status in INQUIRY:
        return "dispute.inquiry"
    if dispute.status in WAITING:
        return "dispute.open"
    return "dispute.lost" if dispute.status == "lost" else "dispute.not_given_back"


def dispute_finding(dispute: Dispute) -> Finding:
    """A dispute as an UNAPPLIED_REFUND: always one, so that each stands on record; settled when it is over.

    The difference is what is gone (negative); each movement explains its part of it.
    """
    reason, currency = reason_of(dispute), dispute.moved_in
    parts = tuple(
        Part("withdrawn" if one.amount < 0 else "reinstated", one.amount, one.id)
        for one in dispute.movements
        if one.amount and one.currency == currency
    )
    gone = -dispute.gone
    record = Record(
        id=0, kind="dispute", key=dispute.id, own=dispute.charge or None, invoice=None, party=dispute.party,
        amount=gone if parts else dispute.amount, currency=currency if parts else dispute.currency,
        status=dispute.status or "unknown", occurred_at=dispute.occurred_at, provider="stripe", more=shown(dispute),
    )  # fmt: skip
    case = Case("excluded" if dispute.over else "only_right", dispute.invoice, record)
    return Finding(
        UNAPPLIED_REFUND, reason, severity(UNAPPLIED_REFUND, reason, SEVERITY), case, about="reference",
        reference=dispute.id, expected="0", actual=str(gone), currency=record.currency, difference_minor=gone,
        parts=parts, clears="dispute_outcome", deadline=None if dispute.over else dispute.due_by, settled=dispute.over,
    )  # fmt: skip


def shown(dispute: Dispute) -> dict[str, Any]:
    """What the desk tells of a dispute besides the common facts."""
    fees = sum(one.fee for one in dispute.movements if one.currency == dispute.moved_in)
    return {
        "dispute": dispute.id,
        "charge": dispute.charge,
        "status": dispute.status,
        "reason": dispute.reason,
        "disputed_minor": dispute.amount,
        "disputed_currency": dispute.currency,
        "withdrawn_minor": -sum(one.amount for one in dispute.movements if one.amount < 0),
        "reinstated_minor": sum(one.amount for one in dispute.movements if one.amount > 0),
        "fee_minor": fees,
        "moved_currency": dispute.moved_in,
        "due_by": dispute.due_by,
        "no_response_possible": dispute.no_response_possible,
        "movements": [one.id for one in dispute.movements],
        **dispute.facts,
    }
