"""A reference that got lost: payments on the statement that name no invoice, and invoices that wait for just them."""

from collections import defaultdict
from collections.abc import Iterator

from reconciliation.core.findings import MISSING_PROVIDER
from reconciliation.core.statement_types import MISSING_INVOICE

from .clues import MISFITS_KEPT, Background, Clue, Found

FEWEST = 5
APART = 3 * 86_400 * 1_000_000  # longer is another payment of the same customer


def lost_references(clues: list[Clue], _background: Background) -> Iterator[Found]:
    """Pairs of a line that names no invoice and an invoice without a line, of one customer, amount and currency, close
    in time, where there is one of each; nothing while they are the lesser part of such lines.
    """
    unnamed = [clue for clue in clues if clue.type == MISSING_INVOICE and clue.reason == "invoice.not_named"]
    pairs = list(alike(clues, unnamed))
    if len(pairs) < FEWEST or 2 * len(pairs) < len(unnamed):
        return
    members = sorted(clue.id for pair in pairs for clue in pair)
    misfits = tuple(clue.id for clue in unnamed if clue.id not in set(members))
    facts = {"pairs": len(pairs), "examples": [[invoice.id, line.id] for invoice, line in pairs[:5]]}
    yield Found("reference_lost", tuple(members), facts, misfits[:MISFITS_KEPT])


def alike(clues: list[Clue], unnamed: list[Clue]) -> Iterator[tuple[Clue, Clue]]:
    """An invoice and a line that can only mean each other."""
    sides: dict[tuple[str, str, int | None], tuple[list[Clue], list[Clue]]] = defaultdict(lambda: ([], []))
    for clue in clues:
        if clue.type == MISSING_PROVIDER and clue.kind == "invoice" and clue.party:
            sides[clue.party, clue.currency, clue.left_amount][0].append(clue)
    for clue in unnamed:
        if clue.party:
            sides[clue.party, clue.currency, clue.right_amount][1].append(clue)
    for invoices, lines in sides.values():
        if len(invoices) == len(lines) == 1 and abs(invoices[0].at - lines[0].at) <= APART:
            yield invoices[0], lines[0]
