"""The report body: totals that add up, counts, amounts. No run id and no timing, so equal inputs give equal bytes.

Amounts are integer minor units and stand under their currency; nothing is added across currencies. Charges and
refunds both count as positive volume, and are told apart under `succeeded` and `refunded`.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

import narwhals as nw

from .explain import rows
from .passes import Frame
from .schema import OUTCOMES, status_class

SIDES = ("left", "right")
Body = dict[str, Any]


def tally(items: Frame, side: str) -> list[dict[str, Any]]:
    """Count and amount of a side's records by currency, outcome, kind and class of status."""
    present = items.filter(nw.col(f"{side}_id") > 0)
    keyed = present.with_columns(status_class=status_class(nw.col(f"{side}_status")))
    grouped = keyed.group_by(f"{side}_currency", "outcome", "kind", "status_class").agg(
        count=nw.len(), amount_minor=nw.col(f"{side}_amount_minor").sum()
    )
    return [{**row, "currency": row.pop(f"{side}_currency"), "side": side} for row in rows(grouped)]


def empty_cell() -> dict[str, int]:
    """Nothing counted."""
    return {"count": 0, "amount_minor": 0}


def empty_currency() -> dict[str, Any]:
    """A currency's totals before anything is counted."""
    return {
        "outcomes": {outcome: {side: empty_cell() for side in SIDES} for outcome in OUTCOMES},
        "total": {side: empty_cell() for side in SIDES},
        "succeeded": {side: empty_cell() for side in SIDES},
        "refunded": {side: empty_cell() for side in SIDES},
    }


def add(cell: dict[str, int], row: dict[str, Any]) -> None:
    """Adds a tally row to a cell."""
    cell["count"] += row["count"]
    cell["amount_minor"] += row["amount_minor"]


def totals(tallies: Iterable[dict[str, Any]], read: dict[str, dict[str, dict[str, int]]]) -> dict[str, Any]:
    """Totals per currency. `read`: currency → side → count and amount of all records of the period, counted on their
    own;
    `control` says whether outcomes sum up to it.
    """
    result: dict[str, Any] = {}
    for row in tallies:
        currency = result.setdefault(row["currency"], empty_currency())
        add(currency["outcomes"][row["outcome"]][row["side"]], row)
        add(currency["total"][row["side"]], row)
        if row["status_class"] == "money":
            add(currency["refunded" if row["kind"] == "refund" else "succeeded"][row["side"]], row)
    for code, currency in result.items():
        total = currency["total"]
        control = {side: read.get(code, {}).get(side, empty_cell()) for side in SIDES}
        currency["read"] = control
        currency["control"] = control == total
        currency["difference_minor"] = total["right"]["amount_minor"] - total["left"]["amount_minor"]
        currency["matched_percent"] = matched_percent(currency["outcomes"], "amount_minor")
    return dict(sorted(result.items()))


def matched_percent(outcomes: dict[str, Any], measure: str) -> str | None:
    """Matched ÷ (all − excluded − not due) of both sides, in percent with two decimals, rounded down; None if
    nothing counts.
    """
    sums = {name: sum(cells[side][measure] for side in SIDES) for name, cells in outcomes.items()}
    base = sum(sums.values()) - sums["excluded"] - sums["not_due"]
    if base <= 0:
        return None
    hundredths = sums["matched"] * 10_000 // base
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def outcome_counts(items: Frame) -> dict[str, int]:
    """Items by outcome, every outcome named."""
    counted = {row["outcome"]: row["n"] for row in rows(items.group_by("outcome").agg(n=nw.len()))}
    return {outcome: counted.get(outcome, 0) for outcome in OUTCOMES}


def exclusions(items: Frame) -> dict[str, int]:
    """Excluded items by reason."""
    grouped = rows(items.filter(nw.col("outcome") == "excluded").group_by("reason").agg(n=nw.len()))
    return {row["reason"]: row["n"] for row in sorted(grouped, key=lambda row: row["reason"])}


def mismatches(discrepancies: Iterable[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Σ |difference| and Σ |unexplained| of open discrepancies per currency, each pair counted once (its largest)."""
    largest: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in discrepancies:
        if row["difference_minor"] is None:
            continue
        pair = (row["currency"], row["left_id"], row["right_id"])
        if pair not in largest or abs(row["difference_minor"]) > abs(largest[pair]["difference_minor"]):
            largest[pair] = row
    result: dict[str, dict[str, int]] = {}
    for (currency, *_), row in largest.items():
        cell = result.setdefault(currency, {"difference_minor": 0, "unexplained_minor": 0})
        cell["difference_minor"] += abs(row["difference_minor"])
        cell["unexplained_minor"] += abs(row["unexplained_minor"] or 0)
    return dict(sorted(result.items()))


def body(
    *, header: Body, items: Frame, read: dict[str, dict[str, dict[str, int]]], discrepancies: list[dict[str, Any]]
) -> Body:
    """The whole report. `header`: organization, comparison, period, rules. `discrepancies`: the period's open ones with
    type, severity, currency, difference_minor, unexplained_minor and their pair.
    """
    counts = outcome_counts(items)
    per_currency = totals(tally(items, "left") + tally(items, "right"), read)
    combined = {
        outcome: {
            side: {"count": sum(c["outcomes"][outcome][side]["count"] for c in per_currency.values())} for side in SIDES
        }
        for outcome in OUTCOMES
    }
    return {
        **header,
        "items": counts,
        "matched_percent": matched_percent(combined, "count"),
        "excluded": exclusions(items),
        "discrepancies": dict(sorted(Counter(row["type"] for row in discrepancies).items())),
        "severities": dict(sorted(Counter(row["severity"] for row in discrepancies).items())),
        "mismatch": mismatches(discrepancies),
        "totals": per_currency,
    }


def canonical(report: Body) -> str:
    """The report as JSON text: equal reports are equal bytes."""
    return json.dumps(report, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(report: Body) -> str:
    """SHA-256 of the canonical text."""
    return hashlib.sha256(canonical(report).encode()).hexdigest()


def status_of(report: Body) -> str:
    """`ok` when nothing is open and every control total holds, else `break`."""
    controls = all(currency["control"] for currency in report["totals"].values())
    return "ok" if controls and not report["discrepancies"] else "break"
