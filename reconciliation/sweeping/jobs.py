"""Jobs on the sources: open one, take it up, show a sign of life, end it. One worker at a time works each."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_noop

from billing.models import Organization
from reconciliation import action_log
from reconciliation.models import SyncJob

LEASE: Final = timedelta(minutes=10)  # renewed with every page and every stage of a run
MAX_DEATHS: Final = 3
UNFINISHED: Final = ("queued", "running")
# Stored in English and translated where it is shown.
STOPPED_OFTEN: Final = gettext_noop("The worker was stopped in the middle of this several times without getting on.")


class JobLost(Exception):
    """Another worker has taken the job over, or it has ended: nothing more is to be done here."""


def open_job(
    *,
    organization: Organization,
    kind: str,
    by: User | None,
    via: str,
    now: datetime,
    subject: str = "",
    parameters: Mapping[str, Any] | None = None,
    reason: str = "",
    request_id: str = "",
) -> SyncJob:
    """A queued job, or the unfinished one of the same kind and subject. What a person asks for is logged."""
    key = {"organization": organization, "kind": kind, "subject": subject}
    try:
        with transaction.atomic():
            job = SyncJob.objects.create(
                **key, parameters=dict(parameters or {}), reason=reason, requested_by=by, requested_via=via,
                created_at=now,
            )  # fmt: skip
            if by is not None:
                entry = action_log.Entry(
                    action="source_job_requested", actor=f"user:{by.get_username()}", actor_user_id=by.pk,
                    after={"job": job.pk, "kind": kind, "about": subject}, reason=reason, request_id=request_id,
                )  # fmt: skip
                action_log.append(organization=organization, entries=[entry], now=now)
            return job
    except IntegrityError:
        return SyncJob.objects.get(**key, status__in=UNFINISHED)


def claim(*, job: SyncJob, now: datetime) -> bool:
    """Take the job up: True when it is this caller's to work now, until the lease runs out."""
    free = Q(expires_at=None) | Q(expires_at__lte=now)
    taken = SyncJob.objects.filter(free, pk=job.pk, status__in=UNFINISHED).update(
        status="running", claims=F("claims") + 1, deaths=F("deaths") + 1, expires_at=now + LEASE
    )
    job.refresh_from_db()
    if not taken:
        return False
    if job.started_at is None:
        job.started_at = now
        SyncJob.objects.filter(pk=job.pk).update(started_at=now)
    if job.deaths > MAX_DEATHS:
        end(job=job, now=now, error=STOPPED_OFTEN)
        return False
    return True


def update(*, job: SyncJob, now: datetime, **values: Any) -> None:
    """Store `values` and let the lease last from `now` on. Raises JobLost when the job is no longer this holder's."""
    held = SyncJob.objects.filter(pk=job.pk, claims=job.claims, status="running")
    if not held.update(expires_at=now + LEASE, **values):
        raise JobLost(str(job))
    for name, value in values.items():
        setattr(job, name, value)


def give_back(*, job: SyncJob, now: datetime) -> None:
    """Let another worker go on with the job at once. Raises JobLost."""
    update(job=job, now=now, deaths=0)
    SyncJob.objects.filter(pk=job.pk, claims=job.claims).update(status="queued", expires_at=None)
    job.refresh_from_db()


def end(*, job: SyncJob, now: datetime, error: str = "") -> None:
    """End the job as done, or as failed when a step did or `error` says so. Raises JobLost."""
    failed = bool(error) or any(step["status"] == "failed" for step in job.steps)
    told = error or next((step["error"] for step in job.steps if step["status"] == "failed"), "")
    update(job=job, now=now, status="failed" if failed else "done", error=told, finished_at=now, stage="")
    SyncJob.objects.filter(pk=job.pk).update(expires_at=None)
