"""Pages of lists: newest first, each beginning where the other ended; nothing is counted and nothing is skipped."""

from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from billing.admin.keyset import Cursor, Segment, Walk, cursor_of, page_rows, read_cursor

USUAL, MOST = 50, 200
WALK: Final = Walk((Segment(Q(), ("-pk",)),))


def newest_first(rows: QuerySet[Any], request: Request) -> tuple[list[Any], str | None]:
    """The page that `cursor` and `page_size` ask for, and the cursor of the next one (None on the last).

    Raises ValidationError for a cursor or a size that makes no sense.
    """
    size = size_of(request.query_params.get("page_size", ""))
    found = page_rows(rows, WALK, cursor_from(request.query_params.get("cursor", "")), size + 1)
    page = found[:size]
    return page, cursor_of(page[-1], WALK.segments).text() if len(found) > size else None


def size_of(text: str) -> int:
    """How many rows a page has. Raises ValidationError."""
    if not text:
        return USUAL
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
    if not 1 <= number <= MOST:
        raise ValidationError({"page_size": [_("Ask for 1 to %d rows.") % MOST]})
    return number


def cursor_from(text: str) -> Cursor | None:
    """Where the page begins. Raises ValidationError for a text that is no cursor of ours."""
    if not text:
        return None
    cursor = read_cursor(text, WALK.segments) if len(text) < 50 else None
    if cursor is None or not isinstance(cursor.values[0], int):
        raise ValidationError({"cursor": [_("This is no cursor. Take it from meta.next_cursor, unchanged.")]})
    return cursor
