"""When causes are looked for: by a job, after a run or when somebody wants to see them."""

from collections.abc import Iterable

from django.core.cache import cache
from django_q.tasks import async_task

from reconciliation.models import CauseState

from .finding import newest_runs

ASKED_FOR_SECONDS = 120
JOB = "reconciliation.causes.job.look_for_causes"


def ask(organization_id: int) -> None:
    """Has a job look for the causes of an organization."""
    async_task(JOB, organization_id, task_name=f"causes-{organization_id}", group="causes")


def stale(organization_ids: Iterable[int]) -> list[int]:
    """The organizations with a run that ended after their causes were looked for."""
    own = list(organization_ids)
    rows = CauseState.objects.filter(organization__in=own).values_list("organization", "comparison", "as_of_run")
    known = {(pk, comparison): number for pk, comparison, number in rows}
    return sorted({of[0] for of, number in newest_runs(own).items() if known.get(of, -1) < number})


def ask_where_stale(organization_ids: Iterable[int]) -> list[int]:
    """Has jobs bring causes up to date, each asked for once in a while. Returns the organizations that wait for it."""
    waiting = stale(organization_ids)
    for pk in waiting:
        if cache.add(f"causes:asked:{pk}", 1, ASKED_FOR_SECONDS):
            ask(pk)
    return waiting
