"""Tallies: counts and amounts of items by what a report needs, that can be added and taken away.

A tally is a mapping from (side, currency, outcome, kind, status class, reason) to [count, amount in minor units];
side is "left" or "right" for records and "item" for items (which have neither currency nor amount).
"""

from collections.abc import Iterable
from typing import Any

import narwhals as nw

from .passes import Frame
from .schema import STATUS_CLASSES

KEY = ("side", "currency", "outcome", "kind", "status_class", "reason")
Key = tuple[str, str, str, str, str, str]
Tally = dict[Key, tuple[int, int]]
Rows = list[dict[str, Any]]
Totals = dict[str, dict[str, dict[str, int]]]  # currency → side → count, amount_minor


def tally_of(items: Frame) -> Tally:
    """Counts items (schema.ITEM): each record once on its side, each item once."""
    total: dict[Key, list[int]] = {}
    for side in ("left", "right"):
        # Grouped by what the columns hold, and only the few groups by class: a column of texts for all would cost more.
        on = {"currency": f"{side}_currency", "status": f"{side}_status"}
        named = items.filter(nw.col(f"{side}_id") > 0).select(
            "outcome", "kind", amount=nw.col(f"{side}_amount_minor"), **{name: nw.col(c) for name, c in on.items()}
        )
        grouped = named.group_by("outcome", "kind", *on).agg(count=nw.len(), amount=nw.col("amount").sum())
        for row in grouped.collect().iter_rows(named=True):
            known = STATUS_CLASSES.get(row["status"], "unknown")
            cell = total.setdefault((side, row["currency"], row["outcome"], row["kind"], known, ""), [0, 0])
            cell[0] += row["count"]
            cell[1] += row["amount"]
    for row in items.group_by("outcome", "reason").agg(count=nw.len()).collect().iter_rows(named=True):
        cell = total.setdefault(("item", "", row["outcome"], "", "", row["reason"] or ""), [0, 0])
        cell[0] += row["count"]
    return {key: (count, amount) for key, (count, amount) in total.items()}


def combined(*, added: Iterable[Tally], removed: Iterable[Tally] = ()) -> Tally:
    """The sum of some tallies less the sum of others; nothing is kept of what comes to nothing."""
    total: dict[Key, list[int]] = {}
    for sign, tallies in ((1, added), (-1, removed)):
        for one in tallies:
            for key, (count, amount) in one.items():
                cell = total.setdefault(key, [0, 0])
                cell[0] += sign * count
                cell[1] += sign * amount
    return {key: (count, amount) for key, (count, amount) in total.items() if count or amount}


def as_rows(tally: Tally) -> Rows:
    """A tally as JSON rows, in a stable order."""
    return [
        dict(zip(KEY, key, strict=True)) | {"count": count, "amount_minor": amount}
        for key, (count, amount) in sorted(tally.items())
    ]


def from_rows(rows: Rows) -> Tally:
    """The tally that `as_rows` gave."""
    return {tuple(row[name] for name in KEY): (row["count"], row["amount_minor"]) for row in rows}


def record_totals(tally: Tally) -> Totals:
    """Count and amount of records per currency and side."""
    result: Totals = {}
    for (side, currency, *_), (count, amount) in tally.items():
        if side == "item":
            continue
        cell = result.setdefault(currency, {}).setdefault(side, {"count": 0, "amount_minor": 0})
        cell["count"] += count
        cell["amount_minor"] += amount
    return result


def shifted(base: Totals, *, added: Totals, removed: Totals) -> Totals:
    """Totals with some added and some taken away; nothing is kept of what comes to nothing."""
    result: Totals = {}
    for sign, totals in ((1, base), (1, added), (-1, removed)):
        for currency, sides in totals.items():
            for side, cell in sides.items():
                total = result.setdefault(currency, {}).setdefault(side, {"count": 0, "amount_minor": 0})
                total["count"] += sign * cell["count"]
                total["amount_minor"] += sign * cell["amount_minor"]
    kept = {
        currency: {side: cell for side, cell in sides.items() if cell["count"] or cell["amount_minor"]}
        for currency, sides in result.items()
    }
    return {currency: sides for currency, sides in sorted(kept.items()) if sides}
