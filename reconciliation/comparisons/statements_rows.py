"""Invoices and lines as findings need them: with what is expected, what was received, what our books show."""

from collections import defaultdict
from typing import Any

import narwhals as nw
import polars as pl

from reconciliation.core.cases import Record
from reconciliation.core.invoice_groups import REVERSAL, asked, groups_of, with_expected, with_value
from reconciliation.core.parameters import Parameters
from reconciliation.core.statement_items import with_cover
from reconciliation.engine import collected, lazy, pin

from .base import Sides

Row = dict[str, Any]


def valued(sides: Sides, parameters: Parameters) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Invoices with what is expected of them, lines with their value in their invoices' currency and what of it our
    books show as given back.
    """
    left = pin(with_expected(lazy(sides.left)))
    invoices = left.filter(nw.col("kind") == "invoice")
    asked_for = pin(asked(invoices, parameters.tolerance))
    lines = pin(with_value(lazy(sides.right), asked_for))
    groups = groups_of(left, lines, asked_for, parameters, pin)
    back = with_cover(lines.filter(nw.col("role") == REVERSAL), groups, pin).select("id", "cover", "undone")
    return collected(left), collected(lines.join(back, on="id", how="left"))


def line_record(row: Row) -> Record:
    """A line's row as a record."""
    more = {"line": row["alt_key"], "category": row["category"] or row["type_word"] or ""}
    if row["shown"] is not None and row["shown_currency"] != row["currency"]:
        more |= {"shown_minor": row["shown"], "shown_currency": row["shown_currency"]}
    return Record(
        id=row["id"], kind=row["kind"], key=row["key"], own=row["alt_key"], invoice=row["alt_key2"], party=row["party"],
        amount=row["amount"], currency=row["currency"], status=row["status"], occurred_at=row["occurred_at"],
        fee=row["fee"], provider=row["provider"], more=more,
    )  # fmt: skip


def by_group(frame: pl.DataFrame, groups: pl.Series) -> dict[str, list[Row]]:
    """The rows of some groups, group by group, oldest first, whatever order they came in."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in frame.filter(pl.col("grp").is_in(groups.implode())).sort("occurred_at", "alt_key").iter_rows(named=True):
        found[row["grp"]].append(row)
    return found


def invoice_record(row: dict[str, Any]) -> Record:
    """An invoice's row as a record."""
    return Record(
        id=row["id"], kind=row["kind"], key=None, own=row["key"], invoice=row["alt_key2"], party=row["party"],
        amount=row["amount"], currency=row["currency"], status=row["status"], occurred_at=row["occurred_at"],
        more={"state": row["state"], **({"paid_minor": row["said"]} if row["said"] is not None else {})},
    )  # fmt: skip
