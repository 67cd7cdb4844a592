"""Reading the two sides of `payments`: the period, and whatever shares a key with it, whatever its date."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import polars as pl
from django.db.models import F

from billing.models import Organization, PaymentVersion, ProviderRecord, ProviderRecordVersion
from billing.models.provider import ProviderKind
from reconciliation.connections import may_share_work, side_by_side
from reconciliation.core.parameters import micros
from reconciliation.frames import as_it_is, read, read_where

from .base import Scope, Seeds
from .payments_reader import INT, LIKENESS, LINKS, TEXT, Reader

MANY_KEYS: Final = 200
MANY_ROWS: Final = 5_000


def load_sides(organization: Organization, scope: Scope, window: timedelta) -> dict[str, pl.DataFrame]:
    """Left and right records of `scope` widened by `window`, with everything that shares a key, until nothing is
    added.
    """
    reader = Reader(organization)
    start, end = scope.start - window, scope.end + window
    reads = [
        partial(read, reader.rows(side).filter(occurred_at__gte=start, occurred_at__lt=end), *reader.shape(side))
        for side in ("left", "right")
    ]
    sides = dict(zip(("left", "right"), together(reads, many=are_many(organization, start, end)), strict=True))
    has_outside = any(
        reader.rows(side).exclude(occurred_at__gte=start, occurred_at__lt=end).exists() for side in ("left", "right")
    )
    if has_outside:
        named = {"left": scope.left_ids, "right": scope.right_ids}
        found = {
            side: [reader.by_ids(side, ids.filter(~ids.is_in(sides[side]["id"].implode())))]
            for side, ids in named.items()
        }
        for link in LINKS:
            found[link.table].append(reader.linked_to_range(link, start, end))
        widen(reader, sides, add_to(sides, found), near=None)
        widen(reader, sides, former_elsewhere(sides, named, scope), near=window)
    return {side: sorted_by_id(frame) for side, frame in sides.items()}


def former_elsewhere(
    sides: dict[str, pl.DataFrame], named: dict[str, pl.Series], scope: Scope
) -> dict[str, pl.DataFrame]:
    """The records outside the period that earlier results name: it is decided anew about them, and that takes whatever
    they could be matched with where they are.
    """
    return {
        side: not_inside(frame.filter(pl.col("id").is_in(named[side].implode())), scope.start, scope.end)
        for side, frame in sides.items()
    }


def not_inside(frame: pl.DataFrame, start: datetime, end: datetime) -> pl.DataFrame:
    """The rows before `start` or from `end` on."""
    return frame.filter(~pl.col("occurred_at").is_between(micros(start), micros(end), closed="left"))


def are_many(organization: Organization, start: datetime, end: datetime) -> bool:
    """Whether there are so many of our records in `[start, end)` that another connection is worth its price."""
    rows = PaymentVersion.objects.filter(organization=organization, occurred_at__gte=start, occurred_at__lt=end)
    return may_share_work() and rows.order_by()[MANY_ROWS:].exists()


def load_connected(organization: Organization, seeds: Seeds, window: timedelta) -> dict[str, pl.DataFrame]:
    """The records of `seeds` and everything connected to them by a key, now or in any earlier version, or by the
    same customer, amount and currency within `window`, until nothing is added.
    """
    reader = Reader(organization)
    reads = [partial(reader.by_ids, side, ids) for side, ids in seeds.ids.items()]
    sides = dict(zip(seeds.ids, together(reads, many=sum(map(len, seeds.ids.values())) >= MANY_KEYS), strict=True))
    sources = {
        side: pl.concat([frame, reader.other_seed_rows(side, frame, seeds.ids[side])]) for side, frame in sides.items()
    }
    widen(reader, sides, sources, near=window)
    return {side: sorted_by_id(frame) for side, frame in sides.items()}


def together(reads: Sequence[Callable[[], pl.DataFrame]], *, many: bool) -> list[pl.DataFrame]:
    """What `reads` give, side by side where they look for many records; a second connection has its price."""
    return side_by_side(reads) if many else [read() for read in reads]


def sorted_by_id(frame: pl.DataFrame) -> pl.DataFrame:
    """A side in the order of its identities; copied only where the database gave it in another."""
    return frame if frame["id"].is_sorted() else frame.sort("id")


def add_to(sides: dict[str, pl.DataFrame], found: dict[str, list[pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    """Adds the rows of `found` that `sides` lacks, and returns them."""
    fresh = {
        side: pl.concat(frames).unique("id").join(sides[side].select("id"), on="id", how="anti")
        for side, frames in found.items()
    }
    for side, frame in fresh.items():
        sides[side] = pl.concat([sides[side], frame])
    return fresh


def widen(
    reader: Reader,
    sides: dict[str, pl.DataFrame],
    sources: dict[str, pl.DataFrame],
    *,
    near: timedelta | None,
    wanted: Callable[[pl.DataFrame], pl.DataFrame] = as_it_is,
) -> None:
    """Follows the keys of `sources` (and, with `near`, likeness in time), adding what is `wanted` to `sides` until
    nothing is new.
    """
    while any(not frame.is_empty() for frame in sources.values()):
        found = {side: [pl.DataFrame(schema=reader.shape(side)[1])] for side in sides}
        tables = [link.table for link in LINKS]
        reads = [partial(reader.linked_to, link, sources[link.source]) for link in LINKS]
        if near is not None:
            around = pl.concat([frame.select(LIKENESS) for frame in sources.values()])
            tables = [*sides, *tables]
            reads = [*(partial(reader.like, side, around, near) for side in sides), *reads]
        frames = together(reads, many=sum(map(len, sources.values())) >= MANY_KEYS)
        for table, frame in zip(tables, frames, strict=True):
            found[table].append(wanted(frame))
        sources = add_to(sides, found)


def replaced_intents(organization: Organization, right: pl.DataFrame) -> pl.Series:
    """The payment intents behind charges of `right`: they stand for nothing any more, whatever an earlier run found."""
    keys = right.filter(pl.col("kind") == "charge")["parent_key"].drop_nulls().unique().sort()
    intents = ProviderRecord.objects.filter(organization=organization, kind=ProviderKind.PAYMENT_INTENT)
    return read_where(intents, "external_id", keys.to_list(), {"id": "pk"}, {"id": INT})["id"]


def with_latest(organization: Organization, right: pl.DataFrame) -> pl.DataFrame:
    """Adds `latest`: whether a charge is the one its payment intent names, where an intent has several; else null."""
    several = repeated(right.filter((pl.col("kind") == "charge") & pl.col("parent_key").is_not_null())["parent_key"])
    intents = ProviderRecordVersion.objects.filter(
        organization=organization, number=F("record__current_number"), record__kind=ProviderKind.PAYMENT_INTENT
    )
    named = read_where(
        intents, "record__external_id", several.to_list(), {"latest": "detail__latest_charge"}, {"latest": TEXT}
    )
    clean = named["latest"].drop_nulls().str.strip_chars('"')
    attempt = (pl.col("kind") == "charge") & pl.col("parent_key").is_in(several.implode())
    return right.with_columns(latest=pl.when(attempt).then(pl.col("key").is_in(clean.implode())))


def repeated(texts: pl.Series) -> pl.Series:
    """The texts that stand more than once, sorted. By hash first: grouping a million texts costs ten times as much."""
    hashes = texts.hash()
    ordered = hashes.sort()
    twice = ordered.filter(ordered == ordered.shift(1))
    candidates = texts.filter(hashes.is_in(twice.implode()))
    return candidates.filter(candidates.is_duplicated()).unique().sort()
