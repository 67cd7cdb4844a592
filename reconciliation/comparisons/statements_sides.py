"""Reading the two sides of `statements`: the period, and whatever is tied to it, whatever its date."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import polars as pl

from billing.models import InvoicePaymentVersion, Organization
from billing.money import UnknownCurrency, stripe_exponent
from reconciliation.core.invoice_groups import PAYMENT, REVERSAL
from reconciliation.frames import read_where

from .base import Scope, Seeds, Sides
from .statements_groups import with_groups
from .statements_reader import INT, LEFT, LINKS, RIGHT, TEXT, Reader

OUTSIDE = "payment_record"
"""The provider's word for a payment it was told of but did not make."""


@dataclass
class Found:
    """What was read so far, and the names that were followed already."""

    left: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LEFT))
    right: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=RIGHT))
    links: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LINKS))
    invoices: pl.Series = field(default_factory=lambda: pl.Series(dtype=TEXT))
    payments: pl.Series = field(default_factory=lambda: pl.Series(dtype=TEXT))
    sources: pl.Series = field(default_factory=lambda: pl.Series(dtype=TEXT))

    def add(self, left: Iterable[pl.DataFrame], right: Iterable[pl.DataFrame], links: Iterable[pl.DataFrame]) -> None:
        """Adds rows; a record counts once."""
        self.left = pl.concat([self.left, *left]).unique("id", keep="any")
        self.right = pl.concat([self.right, *right]).unique("id", keep="any")
        self.links = pl.concat([self.links, *links]).unique()


def load_sides(organization: Organization, scope: Scope) -> Sides:
    """Invoices and lines of `scope` with everything tied to them, ready to be matched."""
    reader, found = Reader(organization, (scope.start, scope.end)), Found()
    left, right = (reader.read(side, reader.inside(side, scope.start, scope.end)) for side in ("left", "right"))
    named = {"left": scope.left_ids, "right": scope.right_ids}
    more = {
        side: reader.where(side, f"{name}_id", named[side].filter(~named[side].is_in(frame["id"].implode())))
        for side, name, frame in (("left", "invoice", left), ("right", "line", right))
    }
    found.add([left, more["left"]], [right, more["right"]], [])
    if reader.holds_everything():
        found.add([], [], [reader.all_links()])
    else:
        follow(reader, found, found.left, found.right)
    return prepared(found)


def load_connected(organization: Organization, seeds: Seeds) -> Sides:
    """The records of `seeds` and everything tied to them, now or in any earlier version."""
    reader, found = Reader(organization), Found()
    left = reader.where("left", "invoice_id", seeds.ids["left"])
    right = reader.where("right", "line_id", seeds.ids["right"])
    found.add([left], [right], [])
    follow(reader, found, left, pl.concat([right, reader.former(seeds.ids["right"])]))
    return prepared(found)


def tied_to_charges(organization: Organization, charges: pl.Series) -> Sides:
    """Everything tied to the given charges (the provider's ids), ready to be matched."""
    reader, found = Reader(organization), Found()
    right = reader.where("right", "charge_reference", charges)
    found.add([], [right], [])
    follow(reader, found, found.left, right)
    return prepared(found)


def follow(reader: Reader, found: Found, left: pl.DataFrame, right: pl.DataFrame) -> None:
    """Follows the names that records carry, adding to `found` until nothing is new."""
    while True:
        invoices = fresh([left["key"], right["alt_key2"], found.links["invoice"]], found.invoices)
        payments = fresh([right["parent_key"], right["intent"], found.links["payment"]], found.payments)
        sources = fresh([right.filter(pl.col("role") == REVERSAL)["source"]], found.sources)
        if invoices.is_empty() and payments.is_empty() and sources.is_empty():
            return
        found.invoices = pl.concat([found.invoices, invoices])
        found.payments = pl.concat([found.payments, payments])
        found.sources = pl.concat([found.sources, sources])
        left = reader.where("left", "invoice__external_id", invoices)
        right = pl.concat(
            [
                reader.where("right", "invoice_reference", invoices),
                reader.where("right", "charge_reference", payments),
                reader.where("right", "intent_reference", payments),
                reader.where("right", "source_reference", sources),
            ]
        )
        links = [reader.links("invoice_reference", invoices), reader.links("payment_reference", payments)]
        found.add([left], [right], links)


