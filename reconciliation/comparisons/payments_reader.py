"""The rows of the two sides of `payments`, and the keys that connect them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When

from billing.models import Organization, PaymentVersion, ProviderRecordVersion
from reconciliation.frames import LABEL, EpochMicros, Schema, read, read_where

TEXT, INT, FLAG = pl.String, pl.Int64, pl.Boolean
SIDE: Schema = {
    "id": INT, "version_id": INT, "kind": LABEL, "key": TEXT, "parent_key": TEXT, "alt_key": TEXT, "alt_key2": TEXT,
    "party": TEXT, "amount": INT, "currency": LABEL, "status": LABEL, "occurred_at": INT, "excluded": LABEL,
}  # fmt: skip
RIGHT: Schema = SIDE | {"fee": INT, "provider": LABEL}

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
LIKE_A_QUERY = 2_000
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

    def other_seed_rows(self, side: str, found: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
        """Rows to follow keys from besides `found`, the members among `ids`: the other identities as they are now, and
        all as they ever were. What earlier results compared is not enough: a run of another period may have written
        newer ones meanwhile, and what the older version tied together is then decided anew by nobody.
        """
        table: QuerySet[Any] = PaymentVersion.objects if side == "left" else ProviderRecordVersion.objects  # type: ignore[assignment]
        everything: QuerySet[Any] = self.rows(side) if side == "left" else provider_rows(self.organization)
        others = ids.filter(~ids.is_in(found["id"].implode()))
        return pl.concat(
            [
                read_where(everything, IDENTITY[side], others.sort().to_list(), *self.shape(side)),
                read_where(table.all(), IDENTITY[side], ids.sort().to_list(), *self.shape(side)),
            ]
        )

    def like(self, side: str, around: pl.DataFrame, window: timedelta) -> pl.DataFrame:
        """Rows of the same customer, amount and currency as a row of `around`, at most `window` apart."""
        wanted = around.filter(pl.col("party").is_not_null()).unique().sort(LIKENESS)
        micros = window // timedelta(microseconds=1)
        parts = [pl.DataFrame(schema=self.shape(side)[1])]
        for chunk in wanted.iter_slices(LIKE_A_QUERY):
            rows = self.rows(side).filter(
                customer__in=chunk["party"].unique().sort().to_list(),
                amount_minor__in=chunk["amount"].unique().sort().to_list(),
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
