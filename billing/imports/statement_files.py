"""Import a file of statement lines: Stripe's itemised report, or balance transactions as JSON.

Whole or not at all, in one transaction; importing again adds nothing.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO, Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from billing.claims import lock_sources
from billing.imports.cells import RowCells
from billing.imports.csv_rows import FileUnreadable, Problem, open_csv
from billing.imports.importing import KEPT_PROBLEMS, ImportRefused, ImportResult, Listener
from billing.imports.json_files import Found, JsonFile
from billing.imports.statement_report import ALTERNATIVES, REQUIRED, report_facts
from billing.models import ImportBatch, LineKind, Organization, ProviderFetch
from billing.statement_lines import LineFacts, line_facts
from billing.statement_queries import current_lines
from billing.statement_store import store_lines
from billing.stripe_fields import UnusableObject, identifier
from billing.walks import finish

KIND: Final = "statement_lines"
CHUNK: Final = 2_000
BALANCE_TRANSACTION: Final = "balance_transaction"


@dataclass(slots=True)
class StatementImportResult(ImportResult):
    """Figures of one import, in lines. `unattached` counts those that nobody's word gives a tenant, `unclassified`
    those of a kind not known here; `skipped` counts other objects of the file, used for what they say about lines.
    """

    unattached: int = 0
    unclassified: int = 0
    skipped: int = 0
    fetch_id: int | None = None


@dataclass(slots=True)
class _Job:
    organization: Organization
    now: datetime
    listener: Listener
    fetch: ProviderFetch
    result: StatementImportResult = field(default_factory=StatementImportResult)
    ids: dict[str, int] = field(default_factory=dict)


def import_statements(
    *,
    organization: Organization,
    file: BinaryIO,
    filename: str,
    by: str,
    now: datetime,
    listener: Listener | None = None,
) -> StatementImportResult:
    """Import statement lines of `organization`. Raises ImportRefused, naming row or line and column."""
    # Some files, such as those in memory, cannot be looked into without reading on.
    buffered: Any = file if hasattr(file, "peek") else io.BufferedReader(io.BytesIO(file.read()))
    with transaction.atomic():
        lock_sources(organization.pk, exclusive=True)
        fetch = ProviderFetch.objects.create(
            organization=organization, kind=ProviderFetch.Kind.STATEMENT_FILE, subject=filename[-255:],
            account=organization.stripe_account, livemode=organization.livemode, started_by=by[:150], started_at=now,
            updated_at=now,
        )  # fmt: skip
        job = _Job(organization, now, listener or Listener(), fetch)
        found, sha256 = _facts(job, buffered)
        while chunk := list(islice(found, CHUNK)):
            _store(job, chunk)
            job.listener.progress(job.result.rows)
        if job.result.problem_count:
            raise ImportRefused(job.result)
        _finish(job, filename, sha256(), by)
    return job.result


def _facts(job: _Job, file: Any) -> tuple[Iterator[LineFacts], Callable[[], str]]:
    """The lines of a file of either form, and its digest once they are read."""
    start = file.peek(64)[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] in {b"{", b"["}:
        json_file = JsonFile(file)
        return _json_lines(job, json_file.records()), json_file.digest.hexdigest
    try:
        opened = open_csv(file, required=REQUIRED, alternatives=ALTERNATIVES, others=True)
    except FileUnreadable as error:
        _note(job, error.problem)
        raise ImportRefused(job.result) from None
    return _csv_lines(job, opened.header, opened.rows), opened.digest.hexdigest


def _csv_lines(job: _Job, header: list[str], rows: Iterable[Any]) -> Iterator[LineFacts]:
    zone = ZoneInfo(job.organization.timezone)
    try:
        for row in rows:
            job.result.rows += 1
            cells = RowCells(row.number, dict(zip(header, row.cells, strict=False)))
            facts = None if row.problem else report_facts(cells, zone, job.now)
            for problem in [row.problem] if row.problem else cells.problems:
                _note(job, problem)
            if facts and _first_time(job, facts, row.number, "balance_transaction_id"):
                yield facts
    except FileUnreadable as error:
        _note(job, error.problem)


def _json_lines(job: _Job, records: Iterator[Found]) -> Iterator[LineFacts]:
    """Balance transactions of a JSON file. In a file of objects by key the others give what a bare source id names."""
    first = next(records, None)
    every = [] if first is None else [first]
    others: dict[str, Any] = {}
    rest: Iterable[Found] = records
    if first is not None and first.key:
        every += records
        rest = ()
        others = {identifier(one.item.get("id")): one.item for one in every if _is_other(one)}
        job.result.skipped = len(others)
        every = [one for one in every if not _is_other(one)]
    for one in _chained(every, rest):
        job.result.rows += 1
        facts = _line_of(job, one, others)
        if facts and _first_time(job, facts, one.number, one.key):
            yield facts


def _chained(every: list[Found], rest: Iterable[Found]) -> Iterator[Found]:
    yield from every
    yield from rest


def _is_other(found: Found) -> bool:
    return isinstance(found.item, dict) and found.item.get("object") not in {None, BALANCE_TRANSACTION}


def _line_of(job: _Job, found: Found, others: dict[str, Any]) -> LineFacts | None:
    fault, item = found.fault, found.item
    if not fault and isinstance(item, dict):
        source = item.get("source")
        if isinstance(source, str) and source in others:
            item = item | {"source": others[source]}
        try:
            return line_facts(item)
        except UnusableObject as error:
            fault = str(error)
    message = fault or _("This is no JSON object.")
    name = identifier(item.get("id")) if isinstance(item, dict) else ""
    _note(job, Problem(found.number, found.key, message, name))
    return None


def _first_time(job: _Job, facts: LineFacts, place: int, column: str) -> bool:
    """Whether the line was not in the file before; the same line twice would be a guess which one is meant."""
    first = job.ids.setdefault(facts.external_id, place)
    if first != place:
        text = _("%(first)d and %(second)d name the same balance transaction. Keep one of them.")
        _note(job, Problem(place, column, text % {"first": first, "second": place}, facts.external_id))
    return first == place


def _note(job: _Job, problem: Problem) -> None:
    job.result.problem_count += 1
    job.result.rejected += 1
    if len(job.result.problems) < KEPT_PROBLEMS:
        job.result.problems.append(problem)
    job.listener.problem(problem)


def _store(job: _Job, facts: list[LineFacts]) -> None:
    if job.result.problem_count:
        return
    stored = store_lines(organization=job.organization, facts=facts, fetch=job.fetch, now=job.now)
    job.result.created += stored.created
    job.result.changed += stored.changed
    job.result.unchanged += stored.unchanged


def _finish(job: _Job, filename: str, sha256: str, by: str) -> None:
    """Count what became of the lines; leave a batch row only when the file brought something."""
    result, fetch = job.result, job.fetch
    for start in range(0, len(job.ids), CHUNK):
        some = list(job.ids)[start : start + CHUNK]
        here = current_lines(job.organization).filter(line__external_id__in=some)
        result.unattached += here.filter(tenant=None).count()
        result.unclassified += here.filter(kind=LineKind.UNKNOWN).count()
    if not (result.created or result.changed):
        fetch.delete()
        return
    fetch.batch = ImportBatch.objects.create(
        organization=job.organization, kind=KIND, filename=filename[-255:], sha256=sha256, rows=result.rows,
        created=result.created, changed=result.changed, unchanged=result.unchanged, imported_by=by[:150],
        imported_at=job.now,
    )  # fmt: skip
    fetch.rows, fetch.created, fetch.changed, fetch.unchanged = (
        *(result.rows, result.created, result.changed, result.unchanged),
    )
    fetch.save()
    finish(fetch, job.now)
    result.batch_id, result.fetch_id = fetch.batch_id, fetch.pk