def fresh(names: Iterable[pl.Series], known: pl.Series) -> pl.Series:
    """The names that were not followed yet."""
    every = pl.concat(list(names)).drop_nulls().unique()
    return every.filter(~every.is_in(known.implode()))


def prepared(found: Found) -> Sides:
    """Both sides with groups, amounts as links tell them, and invoices at the time of their first payment."""
    left, right = with_groups(found.left, with_shown(found.right), found.links.filter(pl.col("kind") != OUTSIDE))
    links = found.links.group_by("invoice").agg(
        linked=pl.col("amount").filter(pl.col("kind") != OUTSIDE).sum(),
        ways=(pl.col("kind") != OUTSIDE).sum(),
        beside=pl.col("amount").filter(pl.col("kind") == OUTSIDE).sum(),
    )
    left = left.join(links, left_on="key", right_on="invoice", how="left").with_columns(
        pl.col("beside").fill_null(0),
        pl.col("credited").fill_null(0),
        linked=pl.when(pl.col("ways") > 0).then("linked"),
        outside=pl.col("outside") == 1,
    )
    left = left.with_columns(said=pl.when(~pl.col("outside")).then(pl.col("said") - pl.col("beside")))
    settled = (pl.col("kind") == "invoice") & (pl.col("state") == "paid") & (pl.col("said") == 0)
    why = pl.when(pl.col("beside") > 0).then(pl.lit("paid_outside")).otherwise(pl.lit("nothing_to_pay"))
    left = left.with_columns(excluded=pl.when(settled).then(why).otherwise(pl.col("excluded")))
    times = right.filter(pl.col("role") == PAYMENT).group_by("grp").agg(paid_at=pl.col("occurred_at").min())
    left = left.join(times.filter(pl.col("grp").is_not_null()), on="grp", how="left")
    left = left.with_columns(occurred_at=pl.coalesce("paid_at", "occurred_at")).drop("paid_at", "ways")
    return Sides(left.sort("id"), right.sort("id"))


def with_shown(lines: pl.DataFrame) -> pl.DataFrame:
    """What the customer saw, where the settled amount is that at the line's own rate; else the settled amount at that
    rate, so that a conversion gone wrong shows as an amount that differs.
    """
    digits: dict[str, int] = {}
    for code in currencies(lines):
        with suppress(UnknownCurrency):  # a word of the provider that the table lacks: two decimals, as most have
            digits[code] = stripe_exponent(code)
    scale = pl.col("currency").replace_strict(digits, default=2, return_dtype=INT) - pl.col(
        "shown_currency"
    ).replace_strict(digits, default=2, return_dtype=INT)
    rate = pl.col("rate").cast(pl.Float64, strict=False) * pl.lit(10.0).pow(scale)
    settled = (pl.col("shown") * rate).round()
    converted = (pl.col("currency") != pl.col("shown_currency")) & (rate > 0)
    apart = converted & ((settled - pl.col("amount")).abs() > 1)
    back = (pl.col("amount") / rate).round().cast(INT, strict=False)
    return lines.with_columns(shown=pl.when(apart).then(back).otherwise(pl.col("shown")))


def currencies(lines: pl.DataFrame) -> list[str]:
    """The currencies that lines name."""
    named = pl.concat([lines["currency"], lines["shown_currency"]]).drop_nulls().unique().sort()
    return named.to_list()


def reached_by_links(organization: Organization, ids: pl.Series) -> dict[str, pl.Series]:
    """The invoices and lines that changed links tie, or tied: identities per side."""
    versions = InvoicePaymentVersion.objects.all()
    columns = {"invoice": "invoice_reference", "payment": "payment_reference"}
    rows = read_where(versions, "payment_id", ids.sort().to_list(), columns, {"invoice": TEXT, "payment": TEXT})
    reader = Reader(organization)
    lines = [reader.where("right", f"{name}_reference", rows["payment"])["id"] for name in ("charge", "intent")]
    return {
        "left": reader.where("left", "invoice__external_id", rows["invoice"])["id"],
        "right": pl.concat(lines).unique(),
    }
