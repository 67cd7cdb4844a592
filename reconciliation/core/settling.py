"""Settling part of a matching early: the pairs of a key that no other part can change.

A run too large for one process is cut by the hash of a key, so that all records sharing the key lie in one part. A pair
is settled there when each record is the other's only partner by that key and neither is kept back. Everything else is
left to later rounds (other keys) and at last to `match` over what remains. The items are those of `match` over
everything: a settled pair shares no edge of its pass with any other record, and none of an earlier pass at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import narwhals as nw

from .outcomes import decided, facts, shaped
from .parameters import Parameters
from .passes import Frame, KeyPass, Pin, WindowPass, key_edges, only_unique, paired
from .preparation import NEVER_MATCHED


@dataclass(frozen=True)
class Settled:
    """`items`: settled pairs (schema.ITEM and `right_occurred_at`); `left`, `right`: the records that remain, with
    `kept_back`: whether later rounds must leave a record to the last one.
    """

    items: Frame
    left: Frame
    right: Frame


def taking_part(frame: Frame, *, first: bool) -> Frame:
    """The records a round looks at: excluded ones take part in the first pass only, some not even there."""
    if first:
        return frame.filter(~nw.col("excluded").is_in(NEVER_MATCHED).fill_null(False))
    return frame.filter(nw.col("excluded").is_null())


def settle(*, step: KeyPass, first: bool, left: Frame, right: Frame, parameters: Parameters, pin: Pin) -> Settled:
    """Settles what `step` pairs surely among records (schema.SIDE and `kept_back`) that hold every record of its keys.

    `first`: whether `step` is the pass that excluded records take part in.
    """
    edges = pin(key_edges(step, taking_part(left, first=first), taking_part(right, first=first)))
    free = []
    for side, frame in (("left", left), ("right", right)):
        free.append(frame.filter(~nw.col("kept_back")).select(nw.col("id").alias(f"{side}_id")))
    sure = only_unique(edges)
    sure = pin(sure.join(free[0], on="left_id", how="semi").join(free[1], on="right_id", how="semi"))
    open_edges = pin(edges.join(sure, on="left_id", how="anti"))
    rest = [
        remaining(frame, sure.select(id=f"{side}_id"), open_edges.select(id=f"{side}_id").unique(), pin)
        for side, frame in (("left", left), ("right", right))
    ]
    items = items_of_pairs(paired(sure, step.name), left, right, parameters)
    return Settled(pin(items.sort("left_id")), rest[0], rest[1])


def remaining(frame: Frame, used: Frame, undecided: Frame, pin: Pin) -> Frame:
    """The records that are not in `used`; those with an undecided edge are kept back from now on."""
    rest = frame.join(used, on="id", how="anti")
    marked = rest.join(undecided.with_columns(undecided=nw.lit(True)), on="id", how="left")
    kept_back = nw.col("kept_back") | nw.col("undecided").fill_null(False)
    return pin(marked.with_columns(kept_back=kept_back).drop("undecided"))


def items_of_pairs(pairs: Frame, left: Frame, right: Frame, parameters: Parameters) -> Frame:
    """The items of pairs (left_id, right_id, match_pass), with the right record's own time besides."""
    rows = pairs.with_columns(group_key=nw.lit(None).cast(nw.String()), fixed=nw.lit(None).cast(nw.Categorical()))
    rows = rows.join(facts(left, "left"), on="left_id", how="left").join(
        facts(right, "right"), on="right_id", how="left"
    )
    times = right.select(right_id=nw.col("id"), right_occurred_at=nw.col("occurred_at"))
    return shaped(decided(rows, parameters)).join(times, on="right_id", how="left")


def rounds(first: KeyPass, passes: Sequence[KeyPass | WindowPass]) -> list[KeyPass]:
    """The passes that rounds can settle, in order: those by a key."""
    return [first, *(step for step in passes if isinstance(step, KeyPass))]
