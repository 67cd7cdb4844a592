"""Reading the two sides of `payments`: the period, and whatever shares a key with it, whatever its date."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When

from billing.models import Organization, PaymentVersion, ProviderRecord, ProviderRecordVersion
from billing.models.provider import ProviderKind
from reconciliation.frames import EpochMicros, Schema, read, read_together, read_where

from .base import Scope, Seeds

TEXT, INT, FLAG = pl.String, pl.Int64, pl.Boolean
SIDE: Schema = {
    "id": INT, "version_id": INT, "kind": TEXT, "key": TEXT, "parent_key": TEXT, "alt_key": TEXT, "alt_key2": TEXT,
    "party": TEXT, "amount": INT, "currency": TEXT, "status": TEXT, "occurred_at": INT, "excluded": TEXT,
}  # fmt: skip
RIGHT: Schema = SIDE | {"fee": INT, "provider": TEXT}

LEFT_COLUMNS: dict[str, Any] = {
    "id": "payment_id", "version_id": "id", "kind": "payment__kind", "key": "provider_reference",
    "parent_key": Value(""), "alt_key": "payment__external_id", "alt_key2": "invoice_number", "party": "customer",
    "amount": "amount_minor",
    "currency": "currency", "status": "status", "occurred_at": EpochMicros("occurred_at"), "excluded": Value(""),
}  # fmt: skip
# A payment intent that no charge belongs to stands for the payment it was made for.
RIGHT_KIND = Case(When(record__kind="payment_intent", then=Value("charge")), default=F("record__kind"))
RIGHT_COLUMNS: dict[str, Any] = {
    "id": "record_id", "version_id": "id", "kind": RIGHT_KIND, "key": "record__external_id",
    "parent_key": "parent_reference", "alt_key": "reference", "alt_key2": Value(""), "party": "customer",
    "amount": "amount_minor", "currency": "currency", "status": "status", "occurred_at": EpochMicros("occurred_at"),
    "excluded": "excluded_reason", "fee": "fee_minor", "provider": "record__provider",
}  # fmt: skip


LIKENESS = ["party", "amount", "currency", "occurred_at"]
LIKE_A_QUERY = 500
IDENTITY = {"left": "payment_id", "right": "record_id"}


@dataclass(frozen=True)
class Link:
    """Records of `table` whose `field` equals a `source_column` of the records of `source` belong with them."""

    table: str
    field: str
    source: str
    source_field: str
    source_column: str


LINKS = (
    Link("left", "provider_reference", "right", "record__external_id", "key"),
    Link("left", "provider_reference", "right", "parent_reference", "parent_key"),
    Link("left", "payment__external_id", "right", "reference", "alt_key"),
    Link("left", "invoice_number", "right", "reference", "alt_key"),
    Link("right", "record__external_id", "left", "provider_reference", "key"),
    Link("right", "parent_reference", "left", "provider_reference", "key"),
    Link("right", "reference", "left", "payment__external_id", "alt_key"),
    Link("right", "reference", "left", "invoice_number", "alt_key2"),
    Link("right", "parent_reference", "right", "record__external_id", "key"),
    Link("right", "parent_reference", "right", "parent_reference", "parent_key"),
    Link("right", "record__external_id", "right", "parent_reference", "parent_key"),
)


def left_rows(organization: Organization) -> QuerySet[PaymentVersion]:
    """The current versions of an organization's payments."""
    return PaymentVersion.objects.filter(organization=organization, number=F("payment__current_number"))


def provider_rows(organization: Organization) -> QuerySet[ProviderRecordVersion]:
    """The current versions of all provider records that have to do with payments."""
    current = ProviderRecordVersion.objects.filter(organization=organization, number=F("record__current_number"))
    return current.exclude(record__kind="dispute")


def right_rows(organization: Organization) -> QuerySet[ProviderRecordVersion]:
    """The current versions of charges and refunds, and of payment intents that no charge belongs to."""
    charged = ProviderRecordVersion.objects.filter(
        organization=organization, parent_reference=OuterRef("record__external_id"), record__kind="charge"
    )
    # The cheap arm first: PostgreSQL asks the second one of payment intents only.
    return provider_rows(organization).filter(
        Q(record__kind__in=["charge", "refund"]) | Q(~Exists(charged), record__kind="payment_intent")
    )


def members(organization: Organization, side: str, start: datetime, end: datetime) -> QuerySet[Any, Any]:
    """The identities of a side's records in `[start, end)`."""
    rows: QuerySet[Any] = left_rows(organization) if side == "left" else right_rows(organization)
    inside: QuerySet[Any, Any] = rows.filter(occurred_at__gte=start, occurred_at__lt=end)
    return inside.order_by().values(IDENTITY[side])


