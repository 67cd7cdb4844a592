"""Run one import: read, check, compare and write a file in one transaction, in flat memory.

Either the whole file goes in, or (with `partial`) its good rows, or nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import BinaryIO, Final

from django.db import transaction
from django.utils.translation import gettext as _

from billing.changes import note_import
from billing.imports.bulk_rows import reserve_ids
from billing.imports.cells import RowCells
from billing.imports.csv_rows import FileUnreadable, Problem, Row, open_csv
from billing.imports.seen_keys import SeenKeys
from billing.imports.versioned import Fact, Known, Ledger, current_versions, is_foreign, store
from billing.models import ImportBatch, Organization

CHUNK_ROWS: Final = 5_000
KEPT_PROBLEMS: Final = 50

ParseRow = Callable[[RowCells], Fact | None]


@dataclass(frozen=True, slots=True)
class Source:
    """What a file of one kind holds: its columns, how a row is read, where its facts are stored.

    `parse` gives a Fact whenever kind and id are readable (repeated rows are then found), and notes problems.
    """

    kind: str
    id_column: str
    required: tuple[str, ...]
    alternatives: tuple[tuple[str, str], ...]
    ledger: Ledger
    parse: ParseRow


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears of an import while it runs. `rejected` gets header, cells and what is wrong with them."""

    progress: Callable[[int], None] = lambda _rows: None
    problem: Callable[[Problem], None] = lambda _problem: None
    rejected: Callable[[list[str], list[str], str], None] = lambda _header, _cells, _message: None


@dataclass(slots=True)
class ImportResult:
    """Figures of one import, in rows; `problems` holds the first fifty of `problem_count`; `batch_id` is None when
    nothing changed.
    """

    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)
    batch_id: int | None = None


class ImportRefused(Exception):
    """The file was not imported, not one row of it. `result` says how many problems there are, and the first fifty."""

    def __init__(self, result: ImportResult) -> None:
        self.result = result
        super().__init__(str(result.problems[0]) if result.problems else "")


@dataclass(frozen=True, slots=True)
class _Job:
    source: Source
    organization: Organization
    header: list[str]
    seen: SeenKeys
    partial: bool
    now: datetime
    listener: Listener
    result: ImportResult


def run_import(
    *,
    source: Source,
    organization: Organization,
    file: BinaryIO,
    filename: str,
    by: str,
    now: datetime,
    partial: bool = False,
    listener: Listener | None = None,
) -> ImportResult:
    """Import `file` for `organization`.

    Raises ImportRefused when it is unreadable, or (not `partial`) when a row is wrong.
    """
    result = ImportResult()
    heard = listener or Listener()
    with transaction.atomic(), SeenKeys() as seen:
        # One import at a time per organization; webhooks only need the key and go on.
        Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        try:
            opened = open_csv(file, required=source.required, alternatives=source.alternatives)
            job = _Job(source, organization, opened.header, seen, partial, now, heard, result)
            for chunk in _chunks(opened.rows):
                _import_chunk(job, chunk)
                heard.progress(result.rows)
        except FileUnreadable as error:
            _note(result, heard, [error.problem])
            raise ImportRefused(result) from None
        if result.problem_count and not partial:
            raise ImportRefused(result)
        if result.batch_id is not None:
            _record_batch(
                result=result,
                organization=organization,
                kind=source.kind,
                filename=filename,
                sha256=opened.digest.hexdigest(),
                by=by,
                now=now,
            )
            note_import(organization=organization, source=source.ledger.journal, batch_id=result.batch_id)
    return result


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, CHUNK_ROWS)):
        yield chunk


def _import_chunk(job: _Job, rows: list[Row]) -> None:
    job.result.rows += len(rows)
    problems: dict[int, list[Problem]] = {}
    facts: list[Fact] = []
    for row in rows:
        cells = RowCells(row.number, dict(zip(job.header, row.cells, strict=False)))
        fact = None if row.problem else job.source.parse(cells)
        if row.problem or cells.problems:
            problems[row.number] = [row.problem] if row.problem else cells.problems
        if fact is not None:
            facts.append(fact)
    _note_repeats(job, facts, problems)
    good = [fact for fact in facts if fact.row not in problems]
    known = current_versions(ledger=job.source.ledger, organization=job.organization, facts=good)
    for fact in good:
        if fact.key in known and is_foreign(job.source.ledger, known[fact.key]):
            message = _("This id already belongs to a record of another provider here. Check --provider.")
            problems[fact.row] = [Problem(fact.row, job.source.id_column, message, fact.external_id)]
    _reject(job, rows, problems)
    if job.partial or not job.result.problem_count:
        _store(job, [fact for fact in good if fact.row not in problems], known)


def _note_repeats(job: _Job, facts: list[Fact], problems: dict[int, list[Problem]]) -> None:
    repeats = job.seen.repeats((f"{fact.kind} {fact.external_id}", fact.row) for fact in facts)
    ids = {fact.row: fact.external_id for fact in facts}
    for row, first in repeats.items():
        text = _("Rows %(first)d and %(row)d have the same kind and id. Keep one of them.") % {
            "first": first,
            "row": row,
        }
        problems.setdefault(row, []).append(Problem(row, job.source.id_column, text, ids[row]))


def _reject(job: _Job, rows: list[Row], problems: dict[int, list[Problem]]) -> None:
    for row in rows:
        found = problems.get(row.number)
        if not found:
            continue
        _note(job.result, job.listener, found)
        job.result.rejected += 1
        message = " ".join(
            f"{problem.column}: {problem.message}" if problem.column else problem.message for problem in found
        )
        job.listener.rejected(job.header, row.cells, message)


def _note(result: ImportResult, listener: Listener, problems: list[Problem]) -> None:
    for problem in problems:
        result.problem_count += 1
        if len(result.problems) < KEPT_PROBLEMS:
            result.problems.append(problem)
        listener.problem(problem)


def _store(job: _Job, facts: list[Fact], known: dict[tuple[str, str], Known]) -> None:
    result, ledger = job.result, job.source.ledger
    fresh = any(fact.key not in known or known[fact.key].values != fact.values for fact in facts)
    if not fresh:
        result.unchanged += len(facts)
        return
    if result.batch_id is None:
        result.batch_id = reserve_ids(ImportBatch, 1)[0]
    written = store(
        ledger=ledger, organization=job.organization, facts=facts, known=known, batch_id=result.batch_id, now=job.now
    )
    result.created += written.created
    result.changed += written.changed
    result.unchanged += written.unchanged


def _record_batch(
    *, result: ImportResult, organization: Organization, kind: str, filename: str, sha256: str, by: str, now: datetime
) -> None:
    ImportBatch.objects.create(
        id=result.batch_id,
        organization=organization,
        kind=kind,
        filename=filename[-255:],
        sha256=sha256,
        rows=result.rows,
        created=result.created,
        changed=result.changed,
        unchanged=result.unchanged,
        rejected=result.rejected,
        imported_by=by[:150],
        imported_at=now,
    )
