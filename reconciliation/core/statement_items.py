"""Items of the `statements` comparison: invoices on the left, lines of the provider's statement on the right.

Sides are frames of schema.SIDE and besides, left: `state` (the invoice's own status), `said` (what its source says was
paid to the provider), `outside` (paid outside it), `beside` (what of it was paid outside), `credited` (given back after
payment, as its source says), `linked` (what the provider's links say was paid); right: `role` (payment, reversal or
null), `source` (the object a line is about), `shown` and `shown_currency` (what the customer saw). `grp` on both: the
group, null for a record by itself.
An invoice's `occurred_at` is that of its first payment, so that both lie in one period.
"""

import narwhals as nw

from .invoice_groups import PAYMENT, REVERSAL, asked, groups_of, with_expected, with_value
from .matching import Matched
from .outcomes import facts
from .parameters import Parameters
from .passes import Frame, Pin
from .schema import ITEM

NAMED, LINKED, TOGETHER, BACK = "invoice_named", "invoice_payment", "invoice_group", "given_back"
TEXT, INT = nw.String(), nw.Int64()
NO_TEXT, NO_NUMBER = nw.lit(None).cast(TEXT), nw.lit(None).cast(INT)
UNPAID = "unpaid"
DISPUTED = ("dispute", "dispute_reversal")


def settle(*, left: Frame, right: Frame, parameters: Parameters, pin: Pin) -> Matched:
    """Every record of both sides in exactly one item; a group of several payments or invoices has one for each."""
    left = pin(with_expected(left))
    invoices = left.filter((nw.col("kind") == "invoice") & ~nw.col("grp").is_null())
    asked_for = pin(asked(invoices, parameters.tolerance))
    lines = pin(with_value(right, asked_for))
    groups = groups_of(left, lines, asked_for, parameters, pin)
    paid = pin(groups.filter(nw.col("payments") > 0))
    pairs = pin(pairs_of(left, lines, paid))
    parts = [
        shaped(pairs, ("left", "right")),
        shaped(lone_left(left, lines, paid, pairs, parameters), ("left",)),
        shaped(lone_payments(lines, paid, pairs, parameters), ("right",)),
        shaped(reversals(lines, groups, parameters, pin), ("right",)),
        shaped(taking_no_part(lines), ("right",)),
    ]
    no_edges = pin(pairs.select("left_id", "right_id").filter(nw.col("left_id") < 0))
    return Matched(pin(nw.concat(parts).sort("left_id", "right_id")), no_edges)


def shaped(frame: Frame, known: tuple[str, ...]) -> Frame:
    """A frame with exactly the columns of ITEM; sides not in `known` are empty."""
    columns = []
    for column, dtype in ITEM.items():
        side, _, rest = column.partition("_")
        sided = side in ("left", "right")
        absent = nw.lit(0 if rest in ("id", "version_id") else None)
        source = f"{side}_{rest.removesuffix('_minor')}" if sided else column
        columns.append((absent if sided and side not in known else nw.col(source)).cast(dtype).alias(column))
    return frame.select(*columns)


def outcome_of_group() -> nw.Expr:
    """What becomes of the records of a group."""
    otherwise = nw.when(nw.col("expected_later")).then(nw.lit("not_due")).otherwise(nw.lit("mismatched"))
    return nw.when(nw.col("agrees")).then(nw.lit("matched")).otherwise(otherwise)


def due_of_group() -> nw.Expr:
    """Until when the rest of a group is expected."""
    return nw.when(nw.col("expected_later")).then(nw.col("due_at"))


def pairs_of(left: Frame, lines: Frame, paid: Frame) -> Frame:
    """One invoice, one payment: an item that holds both."""
    single = paid.filter((nw.col("invoices") == 1) & (nw.col("payments") == 1))
    single = single.select("grp", "agrees", "expected_later", "due_at")
    invoices = left.filter(nw.col("kind") == "invoice")
    payments = lines.filter(nw.col("role") == PAYMENT).select("grp", right_id=nw.col("id"), named=nw.col("alt_key2"))
    joined = single.join(invoices.select("grp", left_id=nw.col("id"), own=nw.col("key")), on="grp", how="inner")
    joined = joined.join(payments, on="grp", how="inner")
    joined = joined.join(facts(left, "left"), on="left_id", how="inner")
    joined = joined.join(facts(lines, "right"), on="right_id", how="inner")
    by_name = (nw.col("named") == nw.col("own")).fill_null(False)
    return joined.with_columns(
        outcome=outcome_of_group(),
        match_pass=nw.when(by_name).then(nw.lit(NAMED)).otherwise(nw.lit(LINKED)),
        reason=NO_TEXT,
        group_key=NO_TEXT,
        kind=nw.col("left_kind"),
        occurred_at=nw.col("left_occurred_at"),
        due_at=due_of_group(),
    )


def with_group(frame: Frame, paid: Frame, side: str) -> Frame:
    """A side's facts with what its group comes to, null for records of none that was paid."""
    judged = paid.select("grp", "agrees", "expected_later", "due_at", grouped=nw.lit(True))
    joined = facts(frame, side).join(frame.select("grp", **{f"{side}_id": nw.col("id")}), on=f"{side}_id", how="inner")
    return joined.join(judged, on="grp", how="left").with_columns(grouped=nw.col("grouped").fill_null(False))


