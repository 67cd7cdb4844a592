"""What a run looks at: both sides, matched, and the open items it may have to replace."""

from dataclasses import dataclass, replace
from typing import Any

import polars as pl
from django.db.models import QuerySet

from billing.models import Organization
from reconciliation.comparisons.base import Comparison, Scope, Seeds, Sides
from reconciliation.core.matching import Matched, match
from reconciliation.core.parameters import Parameters
from reconciliation.core.passes import Frame
from reconciliation.engine import collected, lazy, pin
from reconciliation.frames import LABEL, EpochMicros, Schema, read, read_where
from reconciliation.models import ReconciliationItem

INT, TEXT = pl.Int64, pl.String
STORED: Schema = {
    "item_id": INT, "left_id": INT, "left_version_id": INT, "right_id": INT, "right_version_id": INT, "kind": LABEL,
    "outcome": LABEL, "match_pass": LABEL, "reason": LABEL, "group_key": TEXT, "left_amount_minor": INT,
    "left_currency": LABEL,
    "left_status": LABEL, "right_amount_minor": INT, "right_currency": LABEL, "right_status": LABEL, "occurred_at": INT,
    "due_at": INT,
}  # fmt: skip
STORED_COLUMNS: dict[str, Any] = {name: name for name in STORED} | {
    "item_id": "id",
    "occurred_at": EpochMicros("occurred_at"),
    "due_at": EpochMicros("due_at"),
}


@dataclass(frozen=True)
class Gathered:
    """A run's inputs and what matching made of them.

    `found`: the items that concern the period; `stored`: the open items that concern it or a record of `found`.
    """

    sides: Sides
    matched: Matched
    found: pl.DataFrame
    stored: pl.DataFrame


def open_items(organization: Organization, comparison: Comparison) -> QuerySet[ReconciliationItem]:
    """The open items of an organization and comparison."""
    return ReconciliationItem.objects.filter(
        organization=organization, comparison=comparison.name, closed_run__isnull=True
    )


def items_touching(items: QuerySet[ReconciliationItem], left: pl.Series, right: pl.Series) -> pl.DataFrame:
    """The open items that name one of the given identities (a few; asked by key)."""
    parts = [
        read_where(items, "left_id", left.to_list(), STORED_COLUMNS, STORED),
        read_where(items, "right_id", right.to_list(), STORED_COLUMNS, STORED),
    ]
    return pl.concat(parts).unique("item_id")


def stored_for_period(organization: Organization, comparison: Comparison, scope: Scope) -> pl.DataFrame:
    """The open items of the period, and those elsewhere that name a record which now lies in the period."""
    items = open_items(organization, comparison)
    inside = read(items.filter(occurred_at__gte=scope.start, occurred_at__lt=scope.end), STORED_COLUMNS, STORED)
    elsewhere = elsewhere_for_period(organization, comparison, scope)
    return inside if elsewhere.is_empty() else pl.concat([inside, elsewhere])


def elsewhere_for_period(organization: Organization, comparison: Comparison, scope: Scope) -> pl.DataFrame:
    """The open items outside the period that name a record which now lies in it."""
    items = open_items(organization, comparison)
    outside = items.exclude(occurred_at__gte=scope.start, occurred_at__lt=scope.end)
    parts = [pl.DataFrame(schema=STORED)]
    if not outside.exists():
        return parts[0]
    for side in ("left", "right"):
        members = comparison.members(organization, side, scope.start, scope.end)
        parts.append(read(outside.filter(**{f"{side}_id__in": members}), STORED_COLUMNS, STORED))
    return pl.concat(parts).unique("item_id")


def ids_of(frame: pl.DataFrame, side: str) -> pl.Series:
    """The identities a frame of items names on one side."""
    column = frame[f"{side}_id"]
    return column.filter(column > 0).unique()


def lies_in_period(rules: Parameters) -> pl.Expr:
    """Whether a row lies in the period by its own time."""
    return (pl.col("occurred_at") >= rules.start) & (pl.col("occurred_at") < rules.end)


def in_period(side: pl.DataFrame, rules: Parameters) -> pl.Series:
    """The identities of a side's records that lie in the period."""
    return side.filter(lies_in_period(rules))["id"]


