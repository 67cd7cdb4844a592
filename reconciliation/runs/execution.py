"""Runs: open one, work it, store how it ended. A run always ends stored as `ok`, `break` or `error`."""

import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from billing import changes as changes_journal
from billing.models import Organization
from reconciliation import action_log
from reconciliation.comparisons import COMPARISONS
from reconciliation.core import report as reports
from reconciliation.core.cases import Fingerprint
from reconciliation.core.parameters import Tolerance
from reconciliation.core.tally import Tally, Totals, as_rows
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationRun
from reconciliation.report_markdown import markdown
from reconciliation.runs import discrepancies, leases, triage
from reconciliation.runs.basis import basis
from reconciliation.runs.figures import figures, header, open_discrepancies, rules_of
from reconciliation.runs.results import RunInProgress, RunResult, result_of
from reconciliation.runs.working import Progress, Work, work_out, write_items

logger = logging.getLogger(__name__)
NEVER = 2**31 - 1  # the number of a run that is not stored: after every other


def open_run(
    *,
    organization: Organization,
    comparison: str,
    start: datetime,
    end: datetime,
    by: User | None,
    via: str,
    now: datetime,
) -> ReconciliationRun:
    """Creates a queued run, or returns the unfinished one of the same organization, comparison and period.

    Raises KeyError for an unknown comparison and ValueError for an empty period.
    """
    COMPARISONS[comparison]
    if start >= end:
        raise ValueError("A period must end after it starts.")
    key = {"organization": organization, "comparison": comparison, "period_start": start, "period_end": end}
    try:
        with transaction.atomic():
            return ReconciliationRun.objects.create(**key, requested_by=by, requested_via=via, created_at=now)
    except IntegrityError:
        return ReconciliationRun.objects.get(**key, status__in=["queued", "running"])


def reconcile(
    *,
    organization: Organization,
    comparison: str = "payments",
    start: datetime,
    end: datetime,
    by: User | None,
    now: datetime,
    progress: Progress | None = None,
    dry_run: bool = False,
    full: bool = False,
    via: str = "command",
) -> RunResult:
    """Reconciles `[start, end)` of an organization and stores the result; a dry run only tells what it would write.

    Only what changed since the last run of the period is matched again, unless `full`. Raises LeaseHeld while another
    run writes the same organization and comparison; an error of the run itself does not raise: it is stored and
    returned as status `error`.
    """
    if not dry_run:
        run = open_run(
            organization=organization, comparison=comparison, start=start, end=end, by=by, via=via, now=now
        )  # fmt: skip
        return execute(run=run, now=now, progress=progress, full=full)
    run = ReconciliationRun(organization=organization, comparison=comparison, period_start=start, period_end=end)
    return rehearse(run=run, now=now, progress=progress, full=full)


def rehearse(
    *,
    run: ReconciliationRun,
    now: datetime,
    progress: Progress | None,
    full: bool,
    tolerance: Tolerance | None = None,
) -> RunResult:
    """Works an unsaved run out without writing anything, under another tolerance than the organization's if one is
    given.
    """
    begun = time.monotonic()
    tell = progress or (lambda _stage, _percent: None)
    prepared = prepare(run, now, tell, full=full, tolerance=tolerance)
    known, changes = prepared.known, prepared.changes
    after = {triage.fingerprint(row): row for row in [*known.values(), *changes.created]}
    inside = [row for row in after.values() if run.period_start <= row.occurred_at < run.period_end]
    others = [
        row
        for row in open_discrepancies(run)
        if (row["type"], row["left_id"], row["right_id"], row["reference"]) not in after
    ]
    unresolved = [vars(row) for row in inside if row.status != "resolved"]
    report = prepared.report([*unresolved, *others])
    tell("done", 100)
    return result_of(None, report, prepared.written(len(changes.entries)), time.monotonic() - begun)


@dataclass(frozen=True)
class Prepared:
    """A run worked out but not written."""

    run: ReconciliationRun
    work: Work
    known: dict[Fingerprint, ReconciliationDiscrepancy]
    changes: triage.Triage
    tally: Tally
    read: Totals
    journal: str

    def report(self, unresolved: list[dict[str, Any]]) -> dict[str, Any]:
        """The report body, given the period's open discrepancies."""
        return reports.body(
            header=header(self.run, self.work.rules), tally=self.tally, read=self.read, discrepancies=unresolved
        )

    def written(self, log: int) -> dict[str, int]:
        """How many rows the run writes."""
        items = len(self.work.to_open) + len(self.work.to_close)
        return {"items": items, "discrepancies": len(self.changes), "log": log}


