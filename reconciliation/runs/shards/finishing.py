"""The last part: what remains is matched, and everything becomes visible in one transaction, exactly once."""

from collections.abc import Generator
from contextlib import closing

import polars as pl
from django.db import transaction

from reconciliation import action_log
from reconciliation.connections import may_share_work, one_ahead, short_turns
from reconciliation.core import report as reports
from reconciliation.core.tally import Tally, Totals, combined, shifted, tally_of
from reconciliation.models import RunPart
from reconciliation.runs import leases
from reconciliation.runs.discrepancies import concerned
from reconciliation.runs.ending import end_run
from reconciliation.runs.figures import header, open_discrepancies, within
from reconciliation.runs.results import RunResult, result_of
from reconciliation.runs.shards.explaining import (
    Ending,
    Explainer,
    Known,
    Touched,
    Written,
    clear_gone,
    store_lots,
)
from reconciliation.runs.shards.lots import Lots
from reconciliation.runs.shards.parts import finish_part
from reconciliation.runs.shards.ranges import PAIR, Range, Ranges
from reconciliation.runs.shards.rest import Rest, match_rest
from reconciliation.runs.working import write_rows

ITEMS_A_LOT = 20_000  # each explained item holds some kilobytes until it is stored


class ReadAgain(Exception):
    """Matching led to records of other periods that were not read: `more` are the open items that name them."""

    def __init__(self, more: pl.DataFrame) -> None:
        """Keeps the items."""
        self.more = more
        super().__init__("the run must read again")


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
    apart = may_share_work()
    with transaction.atomic():
        leases.hold(run=run, fence=ending.fence)
        finish_part(part, ending.fence)
        written = write_everything(ending, ranges, rest, apart=apart)
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
        leases.release(run=run, fence=ending.fence)  # who began the run may have left it to the other workers
        for batch in written.unsealed:
            action_log.seal(batch)
    counts = {
        "items": written.opened + written.closed, "discrepancies": written.discrepancies, "log": written.log,
    }  # fmt: skip
    return result_of(run, report, counts, 0.0)


def in_period(control: Totals, side: str) -> int:
    """How many records of a side lie in the period."""
    return sum(sides.get(side, {}).get("count", 0) for sides in control.values())


def looked_at(ranges: Ranges, rest: Rest) -> Generator[tuple[Range, pl.DataFrame, Tally], None, None]:
    """Each range with its items to explain, by pair, and its tally."""
    rules = ranges.job.rules
    for changes in ranges.changes():
        wanted = changes.found.join(rest.wanted, on=PAIR, how="semi").sort(PAIR)
        yield changes, wanted, tally_of(within(changes.found, rules))


def write_everything(ending: Ending, ranges: Ranges, rest: Rest, *, apart: bool) -> Written:
    """Closes and opens items range by range, and discrepancies with their log as soon as they are explained: that is
    done meanwhile. Those that were not found again are cleared at the end.
    """
    run, written, known = ending.run, Written({}), Known.of(ending.run)
    found, closed = [ranges.rest.drop("right_occurred_at").clear()], [ranges.stored(0).clear()]
    looked = looked_at(ranges, rest)
    with (
        short_turns(),
        Lots(Explainer(ending, rest, known, apart), ITEMS_A_LOT) as lots,
        closing(one_ahead(looked) if ranges.nothing_stored else looked) as coming,
    ):
        for number, (changes, wanted, tally) in enumerate(coming):
            lots.add(wanted)
            write_rows(run, ending.fence, changes.to_open, changes.to_close)
            written.opened += len(changes.to_open)
            written.closed += len(changes.to_close)
            written.tally = combined(added=[written.tally, tally])
            if not known.unresolved.is_empty():
                found.append(changes.found.filter(concerned(changes.found, known.unresolved)))
                closed.append(changes.closed.filter(concerned(changes.closed, known.unresolved)))
            store_lots(ending, lots.ready(), known, written)
            ending.tell("writing", 60 + 30 * (number + 1) // ending.job.count)
        store_lots(ending, lots.rest(), known, written)
    clear_gone(ending, known, Touched(pl.concat(found), pl.concat(closed)), written)
    return written