def concerning(items: pl.DataFrame, sides: Sides, stored: pl.DataFrame, rules: Parameters) -> pl.DataFrame:
    """The items that name a record of the period, or a record of a stored item of the period."""
    touched = {
        "left": pl.concat([in_period(sides.left, rules), ids_of(stored, "left")]),
        "right": pl.concat([in_period(sides.right, rules), ids_of(stored, "right")]),
    }
    concerned = [pl.col(f"{side}_id").is_in(ids.implode()) for side, ids in touched.items()]
    concerns = items.select(pl.any_horizontal(concerned)).to_series()
    return items if concerns.all() else items.filter(concerns)  # of a first run all: not to be held twice


def whole_groups(items: pl.DataFrame, sides: Sides, stored: pl.DataFrame, rules: Parameters) -> pl.DataFrame:
    """The items that concern the period, and all others of their groups: a group is decided as one."""
    found = concerning(items, sides, stored, rules)
    tied = items.filter(pl.col("group_key").is_in(found["group_key"].drop_nulls().unique().implode()))
    return pl.concat([found, tied]).unique(["left_id", "right_id"]).sort("left_id", "right_id")


def gather(*, organization: Organization, comparison: Comparison, scope: Scope, rules: Parameters) -> Gathered:
    """Reads and matches until no open item names a record that was not looked at.

    A record's former partner may lie anywhere: replacing the item of one means deciding about the other, so it is
    read too.
    """
    items = open_items(organization, comparison)
    stored = stored_for_period(organization, comparison, scope)
    while True:
        scope = replace(scope, left_ids=ids_of(stored, "left"), right_ids=ids_of(stored, "right"))
        sides = comparison.load(organization, scope, rules)
        matched, found = matched_and_found(comparison, sides, stored, rules)
        new_left = ids_of(found, "left").filter(~ids_of(found, "left").is_in(ids_of(stored, "left").implode()))
        new_right = ids_of(found, "right").filter(~ids_of(found, "right").is_in(ids_of(stored, "right").implode()))
        outside_left = new_left.filter(~new_left.is_in(in_period(sides.left, rules).implode()))
        outside_right = new_right.filter(~new_right.is_in(in_period(sides.right, rules).implode()))
        more = items_touching(items, outside_left.sort(), outside_right.sort())
        more = more.join(stored.select("item_id"), on="item_id", how="anti")
        if more.is_empty():
            return Gathered(sides, matched, found, stored)
        stored = pl.concat([stored, more])


def matched_and_found(
    comparison: Comparison, sides: Sides, stored: pl.DataFrame, rules: Parameters
) -> tuple[Matched, pl.DataFrame]:
    """Matches two sides and picks the items that concern the period."""
    if comparison.match is not None:
        matched = comparison.match(sides, rules)
        return matched, whole_groups(collected(matched.items), sides, stored, rules)
    matched = match(
        left=lazy(sides.left), right=lazy(sides.right), first=comparison.first, passes=comparison.passes,
        parameters=rules, pin=pin, together=some(sides.together), apart=some(sides.apart),
    )  # fmt: skip
    return matched, concerning(collected(matched.items), sides, stored, rules)


def some(pairs: pl.DataFrame | None) -> Frame | None:
    """Pairs for matching; None where there are none, which costs nothing."""
    return None if pairs is None or pairs.is_empty() else lazy(pairs)


def gather_connected(
    *, organization: Organization, comparison: Comparison, changed: dict[str, pl.Series], rules: Parameters
) -> Gathered:
    """Reads and matches only what is connected to changed records; the same items as `gather` gives for them.

    A match depends on records that share a key, an own reference, or a customer and amount close in time; a set closed
    under these can be matched by itself.
    """
    items = open_items(organization, comparison)
    stored = items_touching(items, changed["left"].sort(), changed["right"].sort())
    asked = dict(changed)
    while True:
        seeds = Seeds({side: pl.concat([changed[side], ids_of(stored, side)]).unique() for side in changed})
        sides = comparison.connected(organization, seeds, rules)
        named = {"left": sides.left["id"], "right": pl.concat([sides.right["id"], sides.gone])}
        new = {side: ids.filter(~ids.is_in(asked[side].implode())).unique().sort() for side, ids in named.items()}
        asked = {side: pl.concat([asked[side], ids]) for side, ids in new.items()}
        more = items_touching(items, new["left"], new["right"]).join(stored.select("item_id"), on="item_id", how="anti")
        stored = pl.concat([stored, more])
        # An item whose records have all been read leads nowhere new: what changed of them is among `changed`.
        if all(ids_of(more, side).is_in(asked[side].implode()).all() for side in changed):
            matched, found = matched_and_found(comparison, sides, stored, rules)
            return Gathered(sides, matched, found, stored)
