"""What a finding looks at: one item with the facts of its records, as plain values."""

from dataclasses import dataclass, field
from typing import Any

Fingerprint = tuple[str, int, int, str]


@dataclass(frozen=True)
class Record:
    """One record of a side. `amount`, `fee`, `refunded` in minor units of `currency`; `occurred_at` in µs since 1970
    UTC; `more`: what only one comparison needs to tell (a side's column `more`, JSON text).
    """

    id: int
    kind: str
    key: str | None
    own: str | None
    invoice: str | None
    party: str | None
    amount: int
    currency: str
    status: str
    occurred_at: int
    fee: int | None = None
    refunded: int = 0
    provider: str | None = None
    more: dict[str, Any] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """The record as a sentence and a page need it; identities stay out, so equal inputs give equal bytes."""
        return {
            "kind": self.kind,
            "key": self.key,
            "own": self.own,
            "invoice": self.invoice,
            "party": self.party,
            "amount_minor": self.amount,
            "currency": self.currency,
            "status": self.status,
            "occurred_at": self.occurred_at,
            "provider": self.provider,
            **({"more": self.more} if self.more else {}),
        }


@dataclass(frozen=True)
class Case:
    """An item to explain. `twin`: a charge of the same customer, amount and currency close in time; `twin_paired`:
    whether that one is matched. `rivals`: for ambiguity, everything that claims the same partner. `claimed_by`: a
    payment that the referenced provider record is already matched to.
    """

    outcome: str
    left: Record | None
    right: Record | None
    due_at: int | None = None
    grace: int = 0
    twin: Record | None = None
    twin_paired: bool = False
    twin_invoice: str | None = None
    rivals: tuple[Record, ...] = field(default=())
    claimed_by: Record | None = None

    @property
    def record(self) -> Record:
        """The record that owns the case: ours, else the provider's."""
        owner = self.left or self.right
        if owner is None:
            raise ValueError("a case without records")
        return owner


@dataclass(frozen=True)
class Part:
    """A part of a difference that something on record explains. `amount_minor` has the difference's sign."""

    code: str
    amount_minor: int
    source: str

    def facts(self) -> dict[str, Any]:
        """As stored."""
        return {"code": self.code, "amount_minor": self.amount_minor, "source": self.source}


@dataclass(frozen=True)
class Finding:
    """A difference found: what was expected (left), what is (right), how far apart (right − left), and what explains
    it. `deadline`: until when the provider lets it be resolved (µs since 1970 UTC), where it says so.

    `about`: the pair, or one of its records whatever is shown beside it (left, right), or what `reference` names (a
    dispute, which may have no record of either side). `settled`: nothing is left to do, it only stands on record.
    """

    type: str
    reason_code: str
    severity: str
    case: Case
    expected: str
    actual: str
    currency: str
    difference_minor: int | None
    parts: tuple[Part, ...] = ()
    clears: str = ""
    deadline: int | None = None
    about: str = "pair"
    reference: str = ""
    settled: bool = False

    @property
    def fingerprint(self) -> Fingerprint:
        """What makes a discrepancy the same one when seen again: type, pair (0: no record on that side), reference."""
        left = self.case.left.id if self.case.left and self.about in ("pair", "left") else 0
        right = self.case.right.id if self.case.right and self.about in ("pair", "right") else 0
        return (self.type, left, right, self.reference)

    @property
    def occurred_at(self) -> int:
        """When what it is about happened (µs since 1970 UTC): decides to which period it belongs."""
        right = self.case.right
        return right.occurred_at if right and self.about in ("right", "reference") else self.case.record.occurred_at

    @property
    def unexplained_minor(self) -> int | None:
        """The difference less its explained parts; null where amounts are not compared."""
        if self.difference_minor is None:
            return None
        return self.difference_minor - sum(part.amount_minor for part in self.parts)

    def explanation(self) -> dict[str, Any]:
        """Everything a person needs to be told, as stored beside the discrepancy."""
        case = self.case
        return {
            "outcome": case.outcome,
            "left": case.left.facts() if case.left else None,
            "right": case.right.facts() if case.right else None,
            "twin": case.twin.facts() if case.twin else None,
            "twin_paired": case.twin_paired,
            "claimed_by": case.claimed_by.facts() if case.claimed_by else None,
            "rivals": [rival.facts() for rival in case.rivals],
            "parts": [part.facts() for part in self.parts],
            "clears": self.clears,
            "due_at": case.due_at,
            "grace": case.grace,
            **({"deadline": self.deadline} if self.deadline is not None else {}),
        }
