"""What a preview says of frozen rows: counts and sums per currency, the largest row, what is skipped and why."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Frozen:
    """A row as it was frozen; `why` is the code of what forbids the step, "" where nothing does."""

    discrepancy_id: int
    organization_id: int
    version: int
    difference_minor: int | None
    currency: str
    code: str
    why: str = ""


def summarise(rows: Iterable[Frozen]) -> dict[str, Any]:
    """Counts and sums (minor units) per currency of the rows to work, skipped ones by reason, proposals by code.

    `net_minor` adds differences with their signs; `largest` is the row whose difference is farthest from 0. Currencies
    are never added together.
    """
    currencies: dict[str, dict[str, Any]] = {}
    skipped: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for row in rows:
        if row.why:
            skipped[row.why] += 1
            continue
        codes[row.code] += 1
        add(currencies.setdefault(row.currency, {"count": 0, "compared": 0, "net_minor": 0}), row)
    return {
        "currencies": dict(sorted(currencies.items())),
        "skipped": dict(sorted(skipped.items())),
        "codes": {code: count for code, count in sorted(codes.items()) if code},
    }


def add(figures: dict[str, Any], row: Frozen) -> None:
    """Counts a row to work into its currency's figures."""
    figures["count"] += 1
    if row.difference_minor is None:
        return
    figures["compared"] += 1
    figures["net_minor"] += row.difference_minor
    if abs(row.difference_minor) > abs(figures.get("largest_minor", 0)):
        figures["largest_minor"], figures["largest"] = row.difference_minor, row.discrepancy_id