@dataclass
class Reader:
    """Reads both sides and remembers what it has."""

    organization: Organization

    def rows(self, side: str) -> QuerySet[Any]:
        """The current rows of a side."""
        return left_rows(self.organization) if side == "left" else right_rows(self.organization)

    def shape(self, side: str) -> tuple[dict[str, Any], Schema]:
        """Columns and schema of a side."""
        return (LEFT_COLUMNS, SIDE) if side == "left" else (RIGHT_COLUMNS, RIGHT)

    def by_ids(self, side: str, ids: pl.Series) -> pl.DataFrame:
        """The rows of the given identities."""
        return read_where(self.rows(side), IDENTITY[side], ids.sort().to_list(), *self.shape(side))

    def linked_to_range(self, link: Link, start: datetime, end: datetime) -> pl.DataFrame:
        """Rows outside a time range that share a key with rows inside it, found by the database in one query."""
        inside = self.rows(link.source).filter(occurred_at__gte=start, occurred_at__lt=end)
        keys = inside.exclude(**{link.source_field: ""}).order_by().values(link.source_field)
        outside = self.rows(link.table).exclude(occurred_at__gte=start, occurred_at__lt=end)
        return read(outside.filter(**{f"{link.field}__in": keys}), *self.shape(link.table))

    def seed_rows(self, side: str, ids: pl.Series, versions: pl.Series) -> pl.DataFrame:
        """Rows to follow keys from: the given identities as they are now, members of the population or not, and the
        given versions, which may be old ones.
        """
        table: QuerySet[Any] = PaymentVersion.objects if side == "left" else ProviderRecordVersion.objects  # type: ignore[assignment]
        everything: QuerySet[Any] = self.rows(side) if side == "left" else provider_rows(self.organization)
        return pl.concat(
            [
                read_where(everything, IDENTITY[side], ids.sort().to_list(), *self.shape(side)),
                read_where(table.all(), "id", versions.sort().to_list(), *self.shape(side)),
            ]
        )

    def like(self, side: str, around: pl.DataFrame, window: timedelta) -> pl.DataFrame:
        """Rows of the same customer, amount and currency as a row of `around`, at most `window` apart."""
        wanted = around.filter(pl.col("party").is_not_null()).unique().sort(LIKENESS)
        micros = window // timedelta(microseconds=1)
        parts = [pl.DataFrame(schema=self.shape(side)[1])]
        for chunk in wanted.iter_slices(LIKE_A_QUERY):
            rows = self.rows(side).filter(
                customer__in=chunk["party"].unique().to_list(), amount_minor__in=chunk["amount"].unique().to_list()
            )
            candidates = read(rows, *self.shape(side))
            near = candidates.join(chunk, on=["party", "amount", "currency"], suffix="_around")
            near = near.filter((pl.col("occurred_at") - pl.col("occurred_at_around")).abs() <= micros)
            parts.append(candidates.join(near.select("id"), on="id", how="semi"))
        return pl.concat(parts).unique("id")

    def linked_to(self, link: Link, source: pl.DataFrame) -> pl.DataFrame:
        """Rows that share a key with the given rows."""
        keys = source[link.source_column].drop_nulls().unique().sort()
        return read_where(self.rows(link.table), link.field, keys.to_list(), *self.shape(link.table))


def load_sides(organization: Organization, scope: Scope, window: timedelta) -> dict[str, pl.DataFrame]:
    """Left and right records of `scope` widened by `window`, with everything that shares a key, until nothing is
    added.
    """
    reader = Reader(organization)
    start, end = scope.start - window, scope.end + window
    sides = read_together(
        {
            side: (reader.rows(side).filter(occurred_at__gte=start, occurred_at__lt=end), *reader.shape(side))
            for side in ("left", "right")
        }
    )
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
    return {side: sorted_by_id(frame) for side, frame in sides.items()}


def load_connected(organization: Organization, seeds: Seeds, window: timedelta) -> dict[str, pl.DataFrame]:
    """The records of `seeds` and everything connected to them by a key, now or in the versions compared last, or by the
    same customer, amount and currency within `window`, until nothing is added.
    """
    reader = Reader(organization)
    sides = {side: reader.by_ids(side, ids) for side, ids in seeds.ids.items()}
    named = {side: reader.seed_rows(side, ids, seeds.versions[side]) for side, ids in seeds.ids.items()}
    sources = {side: pl.concat([sides[side], named[side]]) for side in sides}
    widen(reader, sides, sources, near=window)
    return {side: sorted_by_id(frame) for side, frame in sides.items()}


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
    reader: Reader, sides: dict[str, pl.DataFrame], sources: dict[str, pl.DataFrame], *, near: timedelta | None
) -> None:
    """Follows the keys of `sources` (and, with `near`, likeness in time), adding to `sides` until nothing is new."""
    while any(not frame.is_empty() for frame in sources.values()):
        found = {side: [pl.DataFrame(schema=reader.shape(side)[1])] for side in sides}
        for link in LINKS:
            found[link.table].append(reader.linked_to(link, sources[link.source]))
        if near is not None:
            around = pl.concat([frame.select(LIKENESS) for frame in sources.values()])
            for side in sides:
                found[side].append(reader.like(side, around, near))
        sources = add_to(sides, found)


def replaced_intents(organization: Organization, right: pl.DataFrame) -> pl.Series:
    """The payment intents behind charges of `right`: they stand for nothing any more, whatever an earlier run found."""
    keys = right.filter(pl.col("kind") == "charge")["parent_key"].drop_nulls().unique().sort()
    intents = ProviderRecord.objects.filter(organization=organization, kind=ProviderKind.PAYMENT_INTENT)
    return read_where(intents, "external_id", keys.to_list(), {"id": "pk"}, {"id": INT})["id"]


def with_latest(organization: Organization, right: pl.DataFrame) -> pl.DataFrame:
    """Adds `latest`: whether a charge is the one its payment intent names, asked only where an intent has several."""
    several = (
        right.filter((pl.col("kind") == "charge") & pl.col("parent_key").is_not_null())
        .group_by("parent_key")
        .agg(pl.len())
        .filter(pl.col("len") > 1)["parent_key"]
    )
    intents = ProviderRecordVersion.objects.filter(
        organization=organization, number=F("record__current_number"), record__kind=ProviderKind.PAYMENT_INTENT
    )
    named = read_where(
        intents, "record__external_id", several.sort().to_list(), {"latest": "detail__latest_charge"}, {"latest": TEXT}
    )
    clean = named["latest"].drop_nulls().str.strip_chars('"')
    return right.with_columns(latest=pl.col("key").is_in(clean.implode()))
