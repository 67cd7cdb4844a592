"""When causes are looked for: by a job, after a run or when somebody wants to see them."""

from collections.abc import Iterable

from django.core.cache import cache
from django.db.models import Max
from django_q.tasks import async_task

from reconciliation.models import CauseState, ReconciliationRun

from .reading import COMPARISON

ASKED_FOR_SECONDS = 120
JOB = "reconciliation.causes.job.look_for_causes"


def ask(organization_id: int) -> None:
    """Has a job look for the causes of an organization."""
    async_task(JOB, organization_id, task_name=f"causes-{organization_id}", group="causes")


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


def ask_where_stale(organization_ids: Iterable[int]) -> list[int]:
    """Has jobs bring causes up to date, each asked for once in a while. Returns the organizations that wait for it."""
    waiting = stale(organization_ids)
    for pk in waiting:
        if cache.add(f"causes:asked:{pk}", 1, ASKED_FOR_SECONDS):
            ask(pk)
    return waiting
