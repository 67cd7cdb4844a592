"""What a row on record says itself is wrong, the same for several discrepancies: no chance to weigh."""

from collections import defaultdict
from collections.abc import Iterator

from .clues import Background, Clue, Found

FEWEST = 3
# Reason code → kind of cause, and how many make one. Causes of one kind are told apart by the clue's word.
ON_RECORD = {
    "invoice.fee_deducted": ("invoiced_without_fee", FEWEST),
    "invoice.paid_twice": ("paid_twice", FEWEST),
    "invoice.payment_failed": ("payments_failed", FEWEST),
    "type.unknown": ("unclassified", 2),
    "fee.explained": ("other_fees", FEWEST),
    "payout.lines_withdrawn": ("lines_withdrawn", 2),
    "payout.not_itemised": ("not_itemised", 2),
    "payout.late": ("payouts_late", 2),
    "payout.failed_returned": ("payouts_failed", 2),
    "payout.failed_not_returned": ("payouts_failed", 2),
    "payout.returned_unnoticed": ("payouts_failed", 2),
    "payout.canceled_not_returned": ("payouts_canceled", 2),
}


def said_on_record(clues: list[Clue], _background: Background) -> Iterator[Found]:
    """Groups that share a reason on record, and the word that goes with it."""
    groups: dict[tuple[str, str], list[Clue]] = defaultdict(list)
    fewest: dict[str, int] = {}
    for clue in clues:
        if clue.reason in ON_RECORD:
            kind, fewest[kind] = ON_RECORD[clue.reason]
            groups[kind, clue.word].append(clue)
    for (kind, word), inside in sorted(groups.items()):
        if len(inside) >= fewest[kind]:
            yield Found(kind, tuple(clue.id for clue in inside), {"word": word, "type": inside[0].type})
