"""`payments` cut into parts: rows in pieces, what lies outside the period, and what must stay together."""

from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from typing import Any

import narwhals as nw
import polars as pl
from django.db.models import Max

from billing.models import Organization, PaymentVersion, ProviderRecordVersion
from reconciliation.core.parameters import Parameters, micros
from reconciliation.core.preparation import apply_refunds, exclude_refunds, mark_superseded
from reconciliation.core.schema import of_class
from reconciliation.engine import collected, lazy, pin
from reconciliation.frames import read, read_pieces

from .base import Scope, Sharding, Stored
from .decisions import decided, partners_missing
from .payments_reader import IDENTITY, LINKS, RIGHT, Reader
from .payments_sides import add_to, not_inside, widen, with_latest

Decided = tuple[pl.DataFrame, pl.DataFrame]


def sharding(decisions: Callable[[Organization], Decided]) -> Sharding:
    """How `payments` is cut into parts. `decisions`: the pairs matched, and kept apart, by people."""
    return Sharding(
        size=size,
        pieces=pieces,
        outside=outside,
        companions=companions,
        marks=marks,
        prepare=prepare,
        finish=finish,
        decided=decisions,
    )


def window_of(rules: Parameters) -> timedelta:
    """How far around the period records are read."""
    return timedelta(microseconds=max(2 * rules.match_window, rules.duplicate_window))


def size(
    organization: Organization, start: datetime, end: datetime, rules: Callable[[], Parameters], enough: int
) -> int:
    """How many records a run over `[start, end)` looks at, at most (earlier versions count as well); counted only where
    there may be `enough`.
    """
    tables: tuple[Any, ...] = (PaymentVersion, ProviderRecordVersion)
    most = sum(table.objects.aggregate(last=Max("id"))["last"] or 0 for table in tables)
    if most < enough:
        return most
    window = window_of(rules())
    around = {"organization": organization, "occurred_at__gte": start - window, "occurred_at__lt": end + window}
    return sum(table.objects.filter(**around).count() for table in tables)


def pieces(
    organization: Organization, side: str, scope: Scope, rules: Parameters
) -> Generator[pl.DataFrame, None, None]:
    """The rows of a side around the period, some thousand at a time, each once."""
    reader, window = Reader(organization), window_of(rules)
    around = {"occurred_at__gte": scope.start - window, "occurred_at__lt": scope.end + window}
    return read_pieces(reader.rows(side).filter(**around), *reader.shape(side))


def outside(organization: Organization, scope: Scope, rules: Parameters, stored: Stored) -> dict[str, pl.DataFrame]:
    """What a run must read besides: records named by stored items, sharing a key with what is read, or matched with it
    by people, whatever their date.
    """
    reader, window = Reader(organization), window_of(rules)
    start, end = scope.start - window, scope.end + window
    sides = {side: pl.DataFrame(schema=reader.shape(side)[1]) for side in IDENTITY}
    if not any(reader.rows(side).exclude(occurred_at__gte=start, occurred_at__lt=end).exists() for side in IDENTITY):
        return sides

    def far(frame: pl.DataFrame) -> pl.DataFrame:
        return not_inside(frame, start, end)

    former = {side: former_elsewhere(reader, side, scope, stored) for side in IDENTITY}
    found = {side: [far(frame)] for side, frame in former.items()}
    for link in LINKS:
        found[link.table].append(far(reader.linked_to_range(link, start, end)))
    matched = decided(organization.pk, "payments")[0]
    read_anyway = {
        side: inside(reader.by_ids(side, matched[f"{side}_id"].unique()), start, end)["id"] for side in IDENTITY
    }
    while True:
        widen(reader, sides, add_to(sides, found), near=None, wanted=far)
        widen(reader, sides, former, near=window, wanted=far)
        known = {side: pl.concat([read_anyway[side], sides[side]["id"]]) for side in sides}
        missing = dict(zip(IDENTITY, partners_missing(matched, known["left"], known["right"]), strict=True))
        former = {side: far(reader.by_ids(side, ids.unique())) for side, ids in missing.items()}
        if all(frame.is_empty() for frame in former.values()):
            return sides
        found = {side: [frame] for side, frame in former.items()}


def former_elsewhere(reader: Reader, side: str, scope: Scope, stored: Stored) -> pl.DataFrame:
    """The records outside the period that stored items name."""
    named = reader.by_ids(side, stored.left_ids if side == "left" else stored.right_ids)
    outside = reader.rows(side).exclude(occurred_at__gte=scope.start, occurred_at__lt=scope.end)
    of_stored = outside.filter(**{f"{IDENTITY[side]}__in": stored.items.order_by().values(f"{side}_id")})
    return pl.concat([not_inside(named, scope.start, scope.end), read(of_stored, *reader.shape(side))]).unique("id")


def inside(frame: pl.DataFrame, start: datetime, end: datetime) -> pl.DataFrame:
    """The rows of `[start, end)`."""
    return frame.filter(pl.col("occurred_at").is_between(micros(start), micros(end), closed="left"))


def companions(right: pl.DataFrame) -> pl.DataFrame:
    """Refunds that moved money, to be known where their charge is: under `key`, the charge's."""
    refunds = (pl.col("kind") == "refund") & (pl.col("status") == "succeeded") & pl.col("parent_key").is_not_null()
    return right.filter(refunds).with_columns(key="parent_key")


def marks(right: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """`family`: charges by payment intent, of which one may supersede the others; `like`: charges that may look like
    one charged twice, by customer, amount and currency.
    """
    charges = right.filter(pl.col("kind") == "charge")
    family = charges.filter(pl.col("parent_key").is_not_null()).select("id", hash=pl.col("parent_key").hash())
    paid = lazy(charges).filter(
        ~nw.col("party").is_null()
        & nw.col("excluded").is_null()
        & of_class(nw.col("status"), "money", "pending")
        & (nw.col("amount") > 0)
    )
    alike = pl.struct("party", "amount", pl.col("currency").cast(pl.String))
    like = collected(paid).select("id", "occurred_at", hash=alike.hash())
    return {"family": family, "like": like}


def prepare(
    left: pl.DataFrame, right: pl.DataFrame, refunds: pl.DataFrame, rules: Parameters
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A part's sides ready for the first pass: refunds summed up, and left out where they are not compared."""
    is_refund = pl.col("kind") == "refund"
    with_refunds = pl.concat([right.filter(~is_refund), refunds.select(list(RIGHT))])
    charges = collected(apply_refunds(lazy(with_refunds), pin)).filter(~is_refund)
    own = right.filter(is_refund).with_columns(refunded=pl.lit(0, pl.Int64))
    right = pl.concat([charges, own.select(charges.columns)])
    reason = rules.refunds_left_out
    if not reason:
        return left, right
    return collected(exclude_refunds(lazy(left), reason)), collected(exclude_refunds(lazy(right), reason))


def finish(organization: Organization, right: pl.DataFrame) -> pl.DataFrame:
    """What remains of the right side, with superseded attempts marked: families were kept together for this."""
    return collected(mark_superseded(lazy(with_latest(organization, right)), pin))
