"""What records belong to: one import done twice or faulty, one prefix of ids that a broken integration hands out, one
payout, one customer.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from reconciliation.core.findings import AMBIGUOUS

from .clues import MISFITS_KEPT, Background, Clue, Found, standing_out

FEWEST_TWICE, FEWEST = 5, 8
TWICE = "missing.booked_twice"
PREFIX = re.compile(r"^[^0-9]{2,40}")
Groups = dict[tuple[str, ...], list[Clue]]


def imported_twice(clues: list[Clue], background: Background) -> Iterator[Found]:
    """Imports most of whose rows claim records that other payments hold or claim: the same money booked a second time.

    Where both are undecided, what the newer import brought is the copy, and what it repeats waits with it.
    """
    copies: dict[int, list[Clue]] = defaultdict(list)
    repeated: dict[int, list[Clue]] = defaultdict(list)
    for clue in clues:
        if clue.reason == TWICE and clue.batch:
            copies[clue.batch].append(clue)
    for rivals in rivalries(clues):
        newest = max(clue.batch for clue in rivals)
        if newest > min(clue.batch for clue in rivals):
            copies[newest] += [clue for clue in rivals if clue.batch == newest]
            repeated[newest] += [clue for clue in rivals if clue.batch != newest]
    for batch, inside in sorted(copies.items()):
        rows = background.of_import("left", batch)
        if len(inside) >= FEWEST_TWICE and 2 * len(inside) >= rows > 0:
            members = sorted([*inside, *repeated[batch]], key=lambda clue: clue.id)
            facts = {"batch": batch, "rows": rows, "side": "left", "copies": len(inside)}
            yield Found("import_twice", ids(members), facts, alike(clues, members, batch))


def rivalries(clues: list[Clue]) -> list[list[Clue]]:
    """Undecided payments of ours that claim the same: a provider record by name, else all that could name it."""
    groups: dict[tuple[object, ...], list[Clue]] = defaultdict(list)
    for clue in clues:
        if clue.type == AMBIGUOUS and clue.side == "left":
            like = (clue.party, clue.left_amount, clue.currency, clue.left_at)
            groups[(clue.kind, clue.claim) if clue.claim else (clue.kind, *like)].append(clue)
    return [group for group in groups.values() if len(group) > 1]


def alike(clues: list[Clue], inside: list[Clue], batch: int) -> tuple[int, ...]:
    """Other discrepancies of the same import."""
    taken = {clue.id for clue in inside}
    return tuple(clue.id for clue in clues if clue.batch == batch and clue.id not in taken)[:MISFITS_KEPT]


@dataclass(frozen=True)
class Feature:
    """Something records have in common: the kind of cause it makes, its name in the evidence, its value of a record."""

    kind: str
    name: str
    value_of: Callable[[Clue], Any]


def imports(clues: list[Clue], background: Background) -> Iterator[Found]:
    """Imports and fetches most of whose rows have the same fault, which is rare among the other records there."""
    yield from owned(
        Feature("import_faulty", "batch", lambda clue: clue.batch), background.of_import, clues, background
    )


def prefixes(clues: list[Clue], background: Background) -> Iterator[Found]:
    """Prefixes of ids most of whose records have the same fault, which is rare among the others of that side."""
    yield from owned(Feature("prefix", "prefix", prefix_of), background.of_prefix, clues, background)


def payouts(clues: list[Clue], background: Background) -> Iterator[Found]:
    """Payouts most of whose lines have the same fault, which is rare among the other lines."""
    yield from owned(Feature("payout", "payout", lambda clue: clue.payout), background.of_payout, clues, background)


def customers(clues: list[Clue], background: Background) -> Iterator[Found]:
    """Customers most of whose records have the same fault, which is rare among the other records of that side."""
    yield from owned(Feature("customer", "customer", lambda clue: clue.party), background.of_party, clues, background)


def owned(
    feature: Feature, rows_of: Callable[[str, Any], int], clues: list[Clue], background: Background
) -> Iterator[Found]:
    """Values of a feature most of whose records (`rows_of`: how many) have the same fault, which is rare elsewhere."""
    groups: dict[tuple[str, Any, str, str], list[Clue]] = defaultdict(list)
    same: dict[tuple[str, str, str], int] = defaultdict(int)
    for clue in clues:
        same[clue.side, clue.type, clue.reason] += 1
        if value := feature.value_of(clue):
            groups[clue.side, value, clue.type, clue.reason].append(clue)
    for (side, value, type_, reason), inside in sorted(groups.items()):
        if len(inside) < FEWEST:
            continue
        rows, total = rows_of(side, value), background.total(side)
        outside = same[side, type_, reason] - len(inside)
        if standing_out(len(inside), rows, outside, total - rows):
            taken = {clue.id for clue in inside}
            others = [clue.id for clue in clues if feature.value_of(clue) == value and clue.id not in taken]
            facts = {
                feature.name: value, "rows": rows, "side": side, "type": type_, "outside": outside,
                "outside_of": total - rows,
            }  # fmt: skip
            yield Found(feature.kind, ids(inside), facts, tuple(others[:MISFITS_KEPT]))


def prefix_of(clue: Clue) -> str:
    """What stands before the first digit of the record's own id."""
    match = PREFIX.match(clue.own if clue.side == "left" else clue.key)
    return match.group() if match else ""


def ids(clues: list[Clue]) -> tuple[int, ...]:
    """Their ids."""
    return tuple(clue.id for clue in clues)
