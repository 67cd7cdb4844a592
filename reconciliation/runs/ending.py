"""How a run is stored as ended: with its report, or with the error that stopped it."""

import time
from datetime import datetime
from typing import Any

from reconciliation.core import report as reports
from reconciliation.core.tally import Tally, as_rows
from reconciliation.models import ReconciliationRun
from reconciliation.report_markdown import markdown
from reconciliation.runs.results import RunResult

ENDING = [
    "status", "report", "report_digest", "report_markdown", "parameters", "journal", "tally", "metrics", "finished_at",
    "stage", "progress_percent",
]  # fmt: skip


def end_run(
    run: ReconciliationRun,
    report: dict[str, Any],
    *,
    journal: str,
    tally: Tally,
    metrics: dict[str, Any],
    now: datetime,
    before: ReconciliationRun | None = None,
) -> None:
    """Ends the run at `now` with its report; call it in the transaction that writes what the report tells. `before`:
    the run it builds on, whose text it has when it tells the same.
    """
    run.status = reports.status_of(report)
    run.report, run.report_digest = report, reports.digest(report)
    same = before is not None and before.report_digest == run.report_digest
    run.report_markdown = before.report_markdown if before is not None and same else markdown(report)
    run.parameters, run.journal, run.tally = report["rules"], journal, as_rows(tally)
    run.metrics = metrics
    run.finished_at, run.stage, run.progress_percent = now, "done", 100
    run.save(update_fields=ENDING)


def end_in_error(
    run: ReconciliationRun, fence: int, failure: Exception, finished_at: datetime, begun: float
) -> RunResult:
    """Ends the run as `error`, with what a person needs to know; unless a later holder of the lease works it by now, or
    it has ended well. `begun`: the monotonic time it began at.
    """
    run.status, run.error, run.finished_at = "error", f"{type(failure).__name__}: {failure}"[:2_000], finished_at
    ReconciliationRun.objects.filter(pk=run.pk, number=fence, status__in=["queued", "running"]).update(
        status=run.status, error=run.error, finished_at=finished_at
    )
    return RunResult(run=run, status="error", seconds=time.monotonic() - begun, error=run.error)
