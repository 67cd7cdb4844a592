"""The report body: totals that add up, counts, amounts. No run id and no timing, so equal inputs give equal bytes.

Amounts are integer minor units and stand under their currency; nothing is added across currencies. Charges and
refunds both count as positive volume, and are told apart under `succeeded` and `refunded`.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from .schema import OUTCOMES
from .tally import Tally, Totals

SIDES = ("left", "right")
Body = dict[str, Any]


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


def totals(tally: Tally, read: Totals) -> dict[str, Any]:
    """Totals per currency. `read`: count and amount of all records of the period, counted on their own; `control` says
    whether the outcomes sum up to it.
    """
    result: dict[str, Any] = {}
    moved: dict[str, Counter[str]] = {}
    for (side, code, outcome, kind, status_class, _), (count, amount_minor) in sorted(tally.items()):
        if side == "item":
            continue
        # What was given back has a negative amount on a statement, and counts for as much as what came in.
        moved.setdefault(code, Counter())[outcome] += abs(amount_minor)
        row = {"count": count, "amount_minor": amount_minor}
        currency = result.setdefault(code, empty_currency())
        add(currency["outcomes"][outcome][side], row)
        add(currency["total"][side], row)
        if status_class == "money":
            add(currency["refunded" if kind == "refund" else "succeeded"][side], row)
    for code in read:
        result.setdefault(code, empty_currency())
    for code, currency in result.items():
        total = currency["total"]
        control = {side: read.get(code, {}).get(side, empty_cell()) for side in SIDES}
        currency["read"] = control
        currency["control"] = control == total
        currency["difference_minor"] = total["right"]["amount_minor"] - total["left"]["amount_minor"]
        currency["matched_percent"] = share_matched(moved.get(code, Counter()))
    return dict(sorted(result.items()))


def matched_percent(outcomes: dict[str, Any], measure: str) -> str | None:
    """Matched ÷ (all − excluded − not due) of both sides, in percent with two decimals, rounded down; None if
    nothing counts.
    """
    return share_matched({name: sum(cells[side][measure] for side in SIDES) for name, cells in outcomes.items()})


def share_matched(sums: Mapping[str, int]) -> str | None:
    """Matched of all that counts, by outcome."""
    sums = {name: sums.get(name, 0) for name in OUTCOMES}
    base = sum(sums.values()) - sums["excluded"] - sums["not_due"]
    if base <= 0:
        return None
    hundredths = sums["matched"] * 10_000 // base
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def outcome_counts(tally: Tally) -> dict[str, int]:
    """Items by outcome, every outcome named."""
    counted = Counter(dict.fromkeys(OUTCOMES, 0))
    for (side, _, outcome, *_), (count, _) in tally.items():
        if side == "item":
            counted[outcome] += count
    return dict(counted)


def exclusions(tally: Tally) -> dict[str, int]:
    """Excluded items by reason."""
    counted: Counter[str] = Counter()
    for (side, _, outcome, _, _, reason), (count, _) in tally.items():
        if side == "item" and outcome == "excluded":
            counted[reason] += count
    return dict(sorted(counted.items()))


def mismatches(discrepancies: Iterable[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Σ |difference| and Σ |unexplained| of open discrepancies per currency, each pair counted once (its largest)."""
    largest: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in discrepancies:
        if row["difference_minor"] is None:
            continue
        pair = (row["currency"], row["left_id"], row["right_id"], row["reference"])
        if pair not in largest or abs(row["difference_minor"]) > abs(largest[pair]["difference_minor"]):
            largest[pair] = row
    result: dict[str, dict[str, int]] = {}
    for (currency, *_), row in largest.items():
        cell = result.setdefault(currency, {"difference_minor": 0, "unexplained_minor": 0})
        cell["difference_minor"] += abs(row["difference_minor"])
        cell["unexplained_minor"] += abs(row["unexplained_minor"] or 0)
    return dict(sorted(result.items()))


def body(*, header: Body, tally: Tally, read: Totals, discrepancies: list[dict[str, Any]]) -> Body:
    """The whole report. `header`: organization, comparison, period, rules. `discrepancies`: the period's open ones with
    type, severity, currency, difference_minor, unexplained_minor and their pair.
    """
    per_currency = totals(tally, read)
    over_all = {
        outcome: {
            side: {"count": sum(c["outcomes"][outcome][side]["count"] for c in per_currency.values())} for side in SIDES
        }
        for outcome in OUTCOMES
    }
    return {
        **header,
        "items": outcome_counts(tally),
        "matched_percent": matched_percent(over_all, "count"),
        "excluded": exclusions(tally),
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
    """`ok` when nothing is open, every control total holds and balances roll forward, else `break`."""
    controls = all(currency["control"] for currency in report["totals"].values())
    balances = all(balance["ties"] for balance in report.get("roll_forward", {}).values())
    return "ok" if controls and balances and not report["discrepancies"] else "break"
