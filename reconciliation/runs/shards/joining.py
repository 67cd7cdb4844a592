"""Who works the parts of a run: the process that holds its lease, and others that join it."""

import logging
import time
from datetime import datetime, timedelta

from reconciliation.core.parameters import Parameters
from reconciliation.models import ReconciliationRun
from reconciliation.runs import leases
from reconciliation.runs.ending import end_in_error
from reconciliation.runs.results import RunResult, Unfinished, result_of
from reconciliation.runs.shards.working import Worker, begin, work
from reconciliation.runs.working import Progress

logger = logging.getLogger(__name__)
POLL = 0.2  # seconds between two looks at what other workers do
MOST = timedelta(seconds=240)  # a job of the queue takes no part after this, and leaves the rest to the next job


def execute_parts(
    *, run: ReconciliationRun, count: int, rules: Parameters, now: datetime, tell: Progress, wait: bool
) -> RunResult:
    """Works a run that is too large for one process in `count` parts, or goes on where it was stopped; the caller holds
    its lease.

    With `wait` until it is finished, whoever finishes it; else raises Unfinished when a job's time is up or other
    workers have what remains. Raises what a part raises.
    """
    begun, fence = time.monotonic(), run.number or 0

    def clock() -> datetime:
        return now + timedelta(seconds=time.monotonic() - begun)

    worker = Worker(run, fence, clock, tell, None if wait else now + MOST)
    begin(worker, max(count, 2))
    while True:
        try:
            return work(worker, rules)
        except Unfinished:
            if not wait:
                raise
        except leases.LeaseLost:
            if ended(run) is None:
                raise
        result = ended(run)
        if result is not None:
            return result
        tell(run.stage, run.progress_percent)
        time.sleep(POLL)


def ended(run: ReconciliationRun) -> RunResult | None:
    """The result of a run as whoever finished it has stored it; None while it goes on."""
    run.refresh_from_db()
    if run.status == "error":
        return RunResult(run=run, status="error", error=run.error)
    if run.status not in ("ok", "break"):
        return None
    metrics = run.metrics
    counts = {"items": metrics["items_opened"] + metrics["items_closed"], **metrics["written"]}
    return result_of(run, run.report or {}, counts, 0.0)


def join(*, run: ReconciliationRun, now: datetime, wait: bool = False) -> str:
    """Helps with a run of parts that is under way: its status when this worker leaves it.

    With `wait` it stays until the run has ended. An error of a part ends the run, as it does for who began it.
    """
    begun = time.monotonic()
    fence = leases.current(run=run, now=now)
    if fence is None:
        return run.status
    run.refresh_from_db()

    def clock() -> datetime:
        return now + timedelta(seconds=time.monotonic() - begun)

    def tell(stage: str, percent: int) -> None:
        leases.renew(run=run, fence=fence, now=clock())
        ReconciliationRun.objects.filter(pk=run.pk, number=fence).update(stage=stage, progress_percent=percent)

    worker = Worker(run, fence, clock, tell, None if wait else now + MOST)
    try:
        return help_until_done(worker, wait=wait)
    except Exception as failure:
        logger.exception("a part of a run failed", extra={"run": run.pk})
        end_in_error(run, fence, failure, clock(), begun)
        leases.release(run=run, fence=fence)
        return "error"


def help_until_done(worker: Worker, *, wait: bool) -> str:
    """Works parts while there are any here and, with `wait`, looks for more until the run has ended."""
    while True:
        try:
            if worker.folder.path.exists():
                return work(worker).status
        except Unfinished:
            pass
        except leases.LeaseLost:
            return "running"
        if ended(worker.run) is not None or not wait:
            return worker.run.status
        time.sleep(POLL)
