"""From pairs, groups and what is left over to items with an outcome each."""

import narwhals as nw

from .parameters import Parameters
from .passes import Frame, Pin, Remaining
from .schema import ITEM, statuses_agree

FACTS = ("version_id", "kind", "amount", "currency", "status", "occurred_at", "excluded")


def facts(side: Frame, name: str) -> Frame:
    """A side's facts under names that tell the side."""
    return side.select(**{f"{name}_id": nw.col("id")}, **{f"{name}_{column}": nw.col(column) for column in FACTS})


def legs(found: list[Frame], side: str, outcome: str) -> Frame:
    """One row for each record of `side` in the given edges: what it is a leg of."""
    rows = [f.filter(~nw.col(f"{side}_id").is_null()).select(f"{side}_id", "match_pass", "group_key") for f in found]
    return (
        nw.concat(rows)
        .group_by(f"{side}_id")
        .agg(match_pass=nw.col("match_pass").min(), group_key=nw.col("group_key").min())
        .with_columns(fixed=nw.lit(outcome))
    )


def decide_pairs(pairs: Frame, parameters: Parameters) -> Frame:
    """Outcome of matched pairs: `matched`, or `mismatched` when currency, amount or status differ."""
    apart = (nw.col("right_amount") - nw.col("left_amount")).abs()
    tolerance = parameters.tolerance
    # The whole parts of amount × ppm ÷ 1,000,000, in two steps: the product itself may not fit into 64 bits.
    millions, rest = nw.col("left_amount").abs() // 1_000_000, nw.col("left_amount").abs() % 1_000_000
    allowed = millions * tolerance.ppm + rest * tolerance.ppm // 1_000_000
    within = (apart <= tolerance.minor) | (apart <= allowed)
    same = (nw.col("left_currency") == nw.col("right_currency")) & within
    agree = same & statuses_agree(nw.col("left_status"), nw.col("right_status"))
    return pairs.with_columns(
        outcome=nw.when(agree).then(nw.lit("matched")).otherwise(nw.lit("mismatched")),
        group_key=nw.lit(None).cast(nw.String()),
        kind=nw.col("left_kind"),
        occurred_at=nw.col("left_occurred_at"),
        due_at=nw.lit(None).cast(nw.Int64()),
        reason=nw.lit(None).cast(nw.String()),
    )


def decide_alone(alone: Frame, side: str, parameters: Parameters) -> Frame:
    """Outcome of records without a pair: a group leg, ambiguous, excluded, not due yet, or missing on the other
    side.
    """
    due = nw.col(f"{side}_occurred_at") + parameters.grace
    waiting = due > parameters.now
    excluded = ~nw.col(f"{side}_excluded").is_null()
    return alone.with_columns(
        outcome=nw.when(~nw.col("fixed").is_null())
        .then(nw.col("fixed"))
        .when(excluded)
        .then(nw.lit("excluded"))
        .when(waiting)
        .then(nw.lit("not_due"))
        .otherwise(nw.lit(f"only_{side}")),
        reason=nw.when(nw.col("fixed").is_null()).then(nw.col(f"{side}_excluded")),
        kind=nw.col(f"{side}_kind"),
        occurred_at=nw.col(f"{side}_occurred_at"),
        due_at=nw.when(nw.col("fixed").is_null() & ~excluded & waiting).then(due),
    )


def shaped(frame: Frame, known: tuple[str, ...]) -> Frame:
    """A frame with exactly the columns of ITEM; sides not in `known` are empty."""
    columns = []
    for column, dtype in ITEM.items():
        side, _, rest = column.partition("_")
        source = f"{side}_{rest.removesuffix('_minor')}" if side in ("left", "right") else column
        absent = side in ("left", "right") and side not in known
        default = 0 if rest in ("id", "version_id") and absent else None
        value = nw.lit(default) if absent else nw.col(source)
        columns.append(value.cast(dtype).alias(column))
    return frame.select(*columns)


def items_of(*, left: Frame, right: Frame, found: Remaining, parameters: Parameters, pin: Pin) -> Frame:
    """All items (schema.ITEM), sorted by left and right record."""
    pairs = pin(nw.concat([frame.select("left_id", "right_id", "match_pass") for frame in found.pairs]))
    joined = pairs.join(facts(left, "left"), on="left_id", how="inner").join(
        facts(right, "right"), on="right_id", how="inner"
    )
    parts = [shaped(decide_pairs(joined, parameters), ("left", "right"))]
    for side, frame in (("left", left), ("right", right)):
        alone = facts(frame, side).join(pairs.select(f"{side}_id"), on=f"{side}_id", how="anti")
        known = pin(nw.concat([legs(found.groups, side, "matched"), legs(found.ambiguous, side, "ambiguous")]))
        alone = alone.join(known, on=f"{side}_id", how="left")
        parts.append(shaped(decide_alone(alone, side, parameters), (side,)))
    return pin(nw.concat(parts).sort("left_id", "right_id"))
