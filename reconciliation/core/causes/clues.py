"""A discrepancy as cause-finders see it, what lies around it, and how surprising a coincidence is."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

STRONG = 12.0
"""How far beyond chance evidence has to be: e to this power to one, after paying for every place looked at."""
MISFITS_KEPT = 50


@dataclass(frozen=True, slots=True)
class Clue:
    """A discrepancy. Amounts and differences in minor units of `currency`, times in µs since 1970 UTC; None or "" where
    there is no record on that side. `claim`: the provider record that ours names; `batch`: the import or the fetch that
    brought the record it is about (0: none); `payout`: the payout that took it to the bank; `word`: what on record
    says why (a payout's failure, the provider's type of a line).
    """

    id: int
    type: str
    reason: str
    kind: str
    currency: str
    difference: int | None = None
    left_amount: int | None = None
    right_amount: int | None = None
    left_at: int | None = None
    right_at: int | None = None
    party: str = ""
    own: str = ""
    key: str = ""
    claim: str = ""
    batch: int = 0
    payout: str = ""
    word: str = ""

    @property
    def base(self) -> int | None:
        """The amount that a difference may be a share of: what is expected, else the provider's."""
        return self.right_amount if self.left_amount is None else self.left_amount

    @property
    def side(self) -> str:
        """The side whose record it is about: ours, else the provider's."""
        return "right" if self.left_at is None else "left"

    @property
    def at(self) -> int:
        """When that record occurred."""
        return (self.right_at if self.left_at is None else self.left_at) or 0


@dataclass(frozen=True)
class Found:
    """A cause: its kind, the discrepancies put down to it, those that look alike but do not fit, and the evidence."""

    kind: str
    members: tuple[int, ...]
    facts: dict[str, Any]
    misfits: tuple[int, ...] = ()
    currency: str = ""


def none_there(*_asked: Any) -> int:
    """A background without records."""
    return 0


@dataclass(frozen=True)
class Background:
    """What lies around the discrepancies. `present`: (side, kind) → times of records that found their counterpart,
    sorted. The others count records of a side: all, of an import, of those whose id begins with a prefix, of a
    customer, of a payout.
    """

    present: dict[tuple[str, str], Sequence[int]] = field(default_factory=dict)
    total: Callable[[str], int] = none_there
    of_import: Callable[[str, int], int] = none_there
    of_prefix: Callable[[str, str], int] = none_there
    of_party: Callable[[str, str], int] = none_there
    of_payout: Callable[[str, str], int] = none_there


def surprise(seen: int, expected: float) -> float:
    """How many nats `seen` hits are beyond `expected` ones (the exponent of Chernoff's bound for a Poisson count)."""
    if seen <= expected:
        return 0.0
    expected = max(expected, 1e-9)
    return seen * math.log(seen / expected) - (seen - expected)


def standing_out(inside: int, inside_of: int, outside: int, outside_of: int) -> bool:
    """Whether a fault is a feature's own: half of what has the feature at least, a fifth as often elsewhere at most,
    with enough elsewhere to compare with.
    """
    if inside_of < inside or not inside or outside_of < 20:
        return False
    share, elsewhere = inside / inside_of, (outside + 1) / (outside_of + 1)
    return share >= 0.5 and elsewhere <= share / 5 and surprise(inside, elsewhere * inside_of) >= STRONG
