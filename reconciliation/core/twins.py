"""Charges of the same customer, amount and currency close in time: the suspicion of a double charge."""

import narwhals as nw

from .passes import Frame, Pin
from .schema import of_class


def twins(right: Frame, window: int, pin: Pin) -> dict[int, tuple[int | None, int | None]]:
    """Charges with a neighbour at most `window` microseconds away: identity → the one before and the one after (None
    where too far).

    Both are charges that took or may take money, and different provider objects by construction: one row a record.
    """
    same = ["party", "amount", "currency"]
    order = ["occurred_at", "key"]
    charges = pin(
        right.filter(
            (nw.col("kind") == "charge")
            & ~nw.col("party").is_null()
            & nw.col("excluded").is_null()
            & of_class(nw.col("status"), "money", "pending")
            & (nw.col("amount") > 0)
        ).select("id", "key", "occurred_at", *same)
    )
    several = charges.group_by(same).agg(n=nw.len()).filter(nw.col("n") > 1).select(same)
    frame = charges.join(several, on=same, how="semi").collect().sort(*same, *order)
    # Sorted, neighbours stand next to each other: one look up and one down, instead of a window over each customer.
    ids, moments = frame["id"], frame["occurred_at"]
    follows = moments - moments.shift(1) <= window
    for name in same:
        follows = follows & (frame[name] == frame[name].shift(1))
    follows = follows.fill_null(False)
    leads = follows.shift(-1).fill_null(False)
    near = frame.select("id").with_columns(
        ids.shift(1).alias("previous_id"),
        ids.shift(-1).alias("next_id"),
        follows.alias("follows"),
        leads.alias("leads"),
    )
    return {
        row["id"]: (row["previous_id"] if row["follows"] else None, row["next_id"] if row["leads"] else None)
        for row in near.filter(follows | leads).iter_rows(named=True)
    }
