"""What groups of discrepancies share. Pure: given clues and what lies around them, always the same answer.

A cause is named only where chance is no explanation: each finder compares what it sees with what would be expected if
the discrepancies had nothing in common, and speaks when that is off by far more than the number of places it looked at.
"""

from .amounts import constant_amounts, recorded_reasons
from .clues import Background, Clue, Found
from .gaps import gaps
from .origins import customers, imported_twice, imports, payouts, prefixes
from .recorded import said_on_record
from .references import lost_references
from .shifts import shifts

FINDERS = (
    imported_twice, recorded_reasons, said_on_record, lost_references, gaps, shifts, imports, constant_amounts,
    prefixes, payouts, customers,
)  # fmt: skip
"""In this order: what is on record before what is inferred, the narrower explanation before the wider one."""


def find(clues: list[Clue], background: Background) -> list[Found]:
    """The causes among `clues`, each discrepancy in one of them at most; in the order of the finders."""
    left, found = sorted(clues, key=lambda clue: clue.id), []
    for finder in FINDERS:
        for cause in finder(left, background):
            found.append(cause)
            taken = set(cause.members)
            left = [clue for clue in left if clue.id not in taken]
    return found


__all__ = ["Background", "Clue", "Found", "find"]
