"""Charges of the same customer, amount and currency close in time: the suspicion of a double charge."""

import narwhals as nw

from .passes import Frame, Pin
from .schema import of_class


def twins(right: Frame, window: int, pin: Pin) -> Frame:
    """Charges with a neighbour at most `window` microseconds away: id, previous_id, next_id (null where too far).

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
    for name, step in (("previous", 1), ("next", -1)):
        alike = nw.all_horizontal(*(nw.col(c) == nw.col(c).shift(step) for c in same), ignore_nulls=False)
        apart = (nw.col("occurred_at") - nw.col("occurred_at").shift(step)).abs()
        frame = frame.with_columns(
            nw.when(alike & (apart <= window)).then(nw.col("id").shift(step)).alias(f"{name}_id")
        )
    near = frame.filter(~nw.col("previous_id").is_null() | ~nw.col("next_id").is_null())
    return near.select("id", "previous_id", "next_id").lazy()
