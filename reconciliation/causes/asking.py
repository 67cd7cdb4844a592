"""When causes are looked for: by a job after a run, or at once where there is little to look at."""

from collections.abc import Iterable
from datetime import datetime

from django.core.cache import cache
from django.db.models import Max
from django_q.tasks import async_task

from billing.models import Organization
from reconciliation.models import CauseState, ReconciliationDiscrepancy, ReconciliationRun

from .finding import look_for
from .reading import COMPARISON, RESOLVED

AT_ONCE = 3_000
ASKED_FOR_SECONDS = 120
JOB = "reconciliation.causes.job.look_for_causes"


def ask(organization_id: int) -> None:
    """Has a job look for the causes of an organization."""
    async_task(JOB, organization_id, task_name=f"causes of {organization_id}", group="causes")


def stale(organization_ids: Iterable[int]) -> list[int]:
    """The organizations with a run that ended after their causes were looked for."""
    own = list(organization_ids)
    ended = ReconciliationRun.objects.filter(
        organization__in=own, comparison=COMPARISON, status__in=["ok", "break"]
    ).order_by()
    newest = dict(ended.values_list("organization").annotate(newest=Max("number")))
    states = CauseState.objects.filter(organization__in=own, comparison=COMPARISON)
    known = dict(states.values_list("organization", "as_of_run"))
    return sorted(pk for pk, number in newest.items() if known.get(pk, -1) < (number or 0))


def look_where_stale(organization_ids: Iterable[int], now: datetime) -> list[int]:
    """Brings causes up to date where that is quick, and has a job do the rest, whose organizations are returned."""
    later = []
    for pk in stale(organization_ids):
        rows = ReconciliationDiscrepancy.objects.filter(organization=pk, comparison=COMPARISON)
        few = rows.exclude(status=RESOLVED).order_by().values_list("pk")[: AT_ONCE + 1]
        if len(few) <= AT_ONCE:
            look_for(organization=Organization.objects.get(pk=pk), now=now)
            continue
        later.append(pk)
        if cache.add(f"causes:asked:{pk}", 1, ASKED_FOR_SECONDS):
            ask(pk)
    return later
