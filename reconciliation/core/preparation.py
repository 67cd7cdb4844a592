"""What is decided about records before they are matched: who takes part, and which charge an intent means."""

import narwhals as nw

from .passes import Frame, Pin, count

FAILED = ["failed", "canceled"]
SUPERSEDED = "superseded_attempt"
REFUNDS_NOT_COMPARED = "refunds_not_compared"
REFUNDS_NOT_BOOKED = "refunds_not_booked_here"
# These take no part at all; any other exclusion yields to a left record that names the record by its key.
NEVER_MATCHED = (REFUNDS_NOT_COMPARED, REFUNDS_NOT_BOOKED)


def exclude_refunds(frame: Frame, reason: str) -> Frame:
    """Takes every refund out of the comparison, for `reason`."""
    refund = (nw.col("kind") == "refund") & nw.col("excluded").is_null()
    return frame.with_columns(excluded=nw.when(refund).then(nw.lit(reason)).otherwise(nw.col("excluded")))


def mark_superseded(right: Frame, pin: Pin) -> Frame:
    """Excludes charges that another attempt on the same payment intent replaced.

    A payment intent makes one charge an attempt (https://docs.stripe.com/payments/paymentintents/lifecycle): where one
    attempt did not fail, the failed ones are superseded; where all failed, all but the last. `latest` tells which
    charge the intent itself names; when it is known, other charges are no longer reached through the intent. It is null
    where an intent has one charge only.
    """
    charge = (nw.col("kind") == "charge") & ~nw.col("parent_key").is_null() & nw.col("excluded").is_null()
    attempts = pin(right.filter(charge & ~nw.col("latest").is_null())).collect()
    if not len(attempts):
        return right
    attempts = attempts.sort("occurred_at", "key")
    parent, named, failed = attempts["parent_key"], attempts["latest"], attempts["status"].is_in(FAILED)
    alive = parent.is_in(parent.filter(~failed).to_list())
    reached = parent.is_in(parent.filter(named).to_list())
    superseded = attempts["id"].filter(failed & (alive | ~parent.is_last_distinct())).to_list()
    unreached = attempts["id"].filter(reached & ~named).to_list()
    return right.with_columns(
        excluded=nw.when(nw.col("id").is_in(superseded)).then(nw.lit(SUPERSEDED)).otherwise(nw.col("excluded")),
        parent_key=nw.when(~nw.col("id").is_in(unreached)).then(nw.col("parent_key")),
    )


def apply_refunds(right: Frame, pin: Pin) -> Frame:
    """Adds `refunded` (minor units given back) to charges and tells it in their status.

    The sum is taken over the refunds' own records; a charge's own counter only cross-checks
    (https://docs.stripe.com/api/refunds/object: pending, failed and canceled refunds move no money).
    """
    done = (nw.col("kind") == "refund") & (nw.col("status") == "succeeded") & ~nw.col("parent_key").is_null()
    sums = pin(right.filter(done).group_by("parent_key", "currency").agg(refunded=nw.col("amount").sum()))
    if not count(sums):
        return right.with_columns(refunded=nw.lit(0).cast(nw.Int64()))
    # Few charges are refunded: theirs alone are joined, and told by identity, so that the side is not copied.
    charges = right.filter(nw.col("kind") == "charge").select("id", "key", given="currency")
    given = charges.join(sums, left_on="key", right_on="parent_key", how="inner")
    back = pin(given.filter(nw.col("given") == nw.col("currency")).select("id", "refunded")).collect()
    refunded = nw.col("id").replace_strict(
        back["id"].to_list(), back["refunded"].to_list(), default=0, return_dtype=nw.Int64()
    )
    frame = right.with_columns(refunded=refunded if len(back) else nw.lit(0).cast(nw.Int64()))
    partly = (nw.col("status") == "succeeded") & (nw.col("refunded") > 0)
    fully = partly & (nw.col("refunded") >= nw.col("amount"))
    status = (
        nw.when(fully)
        .then(nw.lit("refunded"))
        .when(partly)
        .then(nw.lit("partially_refunded"))
        .otherwise(nw.col("status"))
    )
    return pin(frame.with_columns(status=status))
