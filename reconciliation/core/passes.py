"""Matching passes. Each works on what the passes before it left, pairs only what is unique, and sets the rest aside.

A pass joins the sides on a key, then looks at how many partners each record has: one partner each way is a pair; a
record whose partners sum up to it is a group; evidence (the own reference) may single out one of several; anything
else is ambiguous and left to a person.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import narwhals as nw

from .schema import status_class

Frame = nw.LazyFrame
Pin = Callable[[Frame], Frame]

EDGE = ("left_id", "right_id", "match_pass", "group_key")


@dataclass(frozen=True)
class KeyPass:
    """Join on a key column of each side; `equal` names further columns that must be equal ("status": by class)."""

    name: str
    left_on: str
    right_on: str
    equal: tuple[str, ...] = ()
    ambiguous: bool = True  # False for a weak key: several partners that do not add up mean nothing


@dataclass(frozen=True)
class WindowPass:
    """Same customer, amount and currency within the match window; for left records that name no key."""

    name: str = "unique_in_window"
    bucket_limit: int = 10_000  # pairs looked at within one (customer, amount, currency)


@dataclass
class Remaining:
    """What is left to match, and what was found so far."""

    left: Frame
    right: Frame
    pairs: list[Frame] = field(default_factory=list)
    groups: list[Frame] = field(default_factory=list)
    ambiguous: list[Frame] = field(default_factory=list)
    apart: Frame | None = None  # pairs that people keep apart


def key_edges(step: KeyPass, left: Frame, right: Frame) -> Frame:
    """All pairs that share the key of `step`, by their ids alone: most are plain, and nothing else is asked of them."""
    on = ["k", "kind", *step.equal]
    plain = [name for name in on if name not in ("k", "status")]
    classes = {"status": status_class(nw.col("status"))} if "status" in on else {}
    sides = [
        frame.drop_nulls(column).select("id", *plain, k=nw.col(column), **classes)
        for frame, column in ((left, step.left_on), (right, step.right_on))
    ]
    joined = sides[0].join(sides[1], on=on, how="inner", suffix="_r")
    return joined.select(left_id=nw.col("id"), right_id=nw.col("id_r"))


def described(step: KeyPass, edges: Frame, left: Frame, right: Frame) -> Frame:
    """Edges with what decides between several: the key, amounts, currencies, status classes, own references."""
    facts = left.select(
        "kind", "alt_key", "alt_key2", left_id=nw.col("id"), k=nw.col(step.left_on), left_amount=nw.col("amount"),
        left_currency=nw.col("currency"), left_status=nw.col("status"),
    )  # fmt: skip
    others = right.select(
        right_id=nw.col("id"), own=nw.col("alt_key"), right_amount=nw.col("amount"), right_currency=nw.col("currency"),
        right_status=nw.col("status"),
    )  # fmt: skip
    both = edges.join(facts, on="left_id", how="inner").join(others, on="right_id", how="inner")
    evidence = (nw.col("alt_key") == nw.col("own")) | (nw.col("alt_key2") == nw.col("own"))
    return both.with_columns(
        evidence=evidence.fill_null(False),
        left_status=status_class(nw.col("left_status")),
        right_status=status_class(nw.col("right_status")),
    )


def is_alone() -> nw.Expr:
    """Whether the two records of an edge have no other partner."""
    return nw.col("left_id").is_unique() & nw.col("right_id").is_unique()


def only_unique(edges: Frame) -> Frame:
    """The edges whose two records have no other partner."""
    return edges.filter(is_alone())


def marked(edges: Frame) -> Frame:
    """Edges with `alone`: whether its two records have no other partner."""
    return edges.with_columns(alone=is_alone())


def halves(edges: Frame) -> tuple[Frame, Frame]:
    """Marked edges, those alone and the others: no record is in both."""
    return edges.filter(nw.col("alone")), edges.filter(~nw.col("alone"))


def without(edges: Frame, used: Frame) -> Frame:
    """The edges that touch no record of `used` (a frame with left_id and right_id)."""
    return edges.join(used.select("left_id"), on="left_id", how="anti").join(
        used.select("right_id"), on="right_id", how="anti"
    )


def paired(edges: Frame, name: str) -> Frame:
    """Pairs in the shape results are kept in."""
    return edges.select("left_id", "right_id", match_pass=nw.lit(name).cast(nw.Categorical()))


def named_by_key(edges: Frame, name: str) -> Frame:
    """Edges of a key pass in the shape groups and candidates are kept in."""
    return named(edges.with_columns(k=nw.concat_str(nw.lit(name), nw.col("kind"), nw.col("k"), separator="|")), name)


def named(edges: Frame, name: str) -> Frame:
    """Edges in the shape groups and candidates are kept in."""
    return edges.select("left_id", "right_id", match_pass=nw.lit(name), group_key=nw.col("k"))


def sum_groups(edges: Frame) -> Frame:
    """Edges of keys where one record equals the sum of its several partners, in one currency and status."""
    per_key = edges.group_by("kind", "k").agg(
        lefts=nw.col("left_id").n_unique(),
        rights=nw.col("right_id").n_unique(),
        left_sum=nw.col("left_amount").sum(),
        right_sum=nw.col("right_amount").sum(),
        left_max=nw.col("left_amount").max(),
        right_max=nw.col("right_amount").max(),
        apart=(
            (nw.col("left_currency") != nw.col("right_currency")) | (nw.col("left_status") != nw.col("right_status"))
        )
        .cast(nw.Int64())
        .sum(),
    )
    # One left with n rights: each edge repeats the left's amount, so the plain maximum is its amount, and vice versa.
    adds_up = ((nw.col("lefts") == 1) & (nw.col("right_sum") == nw.col("left_max"))) | (
        (nw.col("rights") == 1) & (nw.col("left_sum") == nw.col("right_max"))
    )
    fitting = per_key.filter(adds_up & (nw.col("apart") == 0)).select("kind", "k")
    return edges.join(fitting, on=["kind", "k"], how="semi")


BY_HAND = "person"
FEW = 10_000  # records


def pair_by_hand(together: Frame, state: Remaining, pin: Pin) -> None:
    """Pairs the records that people matched, as far as both take part."""
    here = together.join(state.left.select(left_id=nw.col("id"), kind=nw.col("kind")), on="left_id", how="inner")
    there = state.right.select(right_id=nw.col("id"), kind=nw.col("kind"))
    pairs = pin(only_unique(here.join(there, on=["right_id", "kind"], how="inner").select("left_id", "right_id")))
    state.pairs.append(paired(pairs, BY_HAND))
    keep_rest(state, [pairs], pin)


def allowed(edges: Frame, state: Remaining) -> Frame:
    """The edges that nobody has forbidden."""
    if state.apart is None:
        return edges
    return edges.join(state.apart.select("left_id", "right_id"), on=["left_id", "right_id"], how="anti")


def count(frame: Frame) -> int:
    """How many rows a pinned frame has. A small run is quick when it skips what it has nothing for."""
    return len(frame.collect())


def share_a_key(step: KeyPass, state: Remaining) -> bool:
    """Whether records of the pinned sides may share the key of `step`: of few records it is quicker to look than to
    join, of many it is not.
    """
    left, right = state.left.collect()[step.left_on], state.right.collect()[step.right_on]
    if len(left) + len(right) > FEW:
        return True
    return not set(left.drop_nulls().to_list()).isdisjoint(right.to_list())


def run_key_pass(step: KeyPass, state: Remaining, pin: Pin) -> list[Frame]:
    """Applies a key pass and returns the edges it used up."""
    edges = pin(marked(allowed(key_edges(step, state.left, state.right), state)))
    if not count(edges):
        return []
    sure, several = halves(edges)
    state.pairs.append(paired(sure, step.name))
    if edges.collect()["alone"].all():
        return [sure]
    return [sure, *settle_several(step, pin(described(step, several, state.left, state.right)), state, pin)]


def settle_several(step: KeyPass, edges: Frame, state: Remaining, pin: Pin) -> list[Frame]:
    """Decides about records with several partners by the key of `step`, and returns the edges used up."""
    grouped = pin(sum_groups(edges))
    if count(grouped):
        state.groups.append(named_by_key(grouped, step.name))
    if not step.ambiguous or count(grouped) == count(edges):
        return [grouped]
    rest = pin(without(edges, grouped)) if count(grouped) else edges
    used = [grouped]
    if rest.collect()["evidence"].any():
        decided = pin(only_unique(rest.filter(nw.col("evidence"))))
        rest = pin(without(rest, decided))
        state.pairs.append(paired(decided, step.name))
        used.append(decided)
    # Evidence may have freed one more unique pair, for instance two charges of which one is spoken for.
    freed, unclear = halves(pin(marked(rest)))
    state.pairs.append(paired(freed, step.name))
    state.ambiguous.append(named_by_key(unclear, step.name))
    return [*used, freed, unclear]


def keep_rest(state: Remaining, used: list[Frame], pin: Pin, *, also: nw.Expr | None = None) -> None:
    """Takes the records of `used` off both sides (and those that `also` does not keep), and pins what is left, so that
    plans do not grow from pass to pass.
    """
    if not used and also is None:
        return
    rest = []
    for side, frame in (("left", state.left), ("right", state.right)):
        gone = [edges.select(id=nw.col(f"{side}_id")) for edges in used]
        kept = frame.join(nw.concat(gone), on="id", how="anti") if gone else frame
        rest.append(pin(kept if also is None else kept.filter(also)))
    state.left, state.right = rest


def no_edges(side: Frame) -> Frame:
    """Edges in the shape they are found in: none, for a place that needs some frame."""
    return side.head(0).select(left_id=nw.col("id"), right_id=nw.col("id"))
