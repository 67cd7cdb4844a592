"""A gap in arrivals: for a time, (almost) nothing that occurred reached the other side. A webhook endpoint was down, a
job did not run.

Records that found no counterpart are scanned for the stretch of time that stands out most: each adds the logarithm of
how much likelier it is inside a gap than elsewhere, each record that did find its counterpart subtracts.
"""

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence

from reconciliation.core.findings import MISSING_INTERNAL, MISSING_PROVIDER
from reconciliation.core.payout_findings import LINES_MISSING, UNKNOWN
from reconciliation.core.statement_types import MISSING_INVOICE, UNAPPLIED_REFUND

from .clues import MISFITS_KEPT, STRONG, Background, Clue, Found

ALONE = (MISSING_INTERNAL, MISSING_PROVIDER, MISSING_INVOICE, LINES_MISSING, UNKNOWN)
NOT_BOOKED = (UNAPPLIED_REFUND, "refund.not_applied")
FEWEST = 5
IN_A_GAP = 0.95  # the share of records that a gap swallows
MOST_GAPS = 20
BINS = 24


def lonely(clue: Clue) -> bool:
    """Whether it is about a record that found no counterpart."""
    return clue.type in ALONE or (clue.type, clue.reason) == NOT_BOOKED


def gaps(clues: list[Clue], background: Background) -> Iterator[Found]:
    """Gaps in what reached the other side, a side and kind of record at a time."""
    alone: dict[tuple[str, str], list[Clue]] = defaultdict(list)
    for clue in clues:
        if lonely(clue):
            alone[clue.side, clue.kind].append(clue)
    for group, missing in sorted(alone.items()):
        yield from gaps_of(sorted(missing, key=lambda clue: (clue.at, clue.id)), background.present.get(group, ()))


def gaps_of(missing: list[Clue], present: Sequence[int]) -> Iterator[Found]:
    """The gaps among records of one side and kind, both sorted by time; the strongest first."""
    for _round in range(MOST_GAPS):
        if len(missing) < FEWEST or not present:
            return
        first, last = strongest([clue.at for clue in missing], present)
        if last - first + 1 < FEWEST or not convincing(missing, first, last, present):
            return
        inside = missing[first : last + 1]
        missing = missing[:first] + missing[last + 1 :]
        yield found(inside, missing, present)


def convincing(missing: list[Clue], first: int, last: int, present: Sequence[int]) -> bool:
    """Whether the stretch is no accident, given how often records are missing everywhere else."""
    lost = last - first + 1
    arrived = bisect_right(present, missing[last].at) - bisect_left(present, missing[first].at)
    rate = (len(missing) - lost + 1) / (len(missing) - lost + len(present) - arrived + 2)
    score = lost * math.log(IN_A_GAP / rate) + arrived * math.log((1 - IN_A_GAP) / (1 - rate))
    return score - math.log(len(missing) + len(present)) >= STRONG


def strongest(times: list[int], present: Sequence[int]) -> tuple[int, int]:
    """The stretch of `times` that looks most like a gap: its first and its last position."""
    rate = len(times) / (len(times) + len(present))
    plus, minus = math.log(IN_A_GAP / rate), math.log((1 - IN_A_GAP) / (1 - rate))
    best, here, start = (0.0, 0, -1), 0.0, 0
    upto = bisect_left(present, times[0])
    for at, time in enumerate(times):
        now = bisect_right(present, time)
        beside = now - bisect_left(present, time)  # at this very moment
        carried = here + (now - upto) * minus
        fresh = beside * minus
        if at == 0 or fresh > carried:
            here, start = fresh + plus, at
        else:
            here = carried + plus
        upto = now
        if here > best[0]:
            best = (here, start, at)
    return best[1], best[2]


def found(inside: list[Clue], others: list[Clue], present: Sequence[int]) -> Found:
    """The cause, with the arrivals before, in and after the gap."""
    first, last = inside[0].at, inside[-1].at
    before, after = bisect_left(present, first), bisect_right(present, last)
    begin = present[before - 1] if before else first
    end = present[after] if after < len(present) else last
    span = max(end - begin, BINS * 1_000_000)
    start, width = begin - span, -(-3 * span // BINS)
    stop = start + width * BINS
    near = [clue for clue in others if start <= clue.at < stop]
    around = present[bisect_left(present, start) : bisect_left(present, stop)]
    return Found(
        kind="gap",
        members=tuple(clue.id for clue in inside),
        misfits=tuple(clue.id for clue in near[:MISFITS_KEPT]),
        facts={
            "side": inside[0].side, "record_kind": inside[0].kind, "from": begin, "to": end, "first": first,
            "last": last, "arrived_inside": after - before, "bin_start": start, "bin_width": width,
            "missing": binned([clue.at for clue in (*inside, *near)], start, width),
            "arrived": binned(around, start, width),
        },
    )  # fmt: skip


def binned(times: Sequence[int], start: int, width: int) -> list[int]:
    """How many times lie in each of the bins."""
    counts = [0] * BINS
    for time in times:
        counts[(time - start) // width] += 1
    return counts
