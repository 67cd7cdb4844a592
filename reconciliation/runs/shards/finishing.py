"""The last part: what remains is matched, and everything becomes visible in one transaction, exactly once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from django.db import transaction

from reconciliation import action_log
from reconciliation.core import report as reports
from reconciliation.core.cases import Finding
from reconciliation.core.explain import explain
from reconciliation.core.tally import Tally, Totals, combined, shifted, tally_of
from reconciliation.engine import lazy, pin
from reconciliation.frames import read
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationRun, RunPart
from reconciliation.runs import discrepancies, leases, triage
from reconciliation.runs.ending import end_run
from reconciliation.runs.figures import header, open_discrepancies, within
from reconciliation.runs.results import RunResult, result_of
from reconciliation.runs.shards.matching import Job
from reconciliation.runs.shards.parts import finish_part
from reconciliation.runs.shards.ranges import PAIR, Ranges
from reconciliation.runs.shards.rest import Rest, match_rest
from reconciliation.runs.triage import fingerprint
from reconciliation.runs.working import Progress, write_rows

ITEMS_A_CHUNK = 60_000  # each lot looks through all that remained; each explained item holds some kilobytes
Status = ReconciliationDiscrepancy.Status


class ReadAgain(Exception):
    """Matching led to records of other periods that were not read: `more` are the open items that name them."""

    def __init__(self, more: pl.DataFrame) -> None:
        """Keeps the items."""
        self.more = more
        super().__init__("the run must read again")


@dataclass
class Written:
    """What the last part has written so far."""

    tally: Tally
    opened: int = 0
    closed: int = 0
    discrepancies: int = 0
    log: int = 0


@dataclass(frozen=True)
class Ending:
    """The last part of a run under way."""

    run: ReconciliationRun
    fence: int
    job: Job
    now: datetime
    tell: Progress


def finish(ending: Ending, part: RunPart, totals: list[Totals], round_number: int) -> RunResult:
    """Matches the rest and writes the run. `totals`: the control totals of what the rounds settled.

    Raises ReadAgain, and LeaseLost when another worker has finished the run or a later run has taken over.
    """
    run, job = ending.run, ending.job
    rest = match_rest(job, run.organization, round_number)
    ranges = Ranges(job, run, rest.items)
    more = ranges.look_ahead()
    if not more.is_empty():
        raise ReadAgain(more)
    ending.tell("writing", 60)
    control: Totals = {}
    for one in (*totals, rest.totals):
        control = shifted(control, added=one, removed={})
    with transaction.atomic():
        leases.hold(run=run, fence=ending.fence)
        finish_part(part, ending.fence)
        touched, written = write_ranges(ending, ranges, rest.wanted)
        write_discrepancies(ending, rest, touched, written)
        report = reports.body(
            header=header(run, job.rules), tally=written.tally, read=control, discrepancies=open_discrepancies(run)
        )
        metrics = {
            "items_opened": written.opened, "items_closed": written.closed, "built_on": None, "parts": job.count,
            **{f"{side}_matched_again": count for side, count in job.read["read"].items()},
            **{f"{side}_read": in_period(control, side) for side in ("left", "right")},
            "written": {"discrepancies": written.discrepancies, "log": written.log},
        }  # fmt: skip
        end_run(run, report, journal=job.read["journal"], tally=written.tally, metrics=metrics, now=ending.now)
    counts = {
        "items": written.opened + written.closed, "discrepancies": written.discrepancies, "log": written.log,
    }  # fmt: skip
    return result_of(run, report, counts, 0.0)


def in_period(control: Totals, side: str) -> int:
    """How many records of a side lie in the period."""
    return sum(sides.get(side, {}).get("count", 0) for sides in control.values())


@dataclass(frozen=True)
class Touched:
    """The items to explain, sorted by pair; and found and closed ones that name a record of an unresolved
    discrepancy.
    """

    wanted: pl.DataFrame
    unresolved: pl.DataFrame
    found: pl.DataFrame
    closed: pl.DataFrame


def unresolved_discrepancies(run: ReconciliationRun) -> pl.DataFrame:
    """What is not resolved in the run's organization and comparison: row_id, type, left_id, right_id, in_period."""
    rows = ReconciliationDiscrepancy.objects.filter(
        organization=run.organization, comparison=run.comparison
    ).exclude(status=Status.RESOLVED)  # fmt: skip
    columns = {"row_id": "id", "type": "type", "left_id": "left_id", "right_id": "right_id"}
    return read(
        rows, columns, {"row_id": pl.Int64, "type": pl.String, "left_id": pl.Int64, "right_id": pl.Int64}
    )  # fmt: skip


