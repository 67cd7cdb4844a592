"""Pages of long lists: each begins where the other ended, so that the last page costs what the first does.

A list is made of segments that stand one after the other; within a segment rows are in the order of a few columns that
an index has. Nothing is counted and nothing skipped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, When

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MARK = "~"


@dataclass(frozen=True)
class Segment:
    """Rows under a condition, in the order of `fields` ("-pk": descending); the last of them is the primary key."""

    condition: Q
    fields: tuple[str, ...]
    holds: Callable[[Any], bool] = lambda _row: True  # whether a row stands in it

    def reversed(self) -> "Segment":
        """The same rows from behind."""
        return replace(self, fields=tuple(name[1:] if name.startswith("-") else f"-{name}" for name in self.fields))

    def after(self, values: Sequence[Any]) -> "list[Segment]":
        """What follows the row with these values: first those that share the leading ones, so that each is a range."""
        parts = []
        for at in reversed(range(len(self.fields))):
            name = self.fields[at].removeprefix("-")
            compare = "lt" if self.fields[at].startswith("-") else "gt"
            shared = {self.fields[i].removeprefix("-"): values[i] for i in range(at)}
            condition = self.condition & Q(**shared, **{f"{name}__{compare}": values[at]})
            parts.append(Segment(condition, self.fields[at:], self.holds))
        return parts


@dataclass(frozen=True)
class Cursor:
    """The place of a row in a list: the number of its segment, and its values there."""

    segment: int
    values: tuple[Any, ...]

    def text(self) -> str:
        """As an address carries it."""
        return MARK.join([str(self.segment), *(_written(value) for value in self.values)])


def _written(value: Any) -> str:
    return f"t{(value - EPOCH) // timedelta(microseconds=1)}" if isinstance(value, datetime) else str(int(value))


def read_cursor(text: str, segments: Sequence[Segment]) -> Cursor | None:
    """The cursor that an address carries; None for one that does not fit the list."""
    first, *rest = text.split(MARK)
    try:
        segment = int(first)
        values = tuple(
            EPOCH + timedelta(microseconds=int(part[1:])) if part.startswith("t") else int(part) for part in rest
        )
    except (ValueError, OverflowError):
        return None
    fields = segments[segment].fields if 0 <= segment < len(segments) else ()
    fits = bool(fields) and len(values) == len(fields) and all(map(_storable, values))
    # Columns of times are called …_at; a number there, or a time elsewhere, is no place of ours.
    fits = fits and all(
        isinstance(value, datetime) == name.endswith("_at") for name, value in zip(fields, values, strict=True)
    )
    return Cursor(segment, values) if fits else None


def _storable(value: Any) -> bool:
    return isinstance(value, datetime) or abs(value) < 2**63


def number_of(row: Any, segments: Sequence[Segment]) -> int:
    """The number of the segment that a row stands in."""
    return next((number for number, segment in enumerate(segments) if segment.holds(row)), 0)


def cursor_of(row: Any, segments: Sequence[Segment]) -> Cursor:
    """The place of a row."""
    number = number_of(row, segments)
    return Cursor(number, tuple(getattr(row, name.removeprefix("-")) for name in segments[number].fields))


@dataclass(frozen=True)
class Walk:
    """How to read a list: its segments, those known to be empty, and whether so few rows match that one query may
    sort them all.
    """

    segments: Sequence[Segment]
    empty: frozenset[int] = frozenset()
    at_once: bool = False


def page_rows(
    rows: QuerySet[Any], walk: Walk, cursor: Cursor | None, size: int, *, backwards: bool = False
) -> list[Any]:
    """Up to `size` rows after `cursor`, in the list's order; `backwards`: those right before it."""
    parts = parts_of(walk, cursor, backwards=backwards)
    found: list[Any] = []
    if walk.at_once and parts:
        place = Case(
            *(When(part.condition, then=number) for number, part in enumerate(parts)), output_field=IntegerField()
        )
        wanted = reduce(or_, (part.condition for part in parts))
        ordered = rows.filter(wanted).order_by(place, *max((part.fields for part in parts), key=len))
        found = list(ordered[:size])
    else:
        for part in parts:
            if len(found) < size:
                found += rows.filter(part.condition).order_by(*part.fields)[: size - len(found)]
    return found[::-1] if backwards else found


def parts_of(walk: Walk, cursor: Cursor | None, *, backwards: bool) -> list[Segment]:
    """The ranges to read, in the order of reading."""
    numbers = [number for number in range(len(walk.segments)) if number not in walk.empty]
    parts: list[Segment] = []
    for number in reversed(numbers) if backwards else numbers:
        segment = walk.segments[number].reversed() if backwards else walk.segments[number]
        if cursor is None or (number < cursor.segment if backwards else number > cursor.segment):
            parts.append(segment)
        elif number == cursor.segment:
            parts += segment.after(cursor.values)
    return parts