def as_items(frame: Frame, side: str, *, outcome: nw.Expr, match_pass: nw.Expr, due_at: nw.Expr) -> Frame:
    """Items of records by themselves; `group_key` names the group they are a part of."""
    return frame.with_columns(
        outcome=outcome,
        match_pass=match_pass,
        due_at=due_at,
        reason=nw.when(outcome == "excluded").then(nw.col(f"{side}_excluded")),
        group_key=nw.when(match_pass.is_null()).then(NO_TEXT).otherwise(nw.col("grp")),
        kind=nw.col(f"{side}_kind"),
        occurred_at=nw.col(f"{side}_occurred_at"),
    )


def lone_left(left: Frame, lines: Frame, paid: Frame, pairs: Frame, parameters: Parameters) -> Frame:
    """Invoices that share payments with others, credit notes that something was given back for, and those without."""
    alone = left.join(pairs.select(id=nw.col("left_id")), on="id", how="anti")
    back = lines.filter(nw.col("role") == REVERSAL).select("grp", given_back=nw.lit(True)).unique("grp")
    alone = with_group(alone, paid, "left").join(back, on="grp", how="left")
    note = nw.col("left_kind") == "credit_note"
    used = note & nw.col("given_back").fill_null(False)
    shared = ~note & nw.col("grouped")
    due = nw.col("left_occurred_at") + parameters.grace
    waiting = due > parameters.now
    excluded = ~nw.col("left_excluded").is_null()
    missing = nw.when(waiting).then(nw.lit("not_due")).otherwise(nw.lit("only_left"))
    rest = nw.when(excluded).then(nw.lit("excluded")).otherwise(missing)
    outcome = nw.when(shared).then(outcome_of_group()).otherwise(nw.when(used).then(nw.lit("matched")).otherwise(rest))
    match_pass = nw.when(shared).then(nw.lit(TOGETHER)).otherwise(nw.when(used).then(nw.lit(BACK)))
    until = nw.when(shared).then(due_of_group()).otherwise(nw.when(~used & ~excluded & waiting).then(due))
    return as_items(alone, "left", outcome=outcome, match_pass=match_pass, due_at=until)


def lone_payments(lines: Frame, paid: Frame, pairs: Frame, parameters: Parameters) -> Frame:
    """Payments that share invoices with others, and those without an invoice."""
    alone = lines.filter(nw.col("role") == PAYMENT).join(pairs.select(id=nw.col("right_id")), on="id", how="anti")
    alone = with_group(alone, paid, "right")
    shared = nw.col("grouped")
    due = nw.col("right_occurred_at") + parameters.grace
    waiting = due > parameters.now
    missing = nw.when(waiting).then(nw.lit("not_due")).otherwise(nw.lit("only_right"))
    return as_items(
        alone,
        "right",
        outcome=nw.when(shared).then(outcome_of_group()).otherwise(missing),
        match_pass=nw.when(shared).then(nw.lit(TOGETHER)),
        due_at=nw.when(shared).then(due_of_group()).otherwise(nw.when(waiting).then(due)),
    )


def reversals(lines: Frame, groups: Frame, parameters: Parameters, pin: Pin) -> Frame:
    """What was given back: refunds and disputes, each an item. Matched when it came back (a failed refund, a dispute
    won) or when the books show it; else expected within the grace period, a dispute at once missing here.
    """
    back = pin(with_cover(lines.filter(nw.col("role") == REVERSAL), groups, pin))
    covered = back.select("id", "settled")
    alone = with_group(back, groups, "right").join(covered, left_on="right_id", right_on="id", how="inner")
    settled = nw.col("settled")
    due = nw.col("right_occurred_at") + parameters.grace
    waiting = (due > parameters.now) & ~nw.col("right_kind").is_in(DISPUTED)
    missing = nw.when(waiting).then(nw.lit("not_due")).otherwise(nw.lit("only_right"))
    return as_items(
        alone,
        "right",
        outcome=nw.when(settled).then(nw.lit("matched")).otherwise(missing),
        match_pass=nw.when(settled).then(nw.lit(BACK)),
        due_at=nw.when(~settled & waiting).then(due),
    )


def with_cover(back: Frame, groups: Frame, pin: Pin) -> Frame:
    """Adds `undone` (the movements about one object come to nothing), `cover` (what of it the books show, oldest first)
    and `settled` to reversals.
    """
    sums = back.filter(~nw.col("source").is_null()).group_by("source").agg(left_over=nw.col("amount").sum())
    back = back.join(sums, on="source", how="left").with_columns(
        undone=(nw.col("left_over") == 0).fill_null(False), given=-nw.col("value").fill_null(0)
    )
    counted = back.filter(~nw.col("undone") & ~nw.col("grp").is_null())
    before = nw.col("given").cum_sum().over("grp", order_by=["occurred_at", "alt_key"]) - nw.col("given")
    counted = counted.join(groups.select("grp", "shown_back"), on="grp", how="inner").with_columns(before=before)
    room = nw.max_horizontal(nw.col("shown_back") - nw.col("before"), nw.lit(0).cast(INT))
    cover = counted.select("id", cover=nw.min_horizontal(room, nw.col("given")))
    back = back.join(pin(cover), on="id", how="left").with_columns(nw.col("cover").fill_null(0))
    whole = (nw.col("given") > 0) & (nw.col("cover") >= nw.col("given"))
    return back.with_columns(settled=nw.col("undone") | whole)


def taking_no_part(lines: Frame) -> Frame:
    """Fees, payouts, transfers and what nobody has classified: read and counted, not compared."""
    rest = lines.filter(nw.col("role").is_null())
    rest = facts(rest, "right").join(rest.select("grp", right_id=nw.col("id")), on="right_id", how="inner")
    none = nw.lit(None)
    return as_items(
        rest, "right", outcome=nw.lit("excluded"), match_pass=none.cast(TEXT), due_at=none.cast(INT)
    )  # fmt: skip
