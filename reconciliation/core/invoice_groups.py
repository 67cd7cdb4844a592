"""Invoices and what the statement shows of their payment, group by group: what was asked, what came in, what went back.

A group is everything that explicit words tie together: invoices, the payments they name and what was later given back
of these. One payment may be for several invoices and several payments for one. Amounts are compared in the currency of
the invoices: a line's `amount` where it settled in that currency, else what the customer was shown.
"""

import narwhals as nw

from .parameters import Parameters, Tolerance
from .passes import Frame, Pin

PAYMENT, REVERSAL = "payment", "reversal"
NOT_PAYABLE = ("draft", "void", "uncollectible")
ZERO = nw.lit(0).cast(nw.Int64())


def within(expected: nw.Expr, actual: nw.Expr, tolerance: Tolerance) -> nw.Expr:
    """Whether two amounts agree, as `Tolerance.allows` says it of two numbers; null where one is null."""
    apart = (actual - expected).abs()
    millions, rest = expected.abs() // 1_000_000, expected.abs() % 1_000_000
    # In two steps: the product of an amount and a rate per million may not fit into 64 bits.
    allowed = millions * tolerance.ppm + rest * tolerance.ppm // 1_000_000
    return (apart <= tolerance.minor) | (apart <= allowed)


def with_expected(left: Frame) -> Frame:
    """Adds `expected`: what the statement should show of an invoice. Nothing of one paid outside; of a paid one what
    its source says was paid, since credit may have covered the rest; else all that it `asks`.
    """
    asks = nw.col("amount") - nw.col("beside")
    paid = nw.when(nw.col("state") == "paid").then(nw.coalesce(nw.col("said"), asks))
    expected = nw.when(nw.col("outside")).then(ZERO).otherwise(paid.otherwise(asks))
    return left.with_columns(expected=expected, asks=asks)


def asked(invoices: Frame, tolerance: Tolerance) -> Frame:
    """Per group: its invoices summed up. `said`: what their sources say was paid, null unless all say it; `misplaced`:
    invoices that the provider's links give another amount than they ask, where several share a payment.
    """
    linked = nw.col("linked")
    placed = within(nw.col("expected"), linked, tolerance) | (linked == nw.col("said")).fill_null(False)
    marked = invoices.with_columns(misplaced=(~linked.is_null() & ~placed.fill_null(True)).cast(nw.Int64()))
    sums = marked.group_by("grp").agg(
        invoices=nw.len(),
        total=nw.col("asks").sum(),
        expected=nw.col("expected").sum(),
        said_sum=nw.col("said").sum(),
        said_count=nw.col("said").count(),
        credited=nw.col("credited").sum(),
        waiting_for_money=(nw.col("state") == "open").cast(nw.Int64()).sum(),
        not_payable=nw.col("state").is_in(NOT_PAYABLE).cast(nw.Int64()).sum(),
        misplaced=nw.col("misplaced").sum(),
        first_currency=nw.col("currency").min(),
        last_currency=nw.col("currency").max(),
    )
    one_currency = nw.col("first_currency") == nw.col("last_currency")
    return sums.with_columns(
        said=nw.when(nw.col("said_count") == nw.col("invoices")).then(nw.col("said_sum")),
        misplaced=nw.when(nw.col("invoices") > 1).then(nw.col("misplaced")).otherwise(ZERO),
        group_currency=nw.when(one_currency).then(nw.col("first_currency")),
    ).drop("said_sum", "said_count", "first_currency", "last_currency")


def with_value(right: Frame, groups: Frame) -> Frame:
    """Adds `value` to lines: their amount in the currency of their group's invoices, null where none is known."""
    lines = right.join(groups.select("grp", "group_currency"), on="grp", how="left")
    shown = nw.when(nw.col("shown_currency") == nw.col("group_currency")).then(nw.col("shown"))
    value = nw.when(nw.col("currency") == nw.col("group_currency")).then(nw.col("amount")).otherwise(shown)
    return lines.with_columns(value=value)


def came_in(lines: Frame) -> Frame:
    """Per group: its payments, what they come to, and from when to when they were made."""
    return (
        lines.filter(nw.col("role") == PAYMENT)
        .group_by("grp")
        .agg(
            payments=nw.len(),
            received=nw.col("value").sum(),
            valued=nw.col("value").count(),
            first_paid_at=nw.col("occurred_at").min(),
            last_paid_at=nw.col("occurred_at").max(),
        )
    )


def groups_of(left: Frame, lines: Frame, asked_for: Frame, parameters: Parameters, pin: Pin) -> Frame:
    """One row for each group that holds invoices: what was asked, came in and went back, whether that `agrees`, and
    whether the rest is still `expected_later`.

    `lines` with `value` (with_value), `asked_for` from `asked`. Credit notes have negative amounts.
    """
    back = lines.filter(nw.col("role") == REVERSAL).group_by("grp").agg(returned=-nw.col("value").sum())
    notes = left.filter((nw.col("kind") == "credit_note") & ~nw.col("grp").is_null())
    noted = notes.group_by("grp").agg(noted=-nw.col("amount").sum())
    found = asked_for.join(came_in(lines), on="grp", how="left")
    found = found.join(back, on="grp", how="left").join(noted, on="grp", how="left")
    found = found.with_columns(
        nw.col("payments").fill_null(0), nw.col("received").fill_null(0), nw.col("valued").fill_null(0),
        nw.col("returned").fill_null(0), nw.col("noted").fill_null(0),
    )  # fmt: skip
    return pin(judged(found, parameters))


def judged(found: Frame, parameters: Parameters) -> Frame:
    """Adds what to make of each group."""
    tolerance, received, said = parameters.tolerance, nw.col("received"), nw.col("said")
    net = received - nw.col("returned")
    on_paper_net = within(said, net, tolerance).fill_null(False)  # the books show what is left after giving back
    amounts = within(nw.col("expected"), received, tolerance)
    nothing_yet = (nw.col("waiting_for_money") == nw.col("invoices")) & (received == 0)  # a payment that failed
    amounts = amounts | within(said, received, tolerance).fill_null(False) | on_paper_net | nothing_yet
    comparable = ~nw.col("group_currency").is_null() & (nw.col("valued") == nw.col("payments"))
    unpaid_on_paper = (nw.col("waiting_for_money") > 0) & (received >= nw.col("total"))
    payable = nw.col("not_payable") == 0
    undone = ~payable & (net == 0)  # a payment of what was called off, given back
    agrees = comparable & ((payable & amounts & ~unpaid_on_paper & (nw.col("misplaced") == 0)) | undone)
    due_at = nw.col("last_paid_at") + parameters.grace
    later = ~agrees & comparable & payable & (nw.col("waiting_for_money") > 0) & (due_at > parameters.now)
    netted = nw.when(on_paper_net | undone).then(nw.col("returned")).otherwise(ZERO)
    shown_back = nw.max_horizontal(nw.col("noted") + nw.col("credited"), netted)
    return found.with_columns(
        agrees=agrees.fill_null(False),
        expected_later=later.fill_null(False),
        due_at=due_at,
        shown_back=nw.when(comparable).then(shown_back).otherwise(ZERO),
    )
