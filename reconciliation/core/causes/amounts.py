"""What differences of amounts share: a reason on record, a constant, a share of the amount, or both."""

import math
from collections import defaultdict
from collections.abc import Iterator

from reconciliation.core.findings import AMOUNT
from reconciliation.core.payout_findings import DIFFERS
from reconciliation.core.statement_types import FEE, OVERPAID, UNDERPAID

from .clues import MISFITS_KEPT, STRONG, Background, Clue, Found, surprise

FEWEST_ON_RECORD, FEWEST_UNITS, FEWEST_SAME, FEWEST_ON_A_LINE = 5, 3, 5, 8
ON_RECORD = {"amount.fee_deducted": "fee", "amount.refund_netted": "refund", "amount.fee_and_refund": "fee_and_refund"}
UNEXPLAINED = {
    (AMOUNT, "amount.unexplained"), (FEE, "fee.higher"), (FEE, "fee.lower"), (OVERPAID, "invoice.overpaid"),
    (UNDERPAID, "invoice.underpaid"), (DIFFERS, "payout.lines_differ"),
}  # fmt: skip
SAMPLE, CANDIDATES = 2_000, 24
MOST_A_CURRENCY = 10
ROUND = (5, 10, 50)
PARTS = 10_000  # a share is told to a hundredth of a percent
Line = tuple[int, int]  # minor units, and ten-thousandths of the amount


def recorded_reasons(clues: list[Clue], _background: Background) -> Iterator[Found]:
    """Differences that a row on record explains in the same way, and amounts written in other units."""
    groups: dict[tuple[str, int], list[Clue]] = defaultdict(list)
    for clue in clues:
        if clue.type != AMOUNT or not clue.difference:
            continue
        if clue.reason in ON_RECORD:
            groups[ON_RECORD[clue.reason], 1 if clue.difference > 0 else -1].append(clue)
        elif clue.reason == "amount.minor_units_confused" and clue.left_amount and clue.right_amount:
            groups["units", factor(clue.left_amount, clue.right_amount)].append(clue)
    for (kind, number), inside in sorted(groups.items()):
        if len(inside) >= (FEWEST_UNITS if kind == "units" else FEWEST_ON_RECORD):
            facts = {"factor": number} if kind == "units" else {"sign": number}
            yield Found(kind, tuple(clue.id for clue in inside), facts)


def factor(left: int, right: int) -> int:
    """How many times ours theirs is; negative where ours is so many times theirs."""
    return right // left if right > left else -(left // right)


def constant_amounts(clues: list[Clue], _background: Background) -> Iterator[Found]:
    """Lines that differences lie on, a type and currency at a time: the one most lie on first, the simpler of equals.

    The base is what was expected: our amount, what an invoice asks, what a payout's lines come to; of a fee the amount
    it was taken of.
    """
    groups: dict[tuple[str, str], list[Clue]] = defaultdict(list)
    for clue in clues:
        if (clue.type, clue.reason) in UNEXPLAINED and clue.difference and clue.base:
            groups[clue.type, clue.currency].append(clue)
    for (_type, currency), rows in sorted(groups.items()):
        yield from lines_of(currency, rows)


def lines_of(currency: str, rows: list[Clue]) -> Iterator[Found]:
    """The lines that differences of one currency lie on."""
    for _round in range(MOST_A_CURRENCY):
        line = best_line(rows)
        if line is None:
            return
        inside = [clue for clue in rows if lies_on(clue, line)]
        rows = [clue for clue in rows if not lies_on(clue, line)]
        yield found(currency, line, inside, rows)


def found(currency: str, line: Line, inside: list[Clue], others: list[Clue]) -> Found:
    """The cause. Those of the currency that lie elsewhere do not fit."""
    facts = {
        "type": inside[0].type,
        "constant_minor": line[0],
        "parts": line[1],
        "examples": [[clue.id, clue.base, clue.difference] for clue in inside[:5]],
    }
    kind = "share_and_constant" if all(line) else "share" if line[1] else "constant"
    misfits = tuple(clue.id for clue in others[:MISFITS_KEPT])
    return Found(kind, tuple(clue.id for clue in inside), facts, misfits, currency)


def lies_on(clue: Clue, line: Line) -> bool:
    """Whether the difference is what the line says of our amount: exactly for a constant, else to a minor unit."""
    said = line[0] + (clue.base or 0) * line[1] / PARTS
    return abs((clue.difference or 0) - said) <= (1 if line[1] else 0)


def best_line(rows: list[Clue]) -> Line | None:
    """The line that most of the rows lie on, if that is no accident."""
    sample = rows[:: max(1, len(rows) // SAMPLE)]
    lines = candidates(sample)
    best: tuple[int, int, int, Line] | None = None
    for line in lines:
        inside = [clue for clue in sample if lies_on(clue, line)]
        ranked = (len(inside), -sum(map(bool, line)), roundness(line[1]), line)
        if (best is None or ranked[:3] > best[:3]) and convincing(inside, sample, line, len(lines)):
            best = ranked
    return best[3] if best else None


def roundness(parts: int) -> int:
    """How round a share is: rounded amounts leave open whether it is 1.48 or 1.5 percent, and people agree on 1.5."""
    return sum(parts % step == 0 for step in ROUND)


def candidates(rows: list[Clue]) -> list[Line]:
    """Constants that occur, shares of some rows, and lines through pairs of some rows."""
    some = rows[:: max(1, len(rows) // CANDIDATES)][:CANDIDATES]
    lines: set[Line] = set()
    for at, one in enumerate(some):
        lines |= {(0, parts) for parts in shares((one.difference or 0) / (one.base or 1))}
        for other in some[:at]:
            run = (other.base or 0) - (one.base or 0)
            if run:
                slopes = shares(((other.difference or 0) - (one.difference or 0)) / run)
                lines |= {(round((one.difference or 0) - (one.base or 0) * parts / PARTS), parts) for parts in slopes}
    counts: dict[int, int] = defaultdict(int)
    for clue in rows:
        counts[clue.difference or 0] += 1
    often = {(amount, 0) for amount, count in counts.items() if count >= FEWEST_SAME}
    return sorted(often | {line for line in lines if line[1]})


def shares(slope: float) -> tuple[int, int]:
    """A slope in parts, and the rounder one near it."""
    return round(slope * PARTS), round(slope * PARTS / ROUND[0]) * ROUND[0]


def convincing(inside: list[Clue], rows: list[Clue], line: Line, looked_at: int) -> bool:
    """Whether so many rows on a line are no accident, given how close to it the others lie anyway."""
    fewest = FEWEST_ON_A_LINE if line[1] else FEWEST_SAME
    if len(inside) < fewest or len({clue.base for clue in inside}) < (5 if line[1] else 3):
        return False
    width = 3 if line[1] else 1
    taken = {clue.id for clue in inside}
    expected = 0.0
    for clue in rows:
        size = abs(line[0] + (clue.base or 0) * line[1] / PARTS)
        near = size / 2 <= abs(clue.difference or 0) <= size * 2
        if near or clue.id in taken:
            expected += min(1.0, width / (1.5 * size + 1))
    # Lines with a slope were drawn through two of the rows, which therefore prove nothing.
    proof = len(inside) - (2 if line[1] else 1)
    return surprise(proof, expected) - math.log(len(rows) + looked_at) >= STRONG
