"""From items that are not plainly matched to cases, each with the facts its findings and sentences need.

Only a small part of all items comes here, so this works on plain rows.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import narwhals as nw

from .cases import Case, Finding, Record
from .findings import FINDINGS, Find, findings_of
from .matching import Matched
from .parameters import Parameters
from .passes import Frame, Pin
from .twins import twins

Rows = list[dict[str, Any]]
LOUD = ("mismatched", "only_left", "only_right", "ambiguous")


def rows(frame: Frame) -> Rows:
    """A frame as plain rows."""
    return list(frame.collect().iter_rows(named=True))


def record(row: dict[str, Any]) -> Record:
    """A side's row as a record."""
    return Record(
        id=row["id"], kind=row["kind"], key=row["key"], own=row["alt_key"], invoice=row["alt_key2"], party=row["party"],
        amount=row["amount"], currency=row["currency"], status=row["status"], occurred_at=row["occurred_at"],
        fee=row.get("fee"), refunded=row.get("refunded") or 0, provider=row.get("provider"),
        more=json.loads(row.get("more") or "{}"),
    )  # fmt: skip


class Surroundings:
    """What a case may need to know of everything that was matched: twins, rivals and claims. Made once for any number
    of lots of items.
    """

    def __init__(self, *, matched: Matched, left: Frame, right: Frame, parameters: Parameters, pin: Pin) -> None:
        """Looks through all items and records."""
        self.left, self.right, self.parameters = left, right, parameters
        self.near = twins(right, parameters.duplicate_window, pin)
        self.is_near = nw.col("right_id").is_in(sorted(self.near))
        paired = matched.items.filter(self.is_near & (nw.col("left_id") > 0)).select("left_id", "right_id")
        self.paired: dict[int, int] = {row["right_id"]: row["left_id"] for row in rows(paired)}
        self.claims = claims(matched.items, left, right)
        self.rights_of: dict[int, set[int]] = defaultdict(set)
        self.lefts_of: dict[int, set[int]] = defaultdict(set)
        for edge in rows(matched.ambiguous.select("left_id", "right_id")):
            if edge["left_id"] is not None and edge["right_id"] is not None:
                self.rights_of[edge["left_id"]].add(edge["right_id"])
                self.lefts_of[edge["right_id"]].add(edge["left_id"])

    def rivals_of(self, left_id: int) -> tuple[set[int], set[int]]:
        """The provider records that fit a payment, and the other payments that they fit as well."""
        rights = self.rights_of.get(left_id, set())
        return rights, {other for right in rights for other in self.lefts_of[right]} - {left_id}


