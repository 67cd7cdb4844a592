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
    charges = pin(charges.join(several, on=same, how="semi"))
    for name, step in (("previous", 1), ("next", -1)):
        neighbour = nw.col("id").shift(step).over(same, order_by=order)
        apart = (nw.col("occurred_at") - nw.col("occurred_at").shift(step).over(same, order_by=order)).abs()
        charges = charges.with_columns(nw.when(apart <= window).then(neighbour).alias(f"{name}_id"))
    return pin(
        charges.filter(~nw.col("previous_id").is_null() | ~nw.col("next_id").is_null()).select(
            "id", "previous_id", "next_id"
        )
    )
