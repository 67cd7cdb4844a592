"""Runs: open one, work it, store how it ended. A run always ends stored as `ok`, `break` or `error`."""

import logging
import time
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from billing.models import Organization
from reconciliation import action_log
from reconciliation.comparisons import COMPARISONS
from reconciliation.connections import beside, may_share_work
from reconciliation.core.parameters import Tolerance
from reconciliation.models import ReconciliationRun
from reconciliation.runs import discrepancies, leases, shards, triage
from reconciliation.runs.basis import basis
from reconciliation.runs.ending import end_in_error, end_run
from reconciliation.runs.figures import open_discrepancies, rules_of
from reconciliation.runs.preparing import NEVER, Prepared, decide, judge, look, metrics_of
from reconciliation.runs.results import RunInProgress, RunResult, Unfinished, result_of
from reconciliation.runs.working import Progress, Work, write_items

logger = logging.getLogger(__name__)
TELL_EVERY = 1.0  # seconds between two notes of how far a run is: most runs end before the second
WRITTEN_BESIDE = 50_000  # items: from here on a second connection and a thread are worth their while
__all__ = ["execute", "open_run", "reconcile", "rehearse"]


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
    while True:
        try:
            with transaction.atomic():
                return ReconciliationRun.objects.create(**key, requested_by=by, requested_via=via, created_at=now)
        except IntegrityError:
            unfinished = ReconciliationRun.objects.filter(**key, status__in=["queued", "running"]).first()
            if unfinished is not None:  # else it has ended meanwhile
                return unfinished


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
    prepared = judge(run, look(run, now, tell, full=full, tolerance=tolerance), now)
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


def execute(
    *,
    run: ReconciliationRun,
    now: datetime,
    progress: Progress | None = None,
    full: bool = False,
    wait: bool = True,
) -> RunResult:
    """Works a queued run. Raises LeaseHeld (the run stays queued) and RunInProgress (it is not queued any more).

    A run too large for one process is cut into parts; without `wait` (in a job of the queue) it is left as `running`
    when other workers, or the next job, have to go on.
    """
    begun, fence = time.monotonic(), _claim(run, now)
    last = begun  # that it reads, it has told already

    def tell(stage: str, percent: int) -> None:
        nonlocal last
        if stage != "done" and time.monotonic() - last >= TELL_EVERY:
            last = time.monotonic()
            leases.renew(run=run, fence=fence, now=now + timedelta(seconds=last - begun))
            ReconciliationRun.objects.filter(pk=run.pk, number=fence).update(stage=stage, progress_percent=percent)
        if progress is not None:
            progress(stage, percent)

    held = True
    try:
        result = _in_parts(run, now, tell, full=full, wait=wait)
        if result is None:
            result = _finish(run, now, begun, tell, full=full)
            held = False  # given back with the last write
        return result
    except Unfinished:
        held = False  # other workers, or the next job, have it
        return RunResult(run=run, status="running", seconds=time.monotonic() - begun)
    except Exception as failure:
        logger.exception("run failed", extra={"run": run.pk})
        return end_in_error(run, fence, failure, now + timedelta(seconds=time.monotonic() - begun), begun)
    finally:
        if held:
            leases.release(run=run, fence=fence)


def _claim(run: ReconciliationRun, now: datetime) -> int:
    """Takes the lease and the run in one transaction; returns the fencing number. Raises LeaseHeld, RunInProgress."""
    with transaction.atomic():
        fence = leases.acquire(run=run, now=now)
        begun = {"status": "running", "number": fence, "started_at": now, "stage": "reading", "progress_percent": 0}
        if not ReconciliationRun.objects.filter(pk=run.pk, status__in=["queued", "running"]).update(**begun):
            raise RunInProgress(run)
    for name, value in begun.items():
        setattr(run, name, value)
    return fence


def _in_parts(run: ReconciliationRun, now: datetime, tell: Progress, *, full: bool, wait: bool) -> RunResult | None:
    """Works a run that is too large for one process; None for any other, and where little has changed."""
    comparison = COMPARISONS[run.comparison]
    if comparison.sharding is None:
        return None
    rules = partial(comparison.parameters, run.organization, run.period_start, run.period_end, now)
    count, begun_before = shards.parts_needed(run, rules), shards.started(run)
    if not count and not begun_before:
        return None
    if not begun_before and not full and basis(run, comparison, rules_of(rules()), now) is not None:
        return None
    begun = time.monotonic()
    result = shards.execute_parts(run=run, count=count, rules=rules(), now=now, tell=tell, wait=wait)
    return replace(result, seconds=time.monotonic() - begun)


def _finish(run: ReconciliationRun, now: datetime, begun: float, tell: Progress, *, full: bool) -> RunResult:
    work, number = look(run, now, tell, full=full), run.number or NEVER
    tell("writing", 60)
    with_another = len(work.to_open) >= WRITTEN_BESIDE and may_share_work()
    prepared = None if with_another else judge(run, work, now)
    with transaction.atomic():
        leases.hold(run=run, fence=number)
        writing = partial(write_items, run, number, work)
        if prepared is None:
            prepared = beside(partial(_judge_and_make_ready, run, work, now), writing)
        else:
            writing()
        while discrepancies.overtaken(prepared.changes):  # by people, since they were read
            known, changes = decide(run, number, work, prepared.findings, now)
            prepared = replace(prepared, known=known, changes=changes)
        batch = discrepancies.store(triage=prepared.changes, run=run, now=now)
        report = prepared.report(open_discrepancies(run))
        ended_at = now + timedelta(seconds=time.monotonic() - begun)
        end_run(
            run, report, journal=work.journal, tally=prepared.tally, metrics=metrics_of(prepared), now=ended_at,
            before=work.basis.run if work.basis else None,
        )  # fmt: skip
        leases.release(run=run, fence=number)
        if batch is not None:
            action_log.write(batch)
    tell("done", 100)
    return result_of(run, report, prepared.written(len(batch or ())), time.monotonic() - begun)


def _judge_and_make_ready(run: ReconciliationRun, work: Work, now: datetime) -> Prepared:
    """What `judge` gives, with its rows and log entries made ready: in the time that is free anyway."""
    prepared = judge(run, work, now)
    discrepancies.make_ready(prepared.changes, run, now)
    return prepared
