"""The window pass: pairs without any key, by customer, amount, currency and closeness in time."""

import narwhals as nw

from .passes import Frame, Pin, Remaining, WindowPass, allowed, count, halves, marked, named, paired, without


def window_edges(step: WindowPass, left: Frame, right: Frame, window: int, pin: Pin) -> tuple[Frame, Frame | None]:
    """Candidate pairs within `window` microseconds of two pinned sides, and the records of buckets too crowded to look
    at in pairs (None: there are none).

    Time is cut into buckets of one window, and each right record stands in its own bucket and both neighbours: an
    equi-join of bounded size instead of an inequality join. Of few records all pairs can be looked at.
    """
    on = ["party", "amount", "currency", "kind"]
    columns = ["id", "occurred_at", *on]
    if count(left) * count(right) <= step.bucket_limit:
        return pin(close_pairs(step, left.select(columns), right.select(columns), on, window)), None
    bucket = nw.col("occurred_at") // max(window, 1)
    left = left.select(*columns, bucket=bucket)
    right = right.select(*columns, bucket=bucket)
    spread = nw.concat([right.with_columns(bucket=nw.col("bucket") + shift) for shift in (-1, 0, 1)])
    on = [*on, "bucket"]
    sizes = left.group_by(on).agg(n_left=nw.len()).join(spread.group_by(on).agg(n_right=nw.len()), on=on, how="inner")
    sizes = pin(sizes.with_columns(crowded=nw.col("n_left") * nw.col("n_right") > step.bucket_limit))
    bounded = sizes.filter(~nw.col("crowded")).select(on)
    edges = pin(close_pairs(step, left.join(bounded, on=on, how="semi"), spread, on, window))
    if not sizes.collect()["crowded"].any():
        return edges, None
    crowded = sizes.filter(nw.col("crowded")).select(on)
    none, key = nw.lit(None).cast(nw.Int64()), window_key(step.name)
    lone = [
        left.join(crowded, on=on, how="semi").select(left_id=nw.col("id"), right_id=none, k=key),
        spread.join(crowded, on=on, how="semi").select(left_id=none, right_id=nw.col("id"), k=key),
    ]
    return edges, pin(nw.concat(lone).unique(["left_id", "right_id", "k"]))


def close_pairs(step: WindowPass, left: Frame, right: Frame, on: list[str], window: int) -> Frame:
    """The pairs equal in `on` and at most `window` microseconds apart."""
    apart = nw.col("occurred_at_r") - nw.col("occurred_at")
    pairs = left.join(right, on=on, how="inner", suffix="_r").filter((apart <= window) & (apart >= -window))
    return pairs.select(left_id=nw.col("id"), right_id=nw.col("id_r"), k=window_key(step.name))


def window_key(name: str) -> nw.Expr:
    """The group key of candidates: what they have in common."""
    amount = nw.col("amount").cast(nw.String())
    return nw.concat_str(nw.lit(name), nw.col("kind"), nw.col("party"), amount, nw.col("currency"), separator="|")


def run_window_pass(step: WindowPass, state: Remaining, window: int, pin: Pin) -> list[Frame]:
    """Applies the window pass (`window` in microseconds) and returns the edges it used up."""
    known = ~nw.col("party").is_null()
    left, right = pin(state.left.filter(nw.col("key").is_null() & known)), pin(state.right.filter(known))
    if not count(left) or not count(right):
        return []
    edges, crowded = window_edges(step, left, right, window, pin)
    edges = allowed(edges, state)
    sure, unclear = halves(pin(marked(edges if crowded is None else without(edges, crowded))))
    state.pairs.append(paired(sure, step.name))
    unclear = named(unclear, step.name)
    state.ambiguous.append(unclear if crowded is None else nw.concat([unclear, named(crowded, step.name)]))
    return [sure, state.ambiguous[-1]]
