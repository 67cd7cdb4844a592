"""Steps taken together: their log rows are sealed as one batch, their changes of totals are stored once."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from billing.models import Organization
from reconciliation.action_log import Entry
from reconciliation.models import ReconciliationDiscrepancy

Row = ReconciliationDiscrepancy


@dataclass
class Batch:
    """What steps leave to be written at the end of the transaction: log entries, and rows as they were and are.

    `held`: discrepancies that were read and locked together, by id; steps look nowhere else. `swaps`: the columns to
    set of each, written together at the end, since nobody else can change a locked row; None: each step writes its own.
    """

    held: dict[int, Row] = field(default_factory=dict)
    swaps: list[tuple[Row, dict[str, Any]]] | None = None
    entries: list[tuple[Organization, Entry]] = field(default_factory=list)
    moves: list[tuple[Row, Row]] = field(default_factory=list)

    def mark(self) -> tuple[int, int, int]:
        """Where it stands, for `back_to`."""
        return len(self.entries), len(self.moves), len(self.swaps or ())

    def back_to(self, mark: tuple[int, int, int]) -> None:
        """Forgets what came after `mark`: its step was rolled back."""
        del self.entries[mark[0] :], self.moves[mark[1] :]


_COLLECTING: ContextVar[Batch | None] = ContextVar("collecting", default=None)


def current() -> Batch | None:
    """The batch that is being collected here, if any."""
    return _COLLECTING.get()


@contextmanager
def collecting(held: dict[int, Row], *, together: bool = False) -> Iterator[Batch]:
    """Steps taken inside are about `held`, discrepancies of the person's organizations that the caller has locked, and
    take one step each. They leave their log rows and totals to the caller, who writes them in the same transaction;
    `together`: the changed columns too.
    """
    batch = Batch(held, [] if together else None)
    token = _COLLECTING.set(batch)
    try:
        yield batch
    finally:
        _COLLECTING.reset(token)
