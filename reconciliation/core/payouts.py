"""A payout as two sides: what its lines come to, and what the provider says it sent to the bank. Pure.

Left is the sum of the lines the payout took along, right the payout itself. A payout belongs to the day it arrives.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from .schema import STATUS_CLASSES

KIND = "payout"
MANUAL = "payout_manual"
TAKES_BACK = "payout_takes_back"
NOT_FETCHED = "payout_not_fetched"

# The provider's words (https://docs.stripe.com/api/payouts/object#payout_object-status).
WORDS = {
    "pending": "pending", "in_transit": "pending", "paid": "succeeded", "failed": "failed", "canceled": "canceled",
}  # fmt: skip
NAMED = 3


@dataclass(frozen=True)
class Stated:
    """The payout as the provider renders it. `amount` in minor units of `currency`, signed."""

    version_id: int
    amount: int
    currency: str
    word: str
    automatic: bool
    itemised: bool
    failure: str = ""
    takes_back: str = ""  # the payout that this one takes back
    taken_back_by: str = ""


@dataclass(frozen=True)
class LineSum:
    """Lines of one currency: how many, their net in minor units, the newest version among them, some of their names."""

    currency: str
    count: int
    net: int
    newest: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class OwnLine:
    """A line by which the payout itself stands on the statement; amounts in minor units, signed. `taken_by`: the payout
    that took the line to the bank, as a later one does with money that came back.
    """

    name: str
    version_id: int
    back: bool
    gross: int
    fee: int
    currency: str
    taken_by: str = ""


@dataclass(frozen=True)
class Known:
    """Everything on record about one payout. `at`: when it arrives, µs since 1970 UTC."""

    id: int
    name: str
    at: int
    stated: Stated | None = None
    lines: tuple[LineSum, ...] = ()
    own: tuple[OwnLine, ...] = ()
    withdrawn: tuple[LineSum, ...] = field(default=())

    @property
    def left_for_bank(self) -> list[OwnLine]:
        """Lines of money leaving for the bank."""
        return [line for line in self.own if not line.back]

    @property
    def came_back(self) -> list[OwnLine]:
        """Lines of money coming back from it."""
        return [line for line in self.own if line.back]

    @property
    def carried_on(self) -> bool:
        """Whether a later payout took along all that came back."""
        return bool(self.came_back) and all(line.taken_by not in ("", self.name) for line in self.came_back)


def right_status(known: Known) -> str:
    """The canonical status of a payout; one that another payout took back has failed."""
    if known.stated is None:
        return "failed" if known.came_back else "succeeded"
    if known.stated.taken_back_by:
        return "failed"
    return WORDS.get(known.stated.word, "unknown")


def right_row(known: Known, *, due: bool) -> dict[str, Any] | None:
    """The payout as a row of the right side (core.schema.SIDE): the provider's object, else its line on the statement.

    `due`: whether it should have arrived, grace included. None where nothing tells how much was sent.
    """
    stated, own = known.stated, known.left_for_bank
    if stated is None and not own:
        return None
    status = right_status(known)
    amount = stated.amount if stated else -sum(line.gross for line in own)
    more = {
        "word": stated.word if stated else "",
        "failure": stated.failure if stated else "",
        "taken_back_by": stated.taken_back_by if stated else "",
        "automatic": stated.automatic if stated else None,
        "itemised": stated.itemised if stated else None,
        "back": sum(line.gross - line.fee for line in known.came_back),
        "back_names": [line.name for line in known.came_back][:NAMED],
        "own": -sum(line.gross for line in own) if own else None,
    }
    return row(
        known, version_id=stated.version_id if stated else 0, amount=amount,
        currency=stated.currency if stated else own[0].currency, status=status,
        excluded=exclusion(known, status), more=more,
    ) | {"provider": "stripe"}  # fmt: skip


def exclusion(known: Known, status: str) -> str | None:
    """Why a payout is not compared: the provider lists no lines of it. One that failed, or is late, is shown."""
    stated = known.stated
    if stated is None:
        return None if known.lines or known.came_back else NOT_FETCHED
    if stated.takes_back:
        return TAKES_BACK
    if stated.automatic or known.lines:
        return None
    return None if status in ("failed", "pending") else MANUAL  # on its way it is not due yet, or late


def left_row(known: Known, *, due: bool) -> dict[str, Any] | None:
    """What the lines of a payout come to, as a row of the left side: their net less the payout's own fee.

    None while there are none, and while the payout is on its way or its list is not complete: that is no difference
    yet (`due` tells whether it should have arrived, grace included).
    """
    lines, stated = lines_shown(known), known.stated
    if lines is None:
        return None
    on_its_way = stated is not None and (right_status(known) == "pending" or not stated.itemised)
    if on_its_way and not due:
        return None
    fees = sum(line.fee for line in known.left_for_bank if line.currency == lines.currency)
    withdrawn = [some for some in known.withdrawn if some.currency == lines.currency]
    more = {
        "lines": lines.count,
        "withdrawn": sum(some.net for some in withdrawn),
        "withdrawn_names": [name for some in withdrawn for name in some.names][:NAMED],
    }
    return row(
        known, version_id=lines.newest, amount=lines.net - fees, currency=lines.currency, status=left_status(known),
        excluded=None, more=more,
    )  # fmt: skip


def lines_shown(known: Known) -> LineSum | None:
    """The lines to compare. Lines of another currency than the payout's come first, so that they are seen."""
    if not known.lines:
        return None
    own = known.left_for_bank
    currency = known.stated.currency if known.stated else own[0].currency if own else ""
    return min(known.lines, key=lambda some: (some.currency == currency, some.currency))


def left_status(known: Known) -> str:
    """What the statement makes of the payout: sent, unless it says that the money came back and went on.

    Money that came back and waits should be at the bank, so the side says sent, and differs from a failed payout.
    """
    right = right_status(known)
    own = -sum(line.gross for line in known.left_for_bank)
    if known.stated and known.left_for_bank and own != known.stated.amount:
        return "unknown"
    came_back = bool(known.came_back)
    if came_back and STATUS_CLASSES[right] == "money":
        return "failed"
    settled = known.carried_on or (right == "canceled" and came_back)
    return right if settled and STATUS_CLASSES[right] == "no_money" else "succeeded"


def row(
    known: Known, *, version_id: int, amount: int, currency: str, status: str, excluded: str | None,
    more: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """A row of core.schema.SIDE."""
    return {
        "id": known.id, "version_id": version_id, "kind": KIND, "key": known.name, "parent_key": None, "alt_key": None,
        "alt_key2": None, "party": None, "amount": amount, "currency": currency, "status": status,
        "occurred_at": known.at, "excluded": excluded, "more": json.dumps(more, sort_keys=True),
    }  # fmt: skip


def sides_of(payouts: list[Known], *, now: int, grace: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of both sides, in the order of the payouts. `now` and `grace` in µs."""
    left, right = [], []
    for known in payouts:
        due = known.at + grace <= now
        left.append(left_row(known, due=due))
        right.append(right_row(known, due=due))
    return [one for one in left if one], [one for one in right if one]
