"""Discrepancies as a run finds them stored, and as it leaves them."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import polars as pl
from django.db import connection
from django.db.models import Q, QuerySet

from billing.adjustments import take_back
from billing.imports.bulk_rows import reserve_ids
from reconciliation import open_totals
from reconciliation.action_log import Batch, Entry, prepare
from reconciliation.core.cases import Finding, Fingerprint
from reconciliation.core.parameters import micros
from reconciliation.frames import Schema, read, timestamp, write
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationRun

from .triage import CONTENT, STATE, Triage, fingerprint

Status = ReconciliationDiscrepancy.Status
KEYS_A_QUERY = 5_000
UNRESOLVED: Schema = {"row_id": pl.Int64, "left_id": pl.Int64, "right_id": pl.Int64}
UNRESOLVED_COLUMNS = {"row_id": "id", "left_id": "left_id", "right_id": "right_id"}
NEW = (
    "organization_id", "comparison", "type", "left_id", "right_id", "status", "severity", "reason_code", "expected",
    "actual", "difference_minor", "unexplained_minor", "currency", "opened_run", "changed_run", "resolution_code",
    "resolution_reason", "closing_rule", "version", "reference",
)  # fmt: skip
TIMES = ("occurred_at", "opened_at", "queued_at", "due_at")


def known_discrepancies(
    run: ReconciliationRun, findings: list[Finding], found: pl.DataFrame, *, whole: bool
) -> dict[Fingerprint, ReconciliationDiscrepancy]:
    """The stored discrepancies that `findings` or the items of `found` may concern.

    `whole`: those of the period, unresolved ones elsewhere that name a record of `found`, and any with a finding's
    fingerprint. Otherwise (`found` is small) those that name a record of `found`. Those with a reference (disputes)
    always, since every run looks at all of these.
    """
    base = ReconciliationDiscrepancy.objects.filter(organization=run.organization, comparison=run.comparison)
    referenced = {fingerprint(row): row for row in base.exclude(reference="")}
    if not whole:
        named = {
            side: found.filter(pl.col(side) > 0)[side].unique().sort().to_list() for side in ("left_id", "right_id")
        }
        known = {fingerprint(row): row for side, ids in named.items() for row in _where(base, side, ids)}
        return known | referenced
    period = Q(occurred_at__gte=run.period_start, occurred_at__lt=run.period_end)
    known = {fingerprint(row): row for row in base.filter(period)}
    elsewhere = base.exclude(period)
    if elsewhere.exists():
        unresolved = read(elsewhere.exclude(status=Status.RESOLVED), UNRESOLVED_COLUMNS, UNRESOLVED)
        touched = unresolved.filter(concerned(unresolved, found))
        known |= {fingerprint(row): row for row in _where(elsewhere, "pk", touched["row_id"].to_list())}
        unseen = [finding for finding in findings if finding.fingerprint not in known]
        for side in ("left", "right"):
            ids = sorted({record.id for finding in unseen if (record := getattr(finding.case, side)) is not None})
            known |= {fingerprint(row): row for row in _where(elsewhere, f"{side}_id", ids)}
    return known | referenced


def concerned(rows: pl.DataFrame, items: pl.DataFrame) -> pl.Expr:
    """Whether a row with left_id and right_id names a record that `items` names too."""
    sides = [
        (pl.col(name) > 0) & pl.col(name).is_in(items.filter(pl.col(name) > 0)[name].implode())
        for name in ("left_id", "right_id")
    ]
    return pl.any_horizontal(sides)


def _where(
    base: QuerySet[ReconciliationDiscrepancy], name: str, values: list[int]
) -> Iterable[ReconciliationDiscrepancy]:
    for at in range(0, len(values), KEYS_A_QUERY):
        yield from base.filter(**{f"{name}__in": values[at : at + KEYS_A_QUERY]})


def rows_of(discrepancies: list[ReconciliationDiscrepancy]) -> pl.DataFrame:
    """New discrepancies as rows of the table, without their ids."""
    values = [
        (
            *(getattr(row, name) for name in NEW), json.dumps(row.explanation),
            *(micros(getattr(row, name)) for name in TIMES), row.resolved_at and micros(row.resolved_at),
        )
        for row in discrepancies
    ]  # fmt: skip
    names = [*NEW, "explanation", *TIMES, "resolved_at"]
    frame = pl.DataFrame(values, schema=names, orient="row", infer_schema_length=None)
    frame = frame.with_columns(pl.col(*TIMES, "resolved_at").cast(pl.Int64))
    return frame.with_columns(timestamp(name) for name in (*TIMES, "resolved_at"))


def with_ids(triage: Triage) -> pl.DataFrame:
    """New discrepancies as rows of the table; each is given its id."""
    ids = list(reserve_ids(ReconciliationDiscrepancy, len(triage.created)))
    for pk, row in zip(ids, triage.created, strict=True):
        row.pk = pk
    return rows_of(triage.created).with_columns(id=pl.Series(ids, dtype=pl.Int64))


def make_ready(triage: Triage, run: ReconciliationRun, now: datetime) -> None:
    """Does what can be done of `store` before its transaction (on PostgreSQL): rows, log entries, their digests."""
    if triage.created:
        triage.rows = with_ids(triage)
    if triage.entries and not triage.updated:  # nothing reopened, and so nothing taken back
        triage.batch = prepare(organization=run.organization, entries=entries_of(triage, run, {}), now=now)


def overtaken(triage: Triage) -> bool:
    """Locks the rows about to be updated until the end of the transaction, and tells whether anybody changed one since
    it was read: then everything is to be decided again, from what is stored now.
    """
    read = {row.pk: row.version - 1 for row in triage.updated}
    ids = sorted(read)
    for at in range(0, len(ids), KEYS_A_QUERY):
        rows = ReconciliationDiscrepancy.objects.filter(pk__in=ids[at : at + KEYS_A_QUERY]).order_by("pk")
        for pk, version in rows.select_for_update().values_list("pk", "version"):
            if version != read[pk]:
                return True
    return False


def update(rows: list[ReconciliationDiscrepancy]) -> None:
    """Writes what a run decides of known discrepancies: one prepared statement, many times cheaper than bulk_update."""
    model = ReconciliationDiscrepancy._meta
    written = {*CONTENT, *STATE}
    fields = [field for field in model.concrete_fields if written & {field.name, field.attname}]
    quote = connection.ops.quote_name
    assignments = ", ".join(f"{quote(str(field.column))} = %s" for field in fields)
    statement = f"UPDATE {quote(model.db_table)} SET {assignments} WHERE id = %s"  # noqa: S608 - names of our own model
    values = [
        [*(field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields), row.pk] for row in rows
    ]
    if values:
        with connection.cursor() as cursor:
            cursor.executemany(statement, values)


def store(*, triage: Triage, run: ReconciliationRun, now: datetime) -> Batch | None:
    """Writes the changes and returns the log entries that tell them, if any; call inside the run's transaction.

    What comes back is resolved no more: adjustment entries that its resolution made are taken back.
    """
    if triage.created and triage.rows is None:
        triage.rows = with_ids(triage)
    if triage.rows is not None:
        write(ReconciliationDiscrepancy, triage.rows)
    update(triage.updated)
    open_totals.store(triage.totals)
    if triage.batch is not None or not triage.entries:
        return triage.batch
    reopened = [row.pk for row, action, *_more in triage.entries if action == "reopened"]
    taken = take_back(
        organization=run.organization, discrepancy_ids=reopened, reason="reopened_by_run", actor=actor_of(run), by=None,
        now=now,
    )  # fmt: skip
    return prepare(organization=run.organization, entries=entries_of(triage, run, taken), now=now)


def actor_of(run: ReconciliationRun) -> str:
    """A run as the log names it."""
    return f"run:{run.pk}"


def entries_of(triage: Triage, run: ReconciliationRun, taken: Mapping[int, Any]) -> list[Entry]:
    """The log entries of changes whose discrepancies have ids. `taken`: adjustments taken back, by discrepancy."""
    actor = actor_of(run)
    return [
        Entry(
            action=action, actor=actor, discrepancy_id=row.pk, run_id=run.pk, before=before,
            after={**after, "adjustments": taken[row.pk]} if row.pk in taken else after, reason=reason,
        )
        for row, action, before, after, reason in triage.entries
    ]  # fmt: skip
