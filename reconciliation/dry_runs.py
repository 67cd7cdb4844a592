"""Dry runs in the background: queued with their job, worked by the worker, kept for a month."""

import logging
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_q.tasks import async_task

from billing.models import Organization
from reconciliation.comparisons import COMPARISONS
from reconciliation.core.parameters import Tolerance
from reconciliation.models import DryRun, ReconciliationRun
from reconciliation.runs import rehearse

logger = logging.getLogger(__name__)

KEPT = timedelta(days=30)
MAX_STARTS = 3
UNFINISHED = (DryRun.Status.QUEUED, DryRun.Status.RUNNING)
STOPPED_OFTEN = gettext_noop("The worker was stopped in the middle of this dry run several times.")


def trigger_dry_run(
    *,
    organization: Organization,
    comparison: str,
    start: datetime,
    end: datetime,
    tolerance_minor: int | None,
    by: User | None,
    now: datetime,
) -> DryRun:
    """Queues a dry run of `[start, end)` and its job in one transaction; dry runs older than 30 days are forgotten.

    `tolerance_minor` (minor units, per pair) replaces the organization's where given. Raises KeyError for an unknown
    comparison and ValueError for an empty period.
    """
    COMPARISONS[comparison]
    if start >= end:
        raise ValueError("A period must end after it starts.")
    with transaction.atomic():
        DryRun.objects.filter(organization=organization, created_at__lt=now - KEPT).delete()
        dry = DryRun.objects.create(
            organization=organization, comparison=comparison, period_start=start, period_end=end,
            tolerance_minor=tolerance_minor, requested_by=by, created_at=now,
        )  # fmt: skip
        async_task("reconciliation.dry_runs.work_dry_run", dry.pk, task_name=f"dry run {dry.pk}", group="dry runs")
    return dry


def work_dry_run(dry_run_id: int) -> str:
    """Works a queued dry run; the job's body. Returns how it ended, for the job's record.

    Delivered twice it is worked out twice, which writes the same. Whatever goes wrong is stored on it.
    """
    now = timezone.now()
    dry = DryRun.objects.select_related("organization").filter(pk=dry_run_id, status__in=UNFINISHED).first()
    if dry is None:
        return "already ended"
    mine = DryRun.objects.filter(pk=dry.pk)
    if dry.attempts >= MAX_STARTS:
        mine.update(status=DryRun.Status.ERROR, error=STOPPED_OFTEN, finished_at=now)
        return "error"
    mine.update(attempts=F("attempts") + 1, status=DryRun.Status.RUNNING, started_at=now)

    def tell(stage: str, percent: int) -> None:
        mine.update(stage=stage, progress_percent=percent)

    tolerance = None if dry.tolerance_minor is None else Tolerance(dry.tolerance_minor)
    try:
        result = rehearse(run=as_run(dry), now=now, progress=tell, full=False, tolerance=tolerance)
    except Exception as failure:
        logger.exception("dry run failed", extra={"dry_run": dry.pk})
        text = f"{type(failure).__name__}: {failure}"[:2_000]
        mine.update(status=DryRun.Status.ERROR, error=text, finished_at=timezone.now())
        return "error"
    mine.update(
        status=DryRun.Status.DONE, report=result.report, written=result.written, finished_at=timezone.now()
    )  # fmt: skip
    return "done"


def as_run(dry: DryRun) -> ReconciliationRun:
    """The run it would be, not stored."""
    return ReconciliationRun(
        organization=dry.organization, comparison=dry.comparison, period_start=dry.period_start,
        period_end=dry.period_end,
    )  # fmt: skip
