"""A constant shift of time: records of both sides that agree but for their clocks, always by the same span."""

import math
from collections import defaultdict
from collections.abc import Iterator

from reconciliation.core.findings import MISSING_INTERNAL, MISSING_PROVIDER

from .clues import MISFITS_KEPT, STRONG, Background, Clue, Found, surprise

FEWEST = 5
SECOND = 1_000_000
LEAST = 10 * 60 * SECOND  # less is how long things take
NARROW = 180 * SECOND
QUARTER = 15 * 60 * SECOND
Pair = tuple[int, Clue, Clue]


def shifts(clues: list[Clue], _background: Background) -> Iterator[Found]:
    """The shift that most pairs of lonely records share; nothing where the spans are scattered."""
    pairs = sorted(alike(clues), key=lambda pair: (pair[0], pair[1].id))
    while len(pairs) >= FEWEST:
        first, last = densest([pair[0] for pair in pairs])
        inside = pairs[first : last + 1]
        reach = max(abs(pair[0]) for pair in pairs)
        chance = len(pairs) * min(1.0, NARROW / (2 * reach + 1))
        strength = surprise(len(inside), chance) - math.log(len(pairs))
        if len(inside) < FEWEST or strength < STRONG or 2 * len(inside) < len(pairs):
            return
        pairs = pairs[:first] + pairs[last + 1 :]
        yield found(inside, pairs)


def alike(clues: list[Clue]) -> Iterator[Pair]:
    """Pairs of a record here and one there of the same customer, amount, currency and kind, where there is one of each;
    with the span from ours to theirs.
    """
    sides: dict[tuple[str, str, str, int], tuple[list[Clue], list[Clue]]] = defaultdict(lambda: ([], []))
    for clue in clues:
        if clue.type == MISSING_PROVIDER and clue.left_amount is not None:
            sides[clue.party, clue.kind, clue.currency, clue.left_amount][0].append(clue)
        elif clue.type == MISSING_INTERNAL and clue.right_amount is not None:
            sides[clue.party, clue.kind, clue.currency, clue.right_amount][1].append(clue)
    for lefts, rights in sides.values():
        if len(lefts) == len(rights) == 1:
            span = (rights[0].right_at or 0) - (lefts[0].left_at or 0)
            if abs(span) >= LEAST:
                yield span, lefts[0], rights[0]


def densest(spans: list[int]) -> tuple[int, int]:
    """The positions of the narrow window that holds most of the sorted spans."""
    best, start = (0, 0), 0
    for at, span in enumerate(spans):
        while span - spans[start] > NARROW:
            start += 1
        if at - start > best[1] - best[0]:
            best = (start, at)
    return best


def found(inside: list[Pair], others: list[Pair]) -> Found:
    """The cause; both records of a pair are its discrepancies."""
    middle = inside[len(inside) // 2][0]
    whole = round(middle / QUARTER) * QUARTER
    zone_like = abs(middle - whole) <= NARROW // 2
    members = sorted({clue.id for _span, left, right in inside for clue in (left, right)})
    misfits = [clue.id for _span, left, right in others for clue in (left, right)]
    return Found(
        kind="shift",
        members=tuple(members),
        misfits=tuple(sorted(misfits)[:MISFITS_KEPT]),
        facts={
            "shift": whole if zone_like else middle, "zone_like": zone_like, "pairs": len(inside),
            "least": inside[0][0], "most": inside[-1][0],
            "examples": [[left.id, right.id, span] for span, left, right in inside[:5]],
        },
    )  # fmt: skip
