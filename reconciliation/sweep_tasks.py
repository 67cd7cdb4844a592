"""Jobs on the sources in django-q2's worker, which may deliver one twice: the hourly sweep, and what people ask for."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django_q.models import Schedule
from django_q.tasks import async_task

from billing.models import Organization
from billing.stripe_access import Access, open_access
from reconciliation.models import SyncJob
from reconciliation.schedules import plan
from reconciliation.sweeping import JobLost, Settings, TimeUp, open_job, work_job

logger = logging.getLogger(__name__)
HOURLY = "hourly sweep"
SWEEP_EVERY = "reconciliation.sweep_tasks.sweep_every_organization"
WORK = "reconciliation.sweep_tasks.work_source_job"


def declare_schedule(*, now: datetime) -> bool:
    """Make sure the hourly sweep is planned, once, whoever asks how often; True when it was not yet."""
    return plan(name=HOURLY, func=SWEEP_EVERY, every=Schedule.HOURLY, first=now + timedelta(minutes=1))


def sweep_every_organization() -> str:
    """The hourly job: a job of its own for each organization, so that none waits for, or fails with, another one."""
    now = timezone.now()
    organizations = list(Organization.objects.order_by("pk"))
    for organization in organizations:
        request_job(organization=organization, kind=SyncJob.Kind.SWEEP, by=None, via="schedule", now=now)
    return f"{len(organizations)} organizations"


def request_job(
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
    """A job on the sources of an organization and its place in the queue, in one transaction.

    An unfinished one gets another place, in case its first one was lost; the surplus one finds it taken.
    """
    with transaction.atomic():
        job = open_job(
            organization=organization, kind=kind, by=by, via=via, now=now, subject=subject, parameters=parameters,
            reason=reason, request_id=request_id,
        )  # fmt: skip
        _enqueue(job)
    return job


def _enqueue(job: SyncJob) -> None:
    async_task(WORK, job.pk, task_name=f"{job.kind} {job}", group="sources")


def work_source_job(job_id: int) -> str:
    """Work a job on the sources; the worker's part. Says in a word what happened.

    Delivered twice it is worked once; a long one goes back to the queue after its share of time and goes on there.
    """
    job = SyncJob.objects.select_related("organization", "requested_by").filter(pk=job_id).first()
    if job is None:
        return "gone"
    try:
        return work_job(job=job, told=from_settings(), clock=timezone.now).status
    except TimeUp:
        _enqueue(job)
        return "goes on"
    except JobLost:
        return "taken over"


def from_settings() -> Settings:
    """What the program's settings say about sweeps."""
    return Settings(opener=opener, days=settings.STATEMENT_DAYS, months=settings.SWEEP_MONTHS)


def opener(organization: Organization) -> Access:
    """The way into the provider's API as the settings know it. Raises StripeProblem."""
    return open_access(organization=organization, keys=settings.STRIPE_API_KEYS, base=settings.STRIPE_API_BASE)
