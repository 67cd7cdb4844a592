"""Import a file of Stripe events, or of Stripe objects as exported: whole or not at all, in one transaction."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Final

from django.db import transaction

from billing.changes import note_import
from billing.claims import lock_sources
from billing.events import CHUNK, Outcome, store_rows
from billing.imports.bulk_rows import reserve_ids
from billing.imports.csv_rows import Problem
from billing.imports.importing import KEPT_PROBLEMS, ImportRefused, ImportResult, Listener
from billing.imports.json_files import Found, JsonFile
from billing.models import ImportBatch, Organization, ProviderEvent, SourceChange
from billing.observations import EventRefused, event_rows, object_rows
from billing.stripe_fields import Json, identifier

EVENTS: Final = "stripe_events"
OBJECTS: Final = "stripe_objects"

MakeRows = Callable[[Json, int], list[ProviderEvent]]


@dataclass(slots=True)
class StripeImportResult(ImportResult):
    """Figures of one import. `created` and `unchanged` count events or objects; the records folded from them are
    counted apart. `unusable` names the first objects that no record can be made of; they are stored.
    """

    records_created: int = 0
    records_changed: int = 0
    unusable_count: int = 0
    unusable: list[str] = field(default_factory=list)


def import_events(
    *,
    organization: Organization,
    file: BinaryIO,
    filename: str,
    by: str,
    now: datetime,
    listener: Listener | None = None,
) -> StripeImportResult:
    """Import Stripe event objects. Raises ImportRefused, naming line or position, when one cannot be taken."""

    def rows(item: Json, batch_id: int) -> list[ProviderEvent]:
        source = ProviderEvent.Source.EVENT_IMPORT
        return event_rows(organization=organization, event=item, source=source, now=now, batch_id=batch_id)

    job = _Job(EVENTS, organization, filename, by, now, listener or Listener(), rows)
    return _run(job, file, lambda found: found)


def import_objects(
    *,
    organization: Organization,
    file: BinaryIO,
    filename: str,
    by: str,
    now: datetime,
    exported_at: datetime | None = None,
    listener: Listener | None = None,
) -> StripeImportResult:
    """Import Stripe objects as they stood at `exported_at` (now, when not given). Raises ImportRefused."""

    def rows(item: Json, batch_id: int) -> list[ProviderEvent]:
        return object_rows(
            organization=organization,
            item=item,
            source=ProviderEvent.Source.OBJECT_IMPORT,
            now=now,
            fetched_at=exported_at or now,
            batch_id=batch_id,
        )

    job = _Job(OBJECTS, organization, filename, by, now, listener or Listener(), rows)
    return _run(job, file, with_settlements)


@dataclass(slots=True)
class _Job:
    kind: str
    organization: Organization
    filename: str
    by: str
    now: datetime
    listener: Listener
    make_rows: MakeRows
    batch_id: int = 0
    total: Outcome = field(default_factory=Outcome)
    result: StripeImportResult = field(default_factory=StripeImportResult)


def _run(job: _Job, file: BinaryIO, prepare: Callable[[Iterator[Found]], Iterable[Found]]) -> StripeImportResult:
    source = JsonFile(file)
    with transaction.atomic():
        lock_sources(job.organization.pk, exclusive=True)
        job.batch_id = reserve_ids(ImportBatch, 1)[0]
        pending: list[list[ProviderEvent]] = []
        for found in prepare(source.records()):
            rows = _rows_of(job, found)
            if rows and not job.result.problem_count:
                pending.append(rows)
            if len(pending) == CHUNK:
                _store(job, pending)
                pending = []
        if job.result.problem_count:
            raise ImportRefused(job.result)
        _store(job, pending)
        _finish(job, source)
    return job.result


def _rows_of(job: _Job, found: Found) -> list[ProviderEvent]:
    """Rows of one record of the file; a record that cannot be taken is noted and gives none."""
    job.result.rows += 1
    fault = found.fault
    if not fault:
        try:
            return job.make_rows(found.item if isinstance(found.item, dict) else {}, job.batch_id)
        except EventRefused as error:
            fault = str(error)
    name = found.item.get("id") if isinstance(found.item, dict) else ""
    problem = Problem(found.number, found.key, fault, identifier(name))
    job.result.problem_count += 1
    job.result.rejected += 1
    if len(job.result.problems) < KEPT_PROBLEMS:
        job.result.problems.append(problem)
    job.listener.problem(problem)
    return []


def _store(job: _Job, rows: list[list[ProviderEvent]]) -> None:
    if not rows:
        return
    outcome = store_rows(organization=job.organization, rows=rows, now=job.now, batch_id=job.batch_id)
    job.total.stored += outcome.stored
    result = job.result
    result.created += outcome.stored
    result.unchanged += outcome.known
    result.records_created += outcome.created
    result.records_changed += outcome.changed
    result.unusable_count += len(outcome.problems)
    result.unusable += outcome.problems[: KEPT_PROBLEMS - len(result.unusable)]
    job.listener.progress(result.rows)


def _finish(job: _Job, source: JsonFile) -> None:
    """A batch row, but only for an import that brought something."""
    result = job.result
    if not (result.created or result.records_changed):
        return
    result.batch_id = job.batch_id
    ImportBatch.objects.create(
        id=job.batch_id,
        organization=job.organization,
        kind=job.kind,
        filename=job.filename[-255:],
        sha256=source.digest.hexdigest(),
        rows=result.rows,
        created=result.created,
        unchanged=result.unchanged,
        imported_by=job.by[:150],
        imported_at=job.now,
    )
    journal = SourceChange.Source.PROVIDER_RECORD
    note_import(organization=job.organization, source=journal, batch_id=job.batch_id)


def with_settlements(records: Iterator[Found]) -> Iterator[Found]:
    """Objects with their balance transaction put in place of its id, where the same keyed file holds it.

    That is what Stripe's own expansion gives, and the only place a fee can be read from. Files without keys are passed
    on as they stream by.
    """
    first = next(records, None)
    if first is None or not first.key:
        yield from _chained(first, records)
        return
    every = [first, *records]
    settlements = {
        identifier(one.item.get("id")): one.item
        for one in every
        if isinstance(one.item, dict) and one.item.get("object") == "balance_transaction"
    }
    for one in every:
        yield _expanded(one, settlements)


def _chained(first: Found | None, records: Iterator[Found]) -> Iterator[Found]:
    if first is not None:
        yield first
    yield from records


def _expanded(found: Found, settlements: dict[str, Any]) -> Found:
    named = found.item.get("balance_transaction") if isinstance(found.item, dict) else None
    settlement = settlements.get(named) if isinstance(named, str) else None
    if settlement is None:
        return found
    return Found(found.number, found.key, found.item | {"balance_transaction": settlement}, found.fault)