class Context:
    """Some items with the records that their cases may need to look up."""

    def __init__(self, around: Surroundings, items: Frame) -> None:
        """Reads the loud ones among `items` and those with a twin, and the records they name."""
        self.around, self.parameters, self.near = around, around.parameters, around.near
        self.paired, self.claims = around.paired, around.claims
        self.items = rows(items.filter(nw.col("outcome").is_in(LOUD) | around.is_near))
        self.left, self.right = self._records(around.left, around.right)

    def _records(self, left: Frame, right: Frame) -> tuple[dict[int, Record], dict[int, Record]]:
        lefts = {item["left_id"] for item in self.items}
        rights = {item["right_id"] for item in self.items}
        lefts |= {self.claims[name] for name in lefts & self.claims.keys()}
        for item in self.items:
            if item["outcome"] == "ambiguous":
                fitting, others = self.around.rivals_of(item["left_id"])
                rights |= fitting
                lefts |= others
        twin_ids = {twin for item in self.items if (twin := self.twin_of(item)) is not None}
        rights |= twin_ids
        lefts |= {self.paired[twin] for twin in twin_ids & self.paired.keys()}
        return (
            {row["id"]: record(row) for row in rows(left.filter(nw.col("id").is_in(sorted(lefts))))},
            {row["id"]: record(row) for row in rows(right.filter(nw.col("id").is_in(sorted(rights))))},
        )

    def twin_of(self, item: dict[str, Any]) -> int | None:
        """The charge that makes this item's charge look like a second one, if any.

        Where only one of two is booked, the other is the second one, whatever the order; where none or both are, the
        later.
        """
        near = self.near.get(item["right_id"])
        if near is None:
            return None
        previous, following = near
        if item["outcome"] == "only_right":
            return previous if previous is not None else following if following in self.paired else None
        if item["right_id"] in self.paired and previous in self.paired:
            return previous
        return None

    def rivals_of(self, left_id: int) -> tuple[Record, ...]:
        """The provider records that fit a payment, then the other payments they fit as well, in a stable order."""
        rights, others = self.around.rivals_of(left_id)
        found = [self.right[r] for r in rights], [self.left[o] for o in others]
        return tuple(r for part in found for r in sorted(part, key=lambda r: (r.occurred_at, r.key or "", r.own or "")))

    def case(self, item: dict[str, Any]) -> Case:
        """One item as a case."""
        twin_id = self.twin_of(item)
        twin_left = self.paired.get(twin_id) if twin_id is not None else None
        claimed = self.claims.get(item["left_id"]) if item["outcome"] == "only_left" else None
        return Case(
            outcome=item["outcome"],
            left=self.left.get(item["left_id"]),
            right=self.right.get(item["right_id"]),
            due_at=item["occurred_at"] + self.parameters.grace,
            grace=self.parameters.grace,
            twin=self.right.get(twin_id) if twin_id is not None else None,
            twin_paired=twin_left is not None,
            twin_invoice=self.left[twin_left].invoice if twin_left else None,
            rivals=self.rivals_of(item["left_id"]) if item["outcome"] == "ambiguous" else (),
            claimed_by=self.left.get(claimed) if claimed is not None else None,
        )


def claims(items: Frame, left: Frame, right: Frame) -> dict[int, int]:
    """Payments left alone whose reference names a provider record that another payment is matched to: id → that
    payment.
    """
    alone = items.filter(nw.col("outcome") == "only_left").select(id=nw.col("left_id"))
    alone = left.join(alone, on="id", how="semi").filter(~nw.col("key").is_null()).select("id", "kind", "key")
    waiting = rows(alone)
    keys = sorted({row["key"] for row in waiting})
    columns = ("parent_key", "key")
    named = nw.any_horizontal(*(nw.col(column).is_in(keys) for column in columns), ignore_nulls=True)
    records = rows(right.filter(named).select("id", "kind", *columns)) if keys else []
    paired = items.filter(nw.col("right_id").is_in(sorted(row["id"] for row in records)) & (nw.col("left_id") > 0))
    holders = {row["right_id"]: row["left_id"] for row in rows(paired.select("left_id", "right_id"))} if records else {}
    found: dict[int, int] = {}
    for column in columns:
        first: dict[tuple[str, str], int] = {}  # of several payments that hold such a record, the first
        for row in records:
            if (holder := holders.get(row["id"])) is not None:
                key = (row["kind"], row[column])
                first[key] = min(holder, first.get(key, holder))
        found |= {row["id"]: first[key] for row in waiting if (key := (row["kind"], row["key"])) in first}
    return found


def explain_some(around: Surroundings, items: Frame, finders: Sequence[Find] = FINDINGS) -> list[Finding]:
    """All that `finders` find about `items` (some of what was matched), sorted by their records."""
    context = Context(around, items)
    ordered = sorted(context.items, key=lambda item: (item["left_id"], item["right_id"]))
    tolerance = around.parameters.tolerance
    return [found for item in ordered for found in findings_of(context.case(item), tolerance, finders)]


def explain(
    *,
    matched: Matched,
    items: Frame,
    left: Frame,
    right: Frame,
    parameters: Parameters,
    pin: Pin,
    finders: Sequence[Find] = FINDINGS,
) -> list[Finding]:
    """All that `finders` find about `items` (some or all of what was matched), sorted by their records."""
    around = Surroundings(matched=matched, left=left, right=right, parameters=parameters, pin=pin)
    return explain_some(around, items, finders)
