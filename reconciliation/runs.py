"""Runs: open one, work it, store how it ended. A run always ends stored as `ok`, `break` or `error`."""

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from billing.models import Organization
from reconciliation import action_log, leases, triage
from reconciliation.comparisons import COMPARISONS
from reconciliation.core import report as reports
from reconciliation.models import ReconciliationRun
from reconciliation.report_markdown import markdown
from reconciliation.run_reports import build_report, open_discrepancies
from reconciliation.working import Progress, Work, work_out, write_items

logger = logging.getLogger(__name__)


class RunInProgress(Exception):
    """The same organization, comparison and period is being run already; `run` is that run."""

    def __init__(self, run: ReconciliationRun) -> None:
        """Names the run that is under way."""
        self.run = run
        super().__init__(f"{run} already reconciles this period. Wait for it to end, then try again.")


@dataclass(frozen=True)
class RunResult:
    """How a run ended. `run` is None for a dry run; `written` counts rows; `seconds` is wall-clock time."""

    run: ReconciliationRun | None
    status: str
    counts: dict[str, int] = field(default_factory=dict)
    discrepancies: dict[str, int] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=lambda: {"items": 0, "discrepancies": 0, "log": 0})
    totals: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""


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
    via: str = "command",
) -> RunResult:
    """Reconciles `[start, end)` of an organization and stores the result; a dry run only tells what it would write.

    Raises LeaseHeld while another run writes the same organization and comparison; an error of the run itself does not
    raise: it is stored and returned as status `error`.
    """
    if dry_run:
        return rehearse(
            organization=organization, comparison=comparison, start=start, end=end, now=now, progress=progress
        )
    run = open_run(
        organization=organization, comparison=comparison, start=start, end=end, by=by, via=via, now=now
    )  # fmt: skip
    return execute(run=run, now=now, progress=progress)


def rehearse(
    *,
    organization: Organization,
    comparison: str,
    start: datetime,
    end: datetime,
    now: datetime,
    progress: Progress | None,
) -> RunResult:
    """Works a run out without writing anything."""
    begun = time.monotonic()
    run = ReconciliationRun(organization=organization, comparison=comparison, period_start=start, period_end=end)
    tell = progress or (lambda _stage, _percent: None)
    work = work_out(run, COMPARISONS[comparison], now, tell)
    found = work.gathered.found
    known = triage.known_discrepancies(run, work.findings, work.gathered.found)
    changes = triage.decide(run=run, number=0, findings=work.findings, known=known, items=found, now=now)
    after = {triage.fingerprint(row): row for row in [*known.values(), *changes.created]}
    report = build_report(run, work, list(after.values()))
    tell("done", 100)
    written = {
        "items": len(work.to_open) + len(work.to_close),
        "discrepancies": len(changes),
        "log": len(changes.entries),
    }
    return result_of(None, report, written, time.monotonic() - begun)


def execute(*, run: ReconciliationRun, now: datetime, progress: Progress | None = None) -> RunResult:
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
        return _finish(run, fence, now, begun, tell)
    except Exception as failure:
        logger.exception("run failed", extra={"run": run.pk})
        return _store_failure(run, fence, failure, now + timedelta(seconds=time.monotonic() - begun), begun)
    finally:
        leases.release(run=run, fence=fence)


def _finish(run: ReconciliationRun, fence: int, now: datetime, begun: float, tell: Progress) -> RunResult:
    comparison = COMPARISONS[run.comparison]
    work = work_out(run, comparison, now, tell)
    tell("writing", 60)
    with transaction.atomic():
        leases.hold(run=run, fence=fence)
        known = triage.known_discrepancies(run, work.findings, work.gathered.found)
        changes = triage.decide(
            run=run, number=fence, findings=work.findings, known=known, items=work.gathered.found, now=now
        )
        write_items(run, fence, work)
        entries = triage.store(triage=changes, run=run)
        report = build_report(run, work, open_discrepancies(run))
        store_report(run, report, work, now + timedelta(seconds=time.monotonic() - begun))
        if entries:
            action_log.append(organization=run.organization, entries=entries, now=now)
    tell("done", 100)
    written = {"items": len(work.to_open) + len(work.to_close), "discrepancies": len(changes), "log": len(entries)}
    return result_of(run, report, written, time.monotonic() - begun)


def store_report(run: ReconciliationRun, report: dict[str, Any], work: Work, finished_at: datetime) -> None:
    """Ends the run with its report."""
    run.status = reports.status_of(report)
    run.report, run.report_digest = report, reports.digest(report)
    run.report_markdown = markdown(report)
    run.parameters = report["rules"]
    run.metrics = {
        "left_read": len(work.gathered.sides.left), "right_read": len(work.gathered.sides.right),
        "items_opened": len(work.to_open), "items_closed": len(work.to_close),
    }  # fmt: skip
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


def result_of(
    run: ReconciliationRun | None, report: dict[str, Any], written: dict[str, int], seconds: float
) -> RunResult:
    """A finished run as its caller needs it."""
    return RunResult(
        run=run, status=reports.status_of(report), counts=report["items"], discrepancies=report["discrepancies"],
        written=written, totals=report["totals"], report=report, seconds=seconds,
    )  # fmt: skip
