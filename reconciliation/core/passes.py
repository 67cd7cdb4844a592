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
    status = status_class(nw.col("status"))
    sides = []
    for frame, column in ((left, step.left_on), (right, step.right_on)):
        keyed = frame.filter(~nw.col(column).is_null()).with_columns(k=nw.col(column))
        sides.append((keyed.with_columns(status=status) if "status" in on else keyed).select("id", *on))
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


def only_unique(edges: Frame) -> Frame:
    """The edges whose two records have no other partner."""
    return edges.filter(nw.col("left_id").is_unique() & nw.col("right_id").is_unique())


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


def pair_by_hand(together: Frame, state: Remaining, pin: Pin) -> Remaining:
    """Pairs the records that people matched, as far as both take part, and returns what remains."""
    here = together.join(state.left.select(left_id=nw.col("id"), kind=nw.col("kind")), on="left_id", how="inner")
    there = state.right.select(right_id=nw.col("id"), kind=nw.col("kind"))
    pairs = pin(only_unique(here.join(there, on=["right_id", "kind"], how="inner").select("left_id", "right_id")))
    state.pairs.append(paired(pairs, BY_HAND))
    return pinned_rest(state, pin, [pairs])


def allowed(edges: Frame, state: Remaining) -> Frame:
    """The edges that nobody has forbidden."""
    if state.apart is None:
        return edges
    return edges.join(state.apart.select("left_id", "right_id"), on=["left_id", "right_id"], how="anti")


def nothing(frame: Frame) -> bool:
    """Whether a pinned frame has no rows. A small run is quick when it skips what it has nothing for."""
    return len(frame.head(1).collect()) == 0


def run_key_pass(step: KeyPass, state: Remaining, pin: Pin) -> Remaining:
    """Applies a key pass and returns what remains."""
    edges = pin(allowed(key_edges(step, state.left, state.right), state))
    if state.ambiguous and nothing(edges):  # never in the first pass: what is kept needs its columns
        return state
    sure = pin(only_unique(edges))
    state.pairs.append(paired(sure, step.name))
    several = pin(without(edges, sure))
    if state.ambiguous and nothing(several):
        return pinned_rest(state, pin, [sure])
    rest = pin(described(step, several, state.left, state.right))
    grouped = pin(sum_groups(rest))
    state.groups.append(named_by_key(grouped, step.name))
    if not step.ambiguous:
        return pinned_rest(state, pin, [sure, grouped])
    rest = pin(without(rest, grouped))
    decided = pin(only_unique(rest.filter(nw.col("evidence"))))
    rest = pin(without(rest, decided))
    # Evidence may have freed one more unique pair, for instance two charges of which one is spoken for.
    freed = pin(only_unique(rest))
    state.pairs += [paired(decided, step.name), paired(freed, step.name)]
    unclear = pin(without(rest, freed))
    state.ambiguous.append(named_by_key(unclear, step.name))
    return pinned_rest(state, pin, [sure, grouped, decided, freed, unclear])


def window_edges(step: WindowPass, left: Frame, right: Frame, window: int, pin: Pin) -> tuple[Frame, Frame]:
    """Candidate pairs within `window` microseconds, and the records of buckets too crowded to look at in pairs.

    Time is cut into buckets of one window, and each right record stands in its own bucket and both neighbours: an
    equi-join of bounded size instead of an inequality join.
    """
    on = ["party", "amount", "currency", "kind"]
    bucket = nw.col("occurred_at") // max(window, 1)
    columns = ["id", "occurred_at", *on]
    left = left.select(*columns, bucket=bucket)
    right = right.select(*columns, bucket=bucket)
    spread = nw.concat([right.with_columns(bucket=nw.col("bucket") + shift) for shift in (-1, 0, 1)])
    on = [*on, "bucket"]
    sizes = left.group_by(on).agg(n_left=nw.len()).join(spread.group_by(on).agg(n_right=nw.len()), on=on, how="inner")
    sizes = pin(sizes.with_columns(crowded=nw.col("n_left") * nw.col("n_right") > step.bucket_limit))
    bounded = sizes.filter(~nw.col("crowded")).select(on)
    apart = nw.col("occurred_at_r") - nw.col("occurred_at")
    edges = (
        left.join(bounded, on=on, how="semi")
        .join(spread, on=on, how="inner", suffix="_r")
        .filter((apart <= window) & (apart >= -window))
        .select(left_id=nw.col("id"), right_id=nw.col("id_r"), k=window_key(step.name))
    )
    crowded = sizes.filter(nw.col("crowded")).select(on)
    none = nw.lit(None).cast(nw.Int64())
    lone = nw.concat(
        [
            left.join(crowded, on=on, how="semi").select(left_id=nw.col("id"), right_id=none, k=window_key(step.name)),
            spread.join(crowded, on=on, how="semi").select(
                left_id=none, right_id=nw.col("id"), k=window_key(step.name)
            ),
        ]
    ).unique(["left_id", "right_id", "k"])
    return pin(edges), pin(lone)


def window_key(name: str) -> nw.Expr:
    """The group key of candidates: what they have in common."""
    amount = nw.col("amount").cast(nw.String())
    return nw.concat_str(nw.lit(name), nw.col("kind"), nw.col("party"), amount, nw.col("currency"), separator="|")


def run_window_pass(step: WindowPass, state: Remaining, window: int, pin: Pin) -> Remaining:
    """Applies the window pass (`window` in microseconds) and returns what remains."""
    left = state.left.filter(nw.col("key").is_null() & ~nw.col("party").is_null())
    right = state.right.filter(~nw.col("party").is_null())
    edges, crowded = window_edges(step, left, right, window, pin)
    edges = pin(without(allowed(edges, state), crowded))
    sure = pin(only_unique(edges))
    unclear = pin(nw.concat([without(edges, sure), crowded]))
    state.pairs.append(paired(sure, step.name))
    state.ambiguous.append(named(unclear, step.name))
    return pinned_rest(state, pin, [sure, unclear])


def pinned_rest(state: Remaining, pin: Pin, used: list[Frame]) -> Remaining:
    """Takes the records of `used` off both sides and pins what is left, so that plans do not grow from pass to pass."""
    gone = {side: nw.concat([edges.select(id=nw.col(f"{side}_id")) for edges in used]) for side in ("left", "right")}
    state.left = pin(state.left.join(gone["left"], on="id", how="anti"))
    state.right = pin(state.right.join(gone["right"], on="id", how="anti"))
    return state
