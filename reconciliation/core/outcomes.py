"""From pairs, groups and what is left over to items with an outcome each."""

import narwhals as nw

from .parameters import Parameters
from .passes import Frame, Pin, Remaining, no_edges, paired
from .schema import ITEM, statuses_agree

FACTS = ("version_id", "kind", "amount", "currency", "status", "occurred_at", "excluded")


def facts(side: Frame, name: str) -> Frame:
    """A side's facts under names that tell the side."""
    return side.select(**{f"{name}_id": nw.col("id")}, **{f"{name}_{column}": nw.col(column) for column in FACTS})


def legs(found: Remaining, side: str) -> Frame | None:
    """One row for each record of `side` in a group or an ambiguous edge: what it is a leg of; None: there are none."""
    id_ = f"{side}_id"
    parts = [
        edges.filter(~nw.col(id_).is_null()).select(id_, "match_pass", "group_key", fixed=nw.lit(outcome))
        for outcome, kept in (("matched", found.groups), ("ambiguous", found.ambiguous))
        for edges in kept
    ]
    if not parts:
        return None
    texts = ("match_pass", "group_key", "fixed")
    one = nw.concat(parts).group_by(id_).agg(**{name: nw.col(name).min() for name in texts})
    return one.with_columns(nw.col("match_pass", "fixed").cast(nw.Categorical()))


def skeleton(left: Frame, right: Frame, found: Remaining, pin: Pin) -> Frame:
    """One row for each item, sorted: left_id and right_id (0: none), and what its records are legs of.

    Made and sorted before the facts are added: a narrow frame is cheap to sort and to add up.
    """
    text, label = nw.lit(None).cast(nw.String()), nw.lit(None).cast(nw.Categorical())
    pairs = pin(nw.concat(found.pairs)) if found.pairs else paired(no_edges(left), "")
    parts = [pairs.with_columns(group_key=text, fixed=label)]
    for side, frame in (("left", left), ("right", right)):
        ids = frame.select(nw.col("id").alias(f"{side}_id"))
        alone = pin(ids.join(pairs.select(f"{side}_id"), on=f"{side}_id", how="anti"))
        known = legs(found, side)
        if known is None:
            alone = alone.with_columns(match_pass=label, group_key=text, fixed=label)
        else:
            alone = alone.join(known, on=f"{side}_id", how="left")
        other = "right_id" if side == "left" else "left_id"
        alone = alone.with_columns(nw.lit(0).cast(nw.Int64()).alias(other))
        parts.append(alone.select("left_id", "right_id", "match_pass", "group_key", "fixed"))
    return pin(nw.concat(parts).sort("left_id", "right_id"))


def label(text: str) -> nw.Expr:
    """A text that many rows have: four bytes in each."""
    return nw.lit(text).cast(nw.Categorical())


def pair_outcome(parameters: Parameters) -> nw.Expr:
    """`matched`, or `mismatched` when currency, amount or status of a pair differ."""
    apart = (nw.col("right_amount") - nw.col("left_amount")).abs()
    tolerance = parameters.tolerance
    within = apart <= tolerance.minor
    if tolerance.ppm:
        # The whole parts of amount × ppm ÷ 1,000,000, in two steps: the product itself may not fit into 64 bits.
        millions, rest = nw.col("left_amount").abs() // 1_000_000, nw.col("left_amount").abs() % 1_000_000
        within = within | (apart <= millions * tolerance.ppm + rest * tolerance.ppm // 1_000_000)
    agree = (nw.col("left_currency") == nw.col("right_currency")) & within
    agree = agree & statuses_agree(nw.col("left_status"), nw.col("right_status"))
    return nw.when(agree).then(label("matched")).otherwise(label("mismatched"))


def decided(rows: Frame, parameters: Parameters) -> Frame:
    """Outcome, reason and due date of each item: of a pair by comparing it; of a record without one as a group leg,
    ambiguous, excluded, not due yet, or missing on the other side.
    """
    pair = (nw.col("left_id") > 0) & (nw.col("right_id") > 0)
    alone = ~pair & nw.col("fixed").is_null()
    owned = nw.col("left_id") > 0
    occurred = nw.when(owned).then(nw.col("left_occurred_at")).otherwise(nw.col("right_occurred_at"))
    excluded = nw.when(owned).then(nw.col("left_excluded")).otherwise(nw.col("right_excluded"))
    waiting = occurred + parameters.grace > parameters.now
    missing = nw.when(owned).then(label("only_left")).otherwise(label("only_right"))
    return rows.with_columns(
        outcome=nw.when(pair)
        .then(pair_outcome(parameters))
        .when(~nw.col("fixed").is_null())
        .then(nw.col("fixed"))
        .when(~excluded.is_null())
        .then(label("excluded"))
        .when(waiting)
        .then(label("not_due"))
        .otherwise(missing),
        reason=nw.when(alone).then(excluded),
        kind=nw.when(owned).then(nw.col("left_kind")).otherwise(nw.col("right_kind")),
        occurred_at=occurred,
        due_at=nw.when(alone & excluded.is_null() & waiting).then(occurred + parameters.grace),
    )


def shaped(frame: Frame) -> Frame:
    """A frame with exactly the columns of ITEM; the version of a record that is not there is 0."""
    columns = []
    for column, dtype in ITEM.items():
        side, _, rest = column.partition("_")
        value = nw.col(f"{side}_{rest.removesuffix('_minor')}" if side in ("left", "right") else column)
        columns.append((value.fill_null(0) if rest == "version_id" else value).cast(dtype).alias(column))
    return frame.select(*columns)


def items_of(*, left: Frame, right: Frame, found: Remaining, parameters: Parameters, pin: Pin) -> Frame:
    """All items (schema.ITEM), sorted by left and right record."""
    rows = skeleton(left, right, found, pin)
    rows = rows.join(facts(left, "left"), on="left_id", how="left").join(
        facts(right, "right"), on="right_id", how="left"
    )
    items = pin(shaped(decided(rows, parameters)))
    frame = items.collect()
    # A record of ours is in one item: only those without one are to be told apart by the provider's.
    in_order = frame["left_id"].is_sorted() and frame["right_id"].filter(frame["left_id"] == 0).is_sorted()
    return items if in_order else pin(items.sort("left_id", "right_id"))
