"""Matching: two sides and rules in, items out. Pure; every engine gives the same answer.

Inputs may come in any order: no step depends on it, and items leave sorted by their records.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import narwhals as nw

from .outcomes import items_of
from .parameters import Parameters
from .passes import (
    Frame,
    KeyPass,
    Pin,
    Remaining,
    WindowPass,
    keep_rest,
    no_edges,
    pair_by_hand,
    run_key_pass,
    share_a_key,
)
from .preparation import NEVER_MATCHED
from .window_pass import run_window_pass


@dataclass(frozen=True)
class Matched:
    """What matching found: items (schema.ITEM), and the candidate edges (left_id, right_id) behind every ambiguous
    item.
    """

    items: Frame
    ambiguous: Frame


def match(
    *,
    left: Frame,
    right: Frame,
    first: KeyPass,
    passes: Sequence[KeyPass | WindowPass],
    parameters: Parameters,
    pin: Pin,
    together: Frame | None = None,
    apart: Frame | None = None,
) -> Matched:
    """Matches two sides (schema.SIDE).

    `first` runs on all records but those that never take part; excluded records then leave, and `passes` run in
    order, each on what is left. Every record comes out in exactly one item, or in one leg of a group. What people
    decided goes before: pairs of `together` (left_id, right_id) are made, pairs of `apart` are never looked at.
    """
    state = Remaining(
        left=left.filter(~nw.col("excluded").is_in(NEVER_MATCHED).fill_null(False)),
        right=right.filter(~nw.col("excluded").is_in(NEVER_MATCHED).fill_null(False)),
    )
    state.apart = apart
    if together is not None:
        pair_by_hand(together, state, pin)
    keep_rest(state, run_key_pass(first, state, pin), pin, also=nw.col("excluded").is_null())
    for number, step in enumerate(passes, 1):
        if isinstance(step, WindowPass):
            used = run_window_pass(step, state, parameters.match_window, pin)
        else:
            used = run_key_pass(step, state, pin) if share_a_key(step, state) else []
        if number < len(passes):  # nobody asks what the last one leaves
            keep_rest(state, used, pin)
    items = items_of(left=left, right=right, found=state, parameters=parameters, pin=pin)
    unclear = [edges.select("left_id", "right_id") for edges in state.ambiguous] or [no_edges(left)]
    return Matched(items, pin(nw.concat(unclear)))
