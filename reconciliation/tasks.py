"""Background work: trigger a run, and work it in django-q2's worker, which may deliver a job more than once."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_q.tasks import async_task, schedule

from billing.models import Organization
from reconciliation.causes import ask_where_stale
from reconciliation.models import ReconciliationRun, RunLease
from reconciliation.runs import RunInProgress, execute, open_run
from reconciliation.runs.leases import LeaseHeld, LeaseLost
from reconciliation.runs.shards import join, parts_free, started

logger = logging.getLogger(__name__)

# A job that kills its worker is delivered again for ever: the run itself counts, and stops.
MAX_STARTS = 3
MAX_WAITS = 60
WAIT = timedelta(seconds=30)
UNFINISHED = ("queued", "running")
# Stored in English and translated where they are shown.
STOPPED_OFTEN = gettext_noop("The worker was stopped in the middle of this run several times.")
NEVER_FREE = gettext_noop("Another run was writing for this organization all the time.")
TAKEN_OVER = gettext_noop("A later run took over before this one had finished; this one wrote nothing.")


def trigger_run(
    *,
    organization: Organization,
    comparison: str,
    start: datetime,
    end: datetime,
    by: User | None,
    now: datetime,
    via: str = "admin",
) -> ReconciliationRun:
    """Queues a run of `[start, end)` and its job in one transaction, or returns the unfinished run of the same period.

    An unfinished run gets another job, in case its first one was lost; `work_run` ignores the surplus one. Raises
    KeyError for an unknown comparison and ValueError for an empty period.
    """
    with transaction.atomic():
        run = open_run(organization=organization, comparison=comparison, start=start, end=end, by=by, via=via, now=now)
        async_task("reconciliation.tasks.work_run", run.pk, task_name=f"run {run.pk}", group="runs")
    return run


def work_run(run_id: int, waits: int = 0) -> str:
    """Works a queued run; the job's body. Returns what happened, in a word or two for the job's record.

    Delivered twice it works once; while another run writes, it comes back later (`waits` times so far). Whatever goes
    wrong is stored on the run.
    """
    now = timezone.now()
    run = ReconciliationRun.objects.select_related("organization").filter(pk=run_id).first()
    if run is None or run.status not in UNFINISHED:
        return "already ended"
    if RunLease.objects.filter(run=run, expires_at__gt=now).exists():  # another delivery is at work
        return _help(run, waits, now)
    ReconciliationRun.objects.filter(pk=run.pk).update(attempts=F("attempts") + 1)
    if run.attempts - waits >= MAX_STARTS:
        return _give_up(run, now, STOPPED_OFTEN)
    try:
        status = execute(run=run, now=now, wait=False, progress=_helpers(run)).status
        ask_where_stale([run.organization_id])
        return _go_on(run, waits) if status == "running" else status
    except LeaseHeld:
        return _come_back(run, waits, now)
    except LeaseLost:
        return _give_up(run, now, TAKEN_OVER)
    except RunInProgress:
        return "already ended"
    except Exception:
        logger.exception("a run could not be started", extra={"run": run.pk})
        return _come_back(run, waits, now)


def _helpers(run: ReconciliationRun) -> Callable[[str, int], None]:
    """Calls the other workers once a run turns out to be cut into parts and its first part is done."""
    called: list[str] = []

    def told(stage: str, _percent: int) -> None:
        if stage == "matching" and not called and started(run):
            called.append(stage)
            for _worker in range(int(str(settings.Q_CLUSTER["workers"])) - 1):
                async_task("reconciliation.tasks.work_run", run.pk, task_name=f"help run {run.pk}", group="runs")

    return told


def _help(run: ReconciliationRun, waits: int, now: datetime) -> str:
    """Takes parts of a run that others work; of one that has none to spare it looks after them, should they die."""
    status = join(run=run, now=now) if started(run) else "running"
    return _go_on(run, waits) if status == "running" else status


def _go_on(run: ReconciliationRun, waits: int) -> str:
    """Another job for what remains: at once when parts are free, later when other workers have all of them."""
    now = timezone.now()
    if not parts_free(run, now):
        return _come_back(run, waits, now)
    async_task("reconciliation.tasks.work_run", run.pk, task_name=f"run {run.pk}", group="runs")
    return "to be continued"


def _come_back(run: ReconciliationRun, waits: int, now: datetime) -> str:
    """Schedules another try; the schedule removes itself once it has run."""
    if waits >= MAX_WAITS:
        return _give_up(run, now, NEVER_FREE)
    name = f"run {run.pk}, try {waits + 1}"
    try:
        with transaction.atomic():
            schedule("reconciliation.tasks.work_run", run.pk, waits + 1, name=name, next_run=now + WAIT)
    except IntegrityError:
        logger.info("a later try is scheduled already", extra={"run": run.pk})
    return "later"


def _give_up(run: ReconciliationRun, now: datetime, why: str) -> str:
    """Ends the run as `error`, unless a later delivery has taken it over (its number tells)."""
    ReconciliationRun.objects.filter(pk=run.pk, number=run.number, status__in=UNFINISHED).update(
        status="error", error=why, finished_at=now
    )
    return "error"
