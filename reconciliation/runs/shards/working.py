"""Working the parts of a run: claim one, do it, leave its result, open the next phase; until the run is finished.

Every worker does the same, and whoever completes the last part of a phase goes on with the next one. The run's lease
is shared by its workers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from reconciliation.comparisons import COMPARISONS
from reconciliation.core.parameters import Parameters
from reconciliation.core.settling import rounds
from reconciliation.models import ReconciliationRun, RunPart
from reconciliation.runs import leases
from reconciliation.runs.results import RunResult, Unfinished
from reconciliation.runs.shards import parts
from reconciliation.runs.shards.finishing import Ending, ReadAgain, finish
from reconciliation.runs.shards.folder import Folder, folder_of, remove, remove_abandoned
from reconciliation.runs.shards.matching import Job, match_parts, route
from reconciliation.runs.shards.ranges import keep_for_reading_again
from reconciliation.runs.shards.reading import read_sides
from reconciliation.runs.working import Progress

Phase = RunPart.Phase
AT_ONCE = 2  # parts that a process settles side by side; together they hold SHARD_RECORDS


@dataclass(frozen=True)
class Worker:
    """A process at work on a run. `clock`: the time now; `until`: when it should stop (None: at the run's end)."""

    run: ReconciliationRun
    fence: int
    clock: Callable[[], datetime]
    tell: Progress
    until: datetime | None = None

    @property
    def folder(self) -> Folder:
        """Where the run's files lie."""
        return folder_of(self.run, Path(settings.RUN_FILES))


def started(run: ReconciliationRun) -> bool:
    """Whether the run was cut into parts before."""
    return RunPart.objects.filter(run=run).exists()


def parts_needed(run: ReconciliationRun, rules: Callable[[], Parameters]) -> int:
    """Into how many parts the run is cut; 0 when one process can do it."""
    sharding = COMPARISONS[run.comparison].sharding
    if sharding is None:
        return 0
    enough = settings.SHARD_FROM_RECORDS
    size = sharding.size(run.organization, run.period_start, run.period_end, rules, enough)
    if size < enough:
        return 0
    return parts_of(size)


def parts_of(records: int) -> int:
    """Into how many parts so many records are cut."""
    return max(2, -(-records * AT_ONCE // settings.SHARD_RECORDS))


def begin(worker: Worker, count: int) -> None:
    """Opens the first part of a run that is cut into `count`; one begun before goes on, if its files are here."""
    run = worker.run
    if started(run) and goes_on(worker):
        RunPart.objects.filter(run=run, done=False).update(claimed_until=None)  # their workers lost the lease
        return
    remove_abandoned(Path(settings.RUN_FILES))
    remove(worker.folder)
    with transaction.atomic():
        leases.hold(run=run, fence=worker.fence)
        RunPart.objects.filter(run=run).delete()
        parts.open_phase(run, Phase.READ, result={"count": count})


def goes_on(worker: Worker) -> bool:
    """Whether what was begun still holds: its files are here, and no other run has written since it was read."""
    read = parts.results(worker.run, Phase.READ)
    if not read:
        return True
    later = ReconciliationRun.objects.filter(
        organization=worker.run.organization, comparison=worker.run.comparison, number__gt=read[0].get("fence", 0),
        number__lt=worker.fence, status__in=["ok", "break"],
    )  # fmt: skip
    return worker.folder.path.exists() and not later.exists()


def next_parts(worker: Worker) -> list[RunPart]:
    """What to do next: one part, or some to be settled side by side. Raises Unfinished when other workers have all of
    them, and PartStoppedOften.
    """
    claimed: list[RunPart] = []
    while len(claimed) < AT_ONCE and all(part.phase == Phase.MATCH for part in claimed):
        try:
            part = parts.claim(worker.run, worker.clock())
        except parts.PartStoppedOften:
            remove(worker.folder)
            raise
        if part is None:
            break
        claimed.append(part)
    if not claimed:
        raise Unfinished(free=False)
    return claimed


def work(worker: Worker, rules: Parameters | None = None) -> RunResult:
    """Works parts of a run until it is finished; `rules` are those of its reading, should that be to do.

    Raises Unfinished, LeaseLost, PartStoppedOften and whatever a part raises.
    """
    while True:
        claimed = next_parts(worker)
        try:
            result = work_parts(worker, claimed, rules)
        except leases.LeaseLost:
            raise  # whoever has it now has the parts and the files too
        except Exception:
            remove(worker.folder)
            raise
        except BaseException:
            for part in claimed:
                parts.give_back(part)
            raise
        if result is not None:
            remove(worker.folder)
            return result
        if worker.until is not None and worker.clock() >= worker.until:
            raise Unfinished(free=True)


def work_parts(worker: Worker, claimed: list[RunPart], rules: Parameters | None) -> RunResult | None:
    """Does one part, or settles some side by side; the result of the run when it was the last one."""
    run, part = worker.run, claimed[0]
    comparison = COMPARISONS[run.comparison]
    if part.phase == Phase.READ:
        frozen = rules or comparison.parameters(run.organization, run.period_start, run.period_end, worker.clock())
        left = read_sides(
            run=run, comparison=comparison, rules=frozen, folder=worker.folder, count=part.result["count"],
            tell=worker.tell,
        )  # fmt: skip
        leave(worker, part, left)
        return None
    job = Job(comparison, worker.folder, parts.results(run, Phase.READ)[0])
    if part.phase == Phase.FINISH:
        return last_part(worker, part, job)
    if part.phase == Phase.MATCH:
        results = match_parts(job, [(one.round, one.number) for one in claimed])
    else:
        results = [route(job, part.round, part.result["count"])]
    for one, result in zip(claimed, results, strict=True):
        leave(worker, one, result)
    finished, of = parts.progress(run)
    worker.tell("matching", 25 + 30 * finished // of)
    return None


def leave(worker: Worker, part: RunPart, result: dict[str, Any]) -> None:
    """Stores what a part left, and opens the next phase after the last one."""
    with transaction.atomic():
        if parts.complete(worker.run, worker.fence, part, result):
            open_next(worker.run, part, result)


def open_next(run: ReconciliationRun, part: RunPart, result: dict[str, Any]) -> None:
    """Opens the phase after `part`'s. Another round follows while too much remains and there are keys left."""
    if part.phase == Phase.READ:
        parts.open_phase(run, Phase.MATCH, count=result["count"])
        return
    if part.phase == Phase.ROUTE:
        parts.open_phase(run, Phase.MATCH, round_number=part.round, count=result["count"])
        return
    done = RunPart.objects.filter(run=run, phase=Phase.MATCH, round=part.round).values_list("result", flat=True)
    remaining = sum(sum(one["rest"].values()) for one in done)
    comparison = COMPARISONS[run.comparison]
    if remaining > settings.SHARD_RECORDS and part.round + 1 < len(rounds(comparison.first, comparison.passes)):
        parts.open_phase(run, Phase.ROUTE, round_number=part.round + 1, result={"count": parts_of(remaining)})
    else:
        parts.open_phase(run, Phase.FINISH, round_number=part.round)


def last_part(worker: Worker, part: RunPart, job: Job) -> RunResult | None:
    """Finishes the run; or starts it again where matching led to records that were not read."""
    left = parts.results(worker.run, Phase.MATCH)
    nothing_lost(job, left)
    ending = Ending(worker.run, worker.fence, job, worker.clock(), worker.tell)
    try:
        return finish(ending, part, [one["totals"] for one in left], part.round)
    except ReadAgain as again:
        keep_for_reading_again(job, again.more)
        with transaction.atomic():
            leases.hold(run=worker.run, fence=worker.fence)
            parts.still_running(worker.run, worker.fence)
            RunPart.objects.filter(run=worker.run).delete()
            parts.open_phase(worker.run, Phase.READ, result={"count": job.count})
        return None


def nothing_lost(job: Job, matched: list[dict[str, Any]]) -> None:
    """Raises RuntimeError when the parts did not get every record that was read."""
    first = matched[: job.count]
    seen = {side: sum(one["rows"][side] for one in first) for side in job.read["read"]}
    if seen != job.read["read"]:
        raise RuntimeError(f"Files of this run are not as they were written: {seen} records of {job.read['read']}.")
