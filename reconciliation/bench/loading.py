"""Generated books into the tables, as an import leaves them: identities, versions, a batch and its journal row."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import polars as pl
from django.core.management.color import no_style
from django.db import DatabaseError, connection, models, transaction

from billing.changes import note_import
from billing.models import (
    ImportBatch,
    Organization,
    Payment,
    PaymentVersion,
    ProviderRecord,
    ProviderRecordVersion,
    SourceChange,
)
from reconciliation.bench.books import NOW, Slice, micros, slice_of
from reconciliation.frames import timestamp, write

SLUG: Final = "bench"
ROWS_A_SLICE: Final = 250_000
IDENTITY: Final = ("kind", "external_id")


@contextmanager
def unchecked_references() -> Iterator[None]:
    """Foreign keys are right by construction; not asking for each row saves minutes. Needs a superuser on PostgreSQL,
    and does without when there is none.
    """
    if connection.vendor != "postgresql":
        with connection.constraint_checks_disabled():
            yield
        return
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
    except DatabaseError:
        yield
        return
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = DEFAULT")


def load(rows: int) -> dict[str, int]:
    """Fills an empty database with books of `rows` rows for one organization; says how many records each side has."""
    organization = Organization.objects.create(
        slug=SLUG, name="Bench", timezone="UTC", currency="EUR", reference_keys=["order_id"]
    )
    ours = batch_of(organization, "payments", "payments.csv", rows)
    theirs = batch_of(organization, "provider_records", "records.csv", rows)
    payments = records = 0
    with unchecked_references():
        for first in range(0, rows, ROWS_A_SLICE):
            some = slice_of(first, min(ROWS_A_SLICE, rows - first), rows)
            with transaction.atomic():
                write_payments(some, organization.pk, ours.pk, payments)
                write_records(some, organization.pk, theirs.pk, records)
            payments, records = payments + len(some.payments), records + len(some.records)
    move_sequences([Payment, PaymentVersion, ProviderRecord, ProviderRecordVersion])
    note_import(organization=organization, source=SourceChange.Source.PAYMENT, batch_id=ours.pk)
    note_import(organization=organization, source=SourceChange.Source.PROVIDER_RECORD, batch_id=theirs.pk)
    return {"payments": payments, "records": records}


def batch_of(organization: Organization, kind: str, filename: str, rows: int) -> ImportBatch:
    """The import that brought some rows."""
    return ImportBatch.objects.create(
        organization=organization, kind=kind, filename=filename, sha256="0" * 64, rows=rows, created=rows,
        imported_at=NOW,
    )  # fmt: skip


def write_payments(some: Slice, organization: int, batch: int, written: int) -> None:
    """Payments of a slice, with identities from `written` + 1 on."""
    ids = some.payments.with_row_index("id", written + 1)
    write(Payment, ids.select("id", *IDENTITY, organization_id=pl.lit(organization), current_number=pl.lit(1)))
    write(PaymentVersion, _versions(ids, "payment_id", organization, batch))


def write_records(some: Slice, organization: int, batch: int, written: int) -> None:
    """Records of a slice, with identities from `written` + 1 on."""
    ids = some.records.with_row_index("id", written + 1)
    identities = ids.select(
        "id", *IDENTITY, organization_id=pl.lit(organization), provider=pl.lit("stripe"), current_number=pl.lit(1)
    )
    write(ProviderRecord, identities)
    write(ProviderRecordVersion, _versions(ids, "record_id", organization, batch, needs_fetch=pl.lit(False)))


def _versions(ids: pl.DataFrame, link: str, organization: int, batch: int, **more: Any) -> pl.DataFrame:
    """The first version of each identity, with the identity's own id."""
    frame = ids.drop(IDENTITY).with_columns(
        pl.col("id").alias(link), organization_id=pl.lit(organization), number=pl.lit(1), batch_id=pl.lit(batch),
        recorded_at=pl.lit(micros(NOW)), **more,
    )  # fmt: skip
    return frame.with_columns(timestamp("occurred_at"), timestamp("recorded_at"))


def move_sequences(tables: list[type[models.Model]]) -> None:
    """Ids were given here; the database's own counters go on after them (SQLite's do by themselves)."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(statement)
