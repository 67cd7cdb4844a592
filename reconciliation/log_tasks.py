"""The action log checked every night in django-q2's worker, each organization's by a job of its own."""

from datetime import datetime, time, timedelta

from django.conf import settings
from django.utils import timezone
from django_q.models import Schedule
from django_q.tasks import async_task

from billing.models import Organization
from reconciliation.action_log import Outside, check_log
from reconciliation.models import LogCheck
from reconciliation.schedules import plan

NIGHTLY = "nightly check of the action log"
CHECK_EVERY = "reconciliation.log_tasks.check_every_log"
CHECK = "reconciliation.log_tasks.check_one_log"
AT = time(1, 30)
"""UTC."""


def declare_nightly(*, now: datetime) -> bool:
    """Make sure the nightly check is planned, once; True when it was not yet.

    Where nothing was ever checked, the worker begins at once.
    """
    tonight = datetime.combine(now.date(), AT, tzinfo=now.tzinfo)
    new = plan(
        name=NIGHTLY, func=CHECK_EVERY, every=Schedule.DAILY,
        first=tonight if tonight > now else tonight + timedelta(days=1),
    )  # fmt: skip
    if new and not LogCheck.objects.exists():
        async_task(CHECK_EVERY, task_name=NIGHTLY, group="log checks")
    return new


def check_every_log() -> str:
    """The nightly job: a job of its own for each organization, so that none waits for, or fails with, another one."""
    organizations = list(Organization.objects.order_by("pk"))
    for organization in organizations:
        async_task(CHECK, organization.pk, task_name=f"log check {organization.slug}", group="log checks")
    return f"{len(organizations)} organizations"


def check_one_log(organization_id: int) -> str:
    """Checks one organization's log; the worker's part. Delivered twice it checks twice, which does no harm."""
    organization = Organization.objects.filter(pk=organization_id).first()
    if organization is None:
        return "gone"
    return check_log(organization=organization, outside=outside(), now=timezone.now()).result


def outside() -> Outside:
    """Where the settings have checkpoints kept, and under which key."""
    return Outside(settings.ACTION_LOG_CHECKPOINTS, settings.ACTION_LOG_CHECKPOINT_KEY)
