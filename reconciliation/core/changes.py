"""What a run has to write: the difference between the items it found and those that are open."""

import narwhals as nw

from .passes import Frame, Pin
from .schema import ITEM

PAIR = ["left_id", "right_id"]
CONTENT = [column for column in ITEM if column not in PAIR]


def item_changes(found: Frame, stored: Frame, pin: Pin) -> tuple[Frame, Frame]:
    """`found`: items (schema.ITEM); `stored`: open items with the same columns and their `item_id`.

    Returns the items to open, and the stored items to close (one column, item_id). Equal items appear in neither.
    """
    both = found.join(stored, on=PAIR, how="inner", suffix="_stored")
    same = [_equal(nw.col(column), nw.col(f"{column}_stored")) for column in CONTENT]
    unchanged = pin(both.filter(*same).select("item_id", *PAIR))
    to_open = pin(found.join(unchanged, on=PAIR, how="anti").sort(PAIR))
    to_close = pin(stored.join(unchanged, on="item_id", how="anti").select("item_id").sort("item_id"))
    return to_open, to_close


def _equal(a: nw.Expr, b: nw.Expr) -> nw.Expr:
    """Equality where null equals null."""
    return (a == b).fill_null(False) | (a.is_null() & b.is_null())
