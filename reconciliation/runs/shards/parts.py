"""The parts of a run: which one is next, who works it, and which phase follows when the last of one is done.

Everything a part leaves is in files and in its row, so whoever comes next goes on where the others stopped. A row is
completed under the lease: a worker whose run was taken over cannot.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_noop

from reconciliation.models import ReconciliationRun, RunPart
from reconciliation.runs import leases

CLAIM = timedelta(minutes=5)  # no part takes as long; after it another worker may take the part
MAX_STARTS = 3
Phase = RunPart.Phase
STOPPED_OFTEN = gettext_noop("A worker was stopped in the middle of the same part of this run several times.")


class PartStoppedOften(Exception):
    """A part has ended its worker again and again; `str()` says so."""


def open_phase(
    run: ReconciliationRun,
    phase: str,
    *,
    round_number: int = 0,
    count: int = 1,
    result: dict[str, Any] | None = None,
) -> None:
    """Adds the parts of a phase; `result`: what they are to know, until they leave their own."""
    RunPart.objects.bulk_create(
        [
            RunPart(run=run, phase=phase, round=round_number, number=number, result=result or {})
            for number in range(count)
        ],
        ignore_conflicts=True,
    )


def claim(run: ReconciliationRun, now: datetime) -> RunPart | None:
    """The next part that nobody works at `now`, claimed; None when there is none. Raises PartStoppedOften."""
    locked = connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        waiting = RunPart.objects.select_for_update(skip_locked=locked).filter(run=run, done=False)
        part = waiting.filter(Q(claimed_until=None) | Q(claimed_until__lte=now)).order_by("pk").first()
        if part is None:
            return None
        if part.attempts >= MAX_STARTS:
            raise PartStoppedOften(STOPPED_OFTEN)
        RunPart.objects.filter(pk=part.pk).update(claimed_until=now + CLAIM, attempts=F("attempts") + 1)
    return part


def parts_free(run: ReconciliationRun, now: datetime) -> bool:
    """Whether a part waits for a worker at `now`."""
    unclaimed = Q(claimed_until=None) | Q(claimed_until__lte=now)
    return RunPart.objects.filter(unclaimed, run=run, done=False).exists()


def give_back(part: RunPart) -> None:
    """Lets another worker take a part at once."""
    RunPart.objects.filter(pk=part.pk, done=False).update(claimed_until=None)


def complete(run: ReconciliationRun, fence: int, part: RunPart, result: dict[str, Any]) -> bool:
    """Stores what a part left. True when it was the last of the parts there are: the caller opens the next phase.

    Call it inside a transaction. Raises LeaseLost when the run was taken over, or has ended.
    """
    leases.hold(run=run, fence=fence)
    still_running(run, fence)
    if not RunPart.objects.filter(pk=part.pk, done=False).update(done=True, result=result):
        return False  # another worker took it over and was faster
    return not RunPart.objects.filter(run=run, done=False).exists()


def still_running(run: ReconciliationRun, fence: int) -> None:
    """Raises LeaseLost when the run is not worked under `fence` any more."""
    if not ReconciliationRun.objects.filter(pk=run.pk, status="running", number=fence).exists():
        raise leases.LeaseLost(f"{run} has ended or is worked by others; nothing was written.")


def finish_part(part: RunPart, fence: int) -> None:
    """Marks the last part done, once: call it under the lease, in the transaction that writes the run."""
    still_running(part.run, fence)
    if not RunPart.objects.filter(pk=part.pk, done=False).update(done=True):
        raise leases.LeaseLost(f"{part.run} was finished by another worker; nothing was written twice.")


def results(run: ReconciliationRun, phase: str) -> list[dict[str, Any]]:
    """What the parts of a phase left, in order."""
    done = RunPart.objects.filter(run=run, phase=phase, done=True).order_by("round", "number")
    return list(done.values_list("result", flat=True))


def progress(run: ReconciliationRun) -> tuple[int, int]:
    """How many matching parts are done, and how many there are."""
    parts = RunPart.objects.filter(run=run, phase=Phase.MATCH)
    return parts.filter(done=True).count(), parts.count()
