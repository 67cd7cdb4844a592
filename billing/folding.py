"""Many observations of one provider object, folded into the state it is in.

Pure, and a function of the set of observations: arrival order and repeated delivery change nothing. Stripe delivers
events at least once and in any order. An event carries a whole second, a fetch microseconds, so that nobody can tell
which of two in one second came first. The greatest (second, rank, fetched, time, content) decides:

- second: when the event was created, or when the object was asked for.
- rank: how far along its life the state is (`RecordState.rank`).
- fetched: within a second, at the same rank, what was fetched, and the latest of that.
- content: only makes the choice definite. Two contents that are equal in all of this contradict each other, and no rule
  can tell which is newer: the record then needs a fetch, and says so.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Final

from .stripe_objects import RecordState

# Second, rank, fetched, time, preference, content, digest.
Key = tuple[datetime, tuple[int, ...], bool, datetime, int, str, str]
SAID: Final = tuple(one.name for one in fields(RecordState) if one.name not in {"rank", "preference"})


@dataclass(frozen=True, slots=True)
class Observation:
    """One state seen at one time.

    `digest` identifies the content it was read from; `event` is the stored row's number.
    """

    time: datetime
    fetched: bool
    digest: str
    state: RecordState
    event: int | None = None


@dataclass(frozen=True, slots=True)
class Folded:
    """The deciding observation, its state (fee filled in where known) and whether another one contradicts it."""

    state: RecordState
    needs_fetch: bool
    decided_by: Observation


def fold(observations: Iterable[Observation]) -> Folded:
    """The state that a set of observations of one object amounts to; raises ValueError when there are none."""
    every = list(observations)
    if not every:
        raise ValueError("nothing to fold")
    if len(every) == 1:  # most records, in a back-fill
        return Folded(every[0].state, False, every[0])
    keyed = [(_key(one), one) for one in every]
    key, winner = max(keyed, key=lambda pair: pair[0])
    same = {other[5] for other, _ in keyed if other[:4] == key[:4]}
    return Folded(_with_fee(winner.state, keyed), len(same) > 1, winner)


def _key(one: Observation) -> Key:
    second, state = one.time.replace(microsecond=0), one.state
    return second, state.rank, one.fetched, one.time, state.preference, content(state), one.digest


def content(state: RecordState) -> str:
    """Canonical text of what a state says, for comparing states."""
    said = {name: getattr(state, name) for name in SAID} | {"occurred_at": state.occurred_at.isoformat()}
    return json.dumps(said, sort_keys=True, ensure_ascii=False)


def _with_fee(state: RecordState, keyed: list[tuple[Key, Observation]]) -> RecordState:
    """Events name a balance transaction only; its fee is known from an export or fetch that showed it whole."""
    settled_by = state.detail.get("balance_transaction")
    if "settled" in state.detail or not settled_by:
        return state
    known = [
        pair
        for pair in keyed
        if "settled" in pair[1].state.detail and pair[1].state.detail.get("balance_transaction") == settled_by
    ]
    if not known:
        return state
    source = max(known, key=lambda pair: pair[0])[1].state
    fee = source.fee_minor if source.currency == state.currency else None
    return replace(state, fee_minor=fee, detail=state.detail | {"settled": source.detail["settled"]})
