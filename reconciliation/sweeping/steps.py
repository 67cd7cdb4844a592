"""The steps of a sweep: fetch each source, then reconcile each comparison. Each tells in figures what it came to."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django_q.tasks import async_task

from billing.disputes import sync_disputes
from billing.invoices import sync_invoices
from billing.missing import sync_missing
from billing.models import ProviderFetch
from billing.payouts import sync_payouts
from billing.statements import ingest_statements
from billing.stripe_access import Access
from billing.walks import Clock
from reconciliation.comparisons import COMPARISONS
from reconciliation.models import ReconciliationRun, SyncJob
from reconciliation.runs import LeaseHeld, RunInProgress, execute, open_run

from .jobs import JobLost, update
from .periods import months

Figures = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """What a step works with. `beat` is called often: it keeps the job and tells how far it is (rows read, or None).

    `by` names who wanted it, `days` is how far back statements are read, `month_count` how many months are reconciled.
    `stays`: it is worked to its end here, with no other worker to go on with a large run.
    """

    row: SyncJob
    by: str
    clock: Clock
    beat: Callable[[int | None], None]
    days: int
    month_count: int
    stays: bool = False

    def listener(self, fetch: ProviderFetch) -> None:
        """A page was stored."""
        self.beat(fetch.rows)


class StepFailed(Exception):
    """A step that ended badly and stored so itself; `str()` is what a person needs to know."""


class PutOff(Exception):
    """A step that another worker is doing at this moment."""


def figures(*fetches: ProviderFetch) -> Figures:
    """What fetches brought, added up; problems of rows that could not be used are kept with the fetches."""
    names = ("rows", "created", "changed", "refused")
    told: Figures = {name: sum(getattr(fetch, name) for fetch in fetches) for name in names}
    return told | {"fetches": [fetch.pk for fetch in fetches]}


def events(job: Job, access: Access) -> Figures:
    """What webhooks did not deliver since the last sweep."""
    done = sync_missing(
        organization=job.row.organization, access=access, by=job.by, clock=job.clock, routine=True,
        asked_at=job.row.created_at, listener=job.listener,
    )  # fmt: skip
    return figures(*done.fetches) | {"synced": len(done.synced)}


def statements(job: Job, access: Access) -> Figures:
    """The statement lines of the last days."""
    done = ingest_statements(
        organization=job.row.organization, access=access, by=job.by, clock=job.clock, days=job.days,
        listener=job.listener,
    )  # fmt: skip
    return figures(done.fetch) | {"unattached": done.unattached}


def invoices(job: Job, access: Access) -> Figures:
    """Invoices and what paid them."""
    done = sync_invoices(
        organization=job.row.organization, access=access, by=job.by, clock=job.clock, listener=job.listener
    )
    return figures(done.invoices, done.payments) | {"read_again": done.refreshed}


def disputes(job: Job, access: Access) -> Figures:
    """Every dispute, whatever its age."""
    return figures(
        sync_disputes(
            organization=job.row.organization, access=access, by=job.by, clock=job.clock, listener=job.listener
        )
    )


def payouts(job: Job, access: Access) -> Figures:
    """Payouts and the lines of those that can be itemised."""
    done = sync_payouts(
        organization=job.row.organization, access=access, by=job.by, clock=job.clock, listener=job.listener
    )
    return figures(done.fetch) | {"itemised": done.itemised, "lines": done.lines}


# Invoices before lines: they answer whose a line is. Lines before payouts, which name their own.
FETCHES: Final[dict[str, Callable[[Job, Access], Figures]]] = {
    "events": events,
    "invoices": invoices,
    "statements": statements,
    "disputes": disputes,
    "payouts": payouts,
}


def runs(job: Job) -> dict[str, Callable[[], Figures]]:
    """A step for each comparison and month; what holds nothing and never did is left out."""
    organization = job.row.organization
    zone = ZoneInfo(organization.timezone)
    found: dict[str, Callable[[], Figures]] = {}
    for start, end in months(organization=organization, now=job.row.created_at, count=job.month_count):
        for name in COMPARISONS:
            code = f"reconcile {name} {start.astimezone(zone):%Y-%m}"
            found[code] = lambda name=name, start=start, end=end: reconcile_period(job, name, start, end)  # type: ignore[misc]
    return found


def reconcile_period(job: Job, comparison: str, start: datetime, end: datetime) -> Figures:
    """Reconcile [start, end): a run that is queued or was left behind is taken up and closed. Raises StepFailed, and
    PutOff when another worker is writing.
    """
    if _nothing_to_compare(job, comparison, start, end):
        return {"nothing": True}
    run = open_run(
        organization=job.row.organization, comparison=comparison, start=start, end=end, by=job.row.requested_by,
        via="sweep", now=job.clock(),
    )  # fmt: skip
    try:
        result = execute(run=run, now=job.clock(), progress=lambda _stage, _percent: alive(job), wait=job.stays)
    except LeaseHeld as held:
        hand_over(run)
        raise PutOff(str(held)) from None
    except RunInProgress as taken:
        raise PutOff(str(taken)) from None
    if result.status == "running":  # cut into parts: the workers go on with it
        hand_over(run)
        raise PutOff(str(run))
    if result.status == "error":
        raise StepFailed(f"{run}: {result.error}")
    return {"run": run.pk, "result": result.status, "open": sum(result.discrepancies.values())}


def hand_over(run: ReconciliationRun) -> None:
    """A job of the queue goes on with the run."""
    async_task("reconciliation.tasks.work_run", run.pk, task_name=f"run {run.pk}", group="runs")


def alive(job: Job) -> None:
    """Keeps the job while a run is worked. Whether its time is up, or it is lost, is asked between two steps: what is
    raised inside a run would end the run.
    """
    with suppress(JobLost):
        update(job=job.row, now=job.clock())


def _nothing_to_compare(job: Job, comparison: str, start: datetime, end: datetime) -> bool:
    """Whether neither side has a record of the period and no run ever had: a run would only say so."""
    organization, one = job.row.organization, COMPARISONS[comparison]
    earlier = ReconciliationRun.objects.filter(organization=organization, comparison=comparison, period_start=start)
    if earlier.exists():
        return False
    return not any(one.members(organization, side, start, end).exists() for side in ("left", "right"))
