"""Reading a list to its end in pieces, and keeping on record who took it."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import override

from reconciliation.models import ListExport
from reconciliation.spreadsheets import Cell

from .cells import Column

ROWS_A_PIECE = 1_000


@dataclass
class Taken:
    """An export under way: what it is on record as, and how many rows have gone out."""

    batch: uuid.UUID
    rows: int = 0

    def finished(self) -> None:
        """Every row has gone out."""
        ListExport.objects.filter(batch=self.batch).update(rows=self.rows, finished_at=timezone.now())


def started(
    *, list_name: str, query: str, form: str, organizations: Sequence[int], by: User, now: datetime, request_id: str
) -> Taken:
    """Puts on record, before anything goes out, who takes a list of these organizations with these filters."""
    batch = uuid.uuid4()
    common = {"user": by, "batch": batch, "list_name": list_name, "query": query, "form": form, "started_at": now}
    ListExport.objects.bulk_create(
        [ListExport(organization_id=pk, request_id=request_id[:200], **common) for pk in organizations]
    )
    return Taken(batch)


def rows_of(
    *,
    queryset: QuerySet[Any],
    columns: Sequence[Column],
    complete: Callable[[list[Any]], list[Any]] | None,
    taken: Taken,
    language: str,
) -> Iterator[list[Cell]]:
    """The cells of every row in the order of their ids, read in pieces; `complete` adds to the rows of a piece."""
    rows = iter(queryset.order_by("pk").iterator(ROWS_A_PIECE))
    while piece := list(islice(rows, ROWS_A_PIECE)):
        with override(language):
            cells = list(cells_of(complete(piece) if complete else piece, columns))
        yield from cells
        taken.rows += len(cells)
    taken.finished()


def cells_of(rows: Iterable[Any], columns: Sequence[Column]) -> Iterator[list[Cell]]:
    """The cells of some rows."""
    for row in rows:
        yield [column.cell(row) for column in columns]
