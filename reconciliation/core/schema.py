"""The frame of a side: what every comparison hands to the matching core.

Texts of few different values (kind, currency, status, reasons) may come as String or, at a quarter of the memory, as
Categorical, on both sides alike. Amounts are Int64 minor units, times are microseconds since 1970-01-01 UTC, a missing
text is null (never "").
"""

import narwhals as nw

SIDE = {
    "id": nw.Int64(),  # the record's identity
    "version_id": nw.Int64(),  # the version compared
    "kind": nw.String(),  # charge, refund
    "key": nw.String(),  # left: the provider reference it names; right: the provider's id
    "parent_key": nw.String(),  # right: what it belongs to (payment intent, charge)
    "alt_key": nw.String(),  # left: own id; right: own reference carried by the provider
    "alt_key2": nw.String(),  # left: invoice number
    "party": nw.String(),  # customer
    "amount": nw.Int64(),
    "currency": nw.String(),
    "status": nw.String(),  # canonical
    "occurred_at": nw.Int64(),
    "excluded": nw.String(),  # why it takes no part unless named by its key, else null
}

OUTCOMES = ("matched", "mismatched", "only_left", "only_right", "not_due", "ambiguous", "excluded")

ITEM = {
    "left_id": nw.Int64(),
    "left_version_id": nw.Int64(),
    "right_id": nw.Int64(),
    "right_version_id": nw.Int64(),
    "kind": nw.Categorical(),
    "outcome": nw.Categorical(),
    "match_pass": nw.Categorical(),
    "reason": nw.Categorical(),
    "group_key": nw.String(),
    "left_amount_minor": nw.Int64(),
    "left_currency": nw.Categorical(),
    "left_status": nw.Categorical(),
    "right_amount_minor": nw.Int64(),
    "right_currency": nw.Categorical(),
    "right_status": nw.Categorical(),
    "occurred_at": nw.Int64(),
    "due_at": nw.Int64(),
}

# Statuses agree when their classes do, except that money reported back must be reported back on both sides (see
# `agree`).
STATUS_CLASSES = {
    "succeeded": "money",
    "refunded": "money",
    "partially_refunded": "money",
    "pending": "pending",
    "failed": "no_money",
    "canceled": "no_money",
    "unknown": "unknown",
}
CLASSES = ("money", "pending", "no_money", "unknown")
REFUNDED = ("refunded", "partially_refunded")


def status_class(status: nw.Expr) -> nw.Expr:
    """The class of a canonical status, as its place in CLASSES: a byte a row where its name would be many."""
    places = [CLASSES.index(name) for name in STATUS_CLASSES.values()]
    unknown = CLASSES.index("unknown")
    return status.replace_strict(list(STATUS_CLASSES), places, default=unknown, return_dtype=nw.Int8())


def of_class(status: nw.Expr, *names: str) -> nw.Expr:
    """Whether a canonical status is of one of the classes."""
    return status.is_in([known for known, name in STATUS_CLASSES.items() if name in names])


def statuses_agree(left: nw.Expr, right: nw.Expr) -> nw.Expr:
    """Whether two canonical statuses tell the same story.

    The provider may report a refund that is booked here as a record of its own (left succeeded, right refunded):
    agrees. A refund booked here on the charge itself must exist at the provider: left refunded agrees with right
    refunded only.
    """
    same_class = status_class(left) == status_class(right)
    return (left == right) | (same_class & ~left.is_in(REFUNDED))
