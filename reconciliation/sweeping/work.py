"""Working a job on the sources: step after step, each stored as it ends, so that any moment may be the last."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from django.utils.translation import override

from billing.models import Organization
from billing.provider_api import StripeProblem
from billing.stripe_access import Access
from billing.walks import Clock
from billing.withdrawals import WithdrawalRefused
from reconciliation.models import SyncJob

from . import asked
from .jobs import JobLost, claim, end, give_back, update
from .steps import FETCHES, Figures, Job, PutOff, StepFailed, runs

logger = logging.getLogger(__name__)
Tell = Callable[[str, int | None], None]
STAY_SECONDS: Final = 240.0
HOURLY: Final = "hourly sweep"
COMMAND_LINE: Final = "command line"


class TimeUp(Exception):
    """The job has had its share of a worker's time and is queued to go on."""


@dataclass(frozen=True)
class Settings:
    """What the program was told: how an organization's key opens the provider's API (raises StripeProblem), how far
    back statements are read, how many months are reconciled.
    """

    opener: Callable[[Organization], Access]
    days: int
    months: int


def work_job(
    *,
    job: SyncJob,
    told: Settings,
    clock: Clock,
    tell: Tell = lambda _step, _rows: None,
    stay_seconds: float | None = STAY_SECONDS,
) -> SyncJob:
    """Take a job up and work it to its end. A failed step does not keep the later ones from being done.

    Gives the job as it stands: untouched when another worker has it. Raises TimeUp after `stay_seconds` (None: stays),
    with the job given back to the queue, and JobLost when another worker took it over meanwhile.
    """
    if not claim(job=job, now=clock()):
        return job
    leave_at = None if stay_seconds is None else time.monotonic() + stay_seconds

    def beat(rows: int | None) -> None:
        update(job=job, now=clock(), **({} if rows is None else {"rows": rows}))
        tell(job.stage, rows)
        if leave_at is not None and time.monotonic() > leave_at:
            raise TimeUp(str(job))

    # What is stored is English; the reader's language comes in where it is shown.
    with override("en"):
        worked = Job(job, actor(job), clock, beat, told.days, told.months, stays=leave_at is None)
        steps = 0
        try:
            for name, step in _steps(worked, told):
                if steps and leave_at is not None and time.monotonic() > leave_at:
                    raise TimeUp(str(job))
                steps += _do(job, name, step, clock, tell)
        except TimeUp:
            give_back(job=job, now=clock())
            raise
    end(job=job, now=clock())
    return job


def actor(job: SyncJob) -> str:
    """Who wanted it, as it is kept with everything the job brings in."""
    if job.requested_by:
        return job.requested_by.get_username()
    return {"command": COMMAND_LINE, "schedule": HOURLY}.get(job.requested_via, job.requested_via)


def _steps(job: Job, told: Settings) -> list[tuple[str, Callable[[], Figures]]]:
    """What is to be done for this kind of job, in order."""
    kind, organization = job.row.kind, job.row.organization
    if kind == SyncJob.Kind.WITHDRAWAL:
        return [("withdraw", lambda: asked.withdraw(job))]
    if kind == SyncJob.Kind.MISSING:
        return [("missing", lambda: asked.missing(job, told.opener(organization)))]
    return [*_fetches(job, told), *runs(job).items()]


def _fetches(job: Job, told: Settings) -> list[tuple[str, Callable[[], Figures]]]:
    """A step for each source; none without a key, one that tells why when the provider cannot be reached."""
    try:
        access = told.opener(job.row.organization)
    except StripeProblem as problem:
        return [] if problem.code == "key_missing" else [("connect", _refusal(problem))]
    return [(name, partial(fetch, job, access)) for name, fetch in FETCHES.items()]


def _refusal(problem: StripeProblem) -> Callable[[], Figures]:
    def refuse() -> Figures:
        raise problem

    return refuse


def _do(job: SyncJob, name: str, step: Callable[[], Figures], clock: Clock, tell: Tell) -> bool:
    """Do a step and store what came of it, unless an earlier holder of the job did: whether it was to do."""
    if any(one["name"] == name for one in job.steps):
        return False
    update(job=job, now=clock(), stage=name, rows=0)
    tell(name, None)
    begun = time.monotonic()
    status, figures, error = "ok", {}, ""
    try:
        figures = step()
    except (JobLost, TimeUp):
        raise
    except PutOff as busy:
        status, error = "put_off", str(busy)
    except (StripeProblem, StepFailed, WithdrawalRefused) as known:
        status, error = "failed", str(known)
        logger.warning("a step of a source job failed", extra={"job": job.pk, "step": name, "error": error})
    except Exception as surprise:
        status, error = "failed", f"{type(surprise).__name__}: {surprise}"[:2_000]
        logger.exception("a step of a source job failed", extra={"job": job.pk, "step": name})
    done = {"name": name, "status": status, "figures": figures, "error": error}
    took = {"seconds": f"{time.monotonic() - begun:.1f}"}
    update(job=job, now=clock(), steps=[*job.steps, done | took], deaths=0)
    return True