def prepare(
    run: ReconciliationRun, now: datetime, tell: Progress, *, full: bool, tolerance: Tolerance | None = None
) -> Prepared:
    """Reads, matches, explains and decides what to write."""
    comparison = COMPARISONS[run.comparison]
    journal = changes_journal.position(run.organization)  # first of all: what comes in from here on counts as new later
    rules = comparison.parameters(run.organization, run.period_start, run.period_end, now)
    rules = rules if tolerance is None else replace(rules, tolerance=tolerance)
    found_basis = None if full else basis(run, comparison, rules_of(rules), now)
    work = work_out(run, comparison, rules, tell, basis=found_basis)
    number = run.number or NEVER
    known, changes = decide(run, number, work, now)
    tally, read = figures(run, number, work)
    return Prepared(run, work, known, changes, tally, read, journal)


def decide(
    run: ReconciliationRun, number: int, work: Work, now: datetime
) -> tuple[dict[Fingerprint, ReconciliationDiscrepancy], triage.Triage]:
    """The discrepancies as stored now that the work may concern, and what becomes of them."""
    found = work.gathered.found
    closed = work.gathered.stored.join(work.to_close, on="item_id", how="semi")
    pair = ["left_id", "right_id"]
    touched = pl.concat([found.select(pair), closed.select(pair)])
    known = discrepancies.known_discrepancies(run, work.findings, touched, whole=work.basis is None)
    changes = triage.decide(
        run=run, number=number, findings=work.findings, known=known, items=found, closed=closed, now=now
    )
    return known, changes


def execute(
    *, run: ReconciliationRun, now: datetime, progress: Progress | None = None, full: bool = False
) -> RunResult:
    """Works a queued run. Raises LeaseHeld (the run stays queued) and RunInProgress (it is not queued any more)."""
    begun = time.monotonic()
    fence = leases.acquire(run=run, now=now)
    claimed = ReconciliationRun.objects.filter(pk=run.pk, status__in=["queued", "running"]).update(
        status="running", number=fence, started_at=now, stage="reading", progress_percent=0
    )
    if not claimed:
        leases.release(run=run, fence=fence)
        raise RunInProgress(run)
    run.refresh_from_db()

    def tell(stage: str, percent: int) -> None:
        leases.renew(run=run, fence=fence, now=now + timedelta(seconds=time.monotonic() - begun))
        ReconciliationRun.objects.filter(pk=run.pk, number=fence).update(stage=stage, progress_percent=percent)
        if progress is not None:
            progress(stage, percent)

    try:
        return _finish(run, now, begun, tell, full=full)
    except Exception as failure:
        logger.exception("run failed", extra={"run": run.pk})
        return _store_failure(run, fence, failure, now + timedelta(seconds=time.monotonic() - begun), begun)
    finally:
        leases.release(run=run, fence=fence)


def _finish(run: ReconciliationRun, now: datetime, begun: float, tell: Progress, *, full: bool) -> RunResult:
    prepared = prepare(run, now, tell, full=full)
    tell("writing", 60)
    number = run.number or NEVER
    with transaction.atomic():
        leases.hold(run=run, fence=number)
        while discrepancies.overtaken(prepared.changes):  # by people, since they were read
            known, changes = decide(run, number, prepared.work, now)
            prepared = replace(prepared, known=known, changes=changes)
        write_items(run, number, prepared.work)
        entries = discrepancies.store(triage=prepared.changes, run=run, now=now)
        report = prepared.report(open_discrepancies(run))
        store_report(prepared, report, now + timedelta(seconds=time.monotonic() - begun))
        if entries:
            action_log.append(organization=run.organization, entries=entries, now=now)
    tell("done", 100)
    return result_of(run, report, prepared.written(len(entries)), time.monotonic() - begun)


def store_report(prepared: Prepared, report: dict[str, Any], finished_at: datetime) -> None:
    """Ends the run with its report."""
    run, work = prepared.run, prepared.work
    run.status = reports.status_of(report)
    run.report, run.report_digest, run.report_markdown = report, reports.digest(report), markdown(report)
    run.parameters, run.journal, run.tally = report["rules"], prepared.journal, as_rows(prepared.tally)
    read = {
        side: sum(sides.get(side, {}).get("count", 0) for sides in prepared.read.values()) for side in ("left", "right")
    }
    run.metrics = {
        "left_read": read["left"],
        "right_read": read["right"],
        "left_matched_again": len(work.gathered.sides.left),
        "right_matched_again": len(work.gathered.sides.right),
        "items_opened": len(work.to_open),
        "items_closed": len(work.to_close),
        "built_on": work.basis.run.pk if work.basis else None,
    }
    run.finished_at, run.stage, run.progress_percent = finished_at, "done", 100
    run.save()


def _store_failure(
    run: ReconciliationRun, fence: int, failure: Exception, finished_at: datetime, begun: float
) -> RunResult:
    """Ends the run as `error`, with what a person needs to know; unless a later holder of the lease works it by now."""
    run.status, run.error, run.finished_at = "error", f"{type(failure).__name__}: {failure}"[:2_000], finished_at
    ReconciliationRun.objects.filter(pk=run.pk, number=fence).update(
        status=run.status, error=run.error, finished_at=finished_at
    )
    return RunResult(run=run, status="error", seconds=time.monotonic() - begun, error=run.error)