def write_ranges(ending: Ending, ranges: Ranges, wanted: pl.DataFrame) -> tuple[Touched, Written]:
    """Closes and opens items range by range; what remains in memory is what discrepancies need."""
    run, rules = ending.run, ending.job.rules
    unresolved = unresolved_discrepancies(run)
    written = Written({})
    nothing = ranges.rest.drop("right_occurred_at").clear()
    explain_these, found, closed = [nothing], [nothing], [ranges.stored(0).clear()]
    for number, changes in enumerate(ranges.changes()):
        write_rows(run, ending.fence, changes.to_open, changes.to_close)
        written.opened += len(changes.to_open)
        written.closed += len(changes.to_close)
        written.tally = combined(added=[written.tally, tally_of(within(changes.found, rules))])
        explain_these.append(changes.found.join(wanted, on=PAIR, how="semi"))
        if not unresolved.is_empty():
            found.append(changes.found.filter(discrepancies.concerned(changes.found, unresolved)))
            closed.append(changes.closed.filter(discrepancies.concerned(changes.closed, unresolved)))
        ending.tell("writing", 60 + 30 * (number + 1) // ending.job.count)
    return Touched(pl.concat(explain_these).sort(PAIR), unresolved, pl.concat(found), pl.concat(closed)), written


def chunks_of_findings(
    ending: Ending, rest: Rest, wanted: pl.DataFrame
) -> Iterator[tuple[pl.DataFrame, list[Finding]]]:
    """The items to explain, some thousand at a time, with their findings."""
    for items in wanted.iter_slices(ITEMS_A_CHUNK):
        findings = explain(
            matched=rest.matched, items=lazy(items), left=lazy(rest.left), right=lazy(rest.right),
            parameters=ending.job.rules, pin=pin, finders=ending.job.comparison.finders,
        )  # fmt: skip
        yield items, findings


def write_discrepancies(ending: Ending, rest: Rest, touched: Touched, written: Written) -> None:
    """Opens, changes and reopens discrepancies, then clears those that were not found again."""
    run = ending.run
    nothing = touched.closed.clear()
    none_known = not ReconciliationDiscrepancy.objects.filter(
        organization=run.organization, comparison=run.comparison
    ).exists()
    seen = [touched.unresolved.select("type", *PAIR).clear()]
    for items, findings in chunks_of_findings(ending, rest, touched.wanted):
        fingerprints = {finding.fingerprint[:3] for finding in findings}
        seen.append(pl.DataFrame(sorted(fingerprints), schema=seen[0].schema, orient="row"))

        def decide(items: pl.DataFrame = items, findings: list[Finding] = findings) -> triage.Triage:
            known = {} if none_known else discrepancies.known_discrepancies(run, findings, items, whole=False)
            found = {finding.fingerprint for finding in findings}
            same = {key: row for key, row in known.items() if key in found}
            return triage.decide(
                run=run, number=ending.fence, findings=findings, known=same, items=items.clear(), closed=nothing,
                now=ending.now,
            )  # fmt: skip

        store_decided(ending, decide, written)
    gone = touched.unresolved.join(pl.concat(seen), on=["type", *PAIR], how="anti")
    for some in gone.sort("type", *PAIR).iter_slices(ITEMS_A_CHUNK):

        def clear(some: pl.DataFrame = some) -> triage.Triage:
            rows = ReconciliationDiscrepancy.objects.in_bulk(some["row_id"].to_list())
            known = {fingerprint(row): row for row in rows.values()}
            return triage.decide(
                run=run, number=ending.fence, findings=[], known=known, items=touched.found, closed=touched.closed,
                now=ending.now,
            )  # fmt: skip

        store_decided(ending, clear, written)


def store_decided(ending: Ending, decide: Any, written: Written) -> None:
    """Decides until nobody has changed a row meanwhile, and writes it with its log."""
    changes = decide()
    while discrepancies.overtaken(changes):
        changes = decide()
    batch = discrepancies.store(triage=changes, run=ending.run, now=ending.now)
    if batch is not None:
        action_log.write(batch)
    written.discrepancies += len(changes)
    written.log += len(batch or ())
