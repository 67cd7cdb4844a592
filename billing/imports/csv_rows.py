"""Open a CSV file from anywhere, and read it row by row in flat memory.

What a spreadsheet writes is accepted: UTF-8 with or without a byte order mark, commas or semicolons, any line end,
blank rows. What would have to be guessed is refused with its row: other encodings, broken quotation marks, NUL bytes,
unknown or missing columns. Row numbers are those a spreadsheet shows: the header is row 1, blank rows count, a line
break inside quotation marks does not.
"""

import csv
import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from django.utils.translation import gettext as _

LINE_LIMIT = 1024 * 1024
NOTE_COLUMN = "error"
"""Rejected rows come out with this extra column; a corrected file may still carry it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one cell, for a person: spreadsheet row, column name (blank: the whole row), message, the
    cell's text.
    """

    row: int
    column: str
    message: str
    value: str = ""

    def __str__(self) -> str:
        place = _("row %(row)d") % {"row": self.row} if self.row else _("file")
        if self.column:
            place = f"{place}, {self.column}"
        return f"{place}: {self.message}"


class FileUnreadable(Exception):
    """The file as a whole cannot be read as CSV. `problem` says where and why."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its spreadsheet number, its raw cells, and what is wrong with its shape, if anything."""

    number: int
    cells: list[str]
    problem: Problem | None = None


@dataclass(slots=True)
class CsvFile:
    """An open file: `header` (column names), then `rows`, once.

    `digest` is complete when the rows are read to the end.
    """

    header: list[str]
    rows: Iterator[Row]
    digest: "hashlib._Hash" = field(repr=False)


def open_csv(
    source: BinaryIO,
    *,
    required: Collection[str],
    alternatives: Collection[tuple[str, str]] = (),
    others: bool = False,
) -> CsvFile:
    """Read the header of `source` and give its rows as an iterator.

    `required` columns must all be there, and of each pair in `alternatives` exactly one (with `others`: one or both);
    any order. With `others` further columns may be there. Raises FileUnreadable, also while the rows are read.
    """
    digest = hashlib.sha256()
    lines = _lines(source, digest)
    first = next(lines, "")
    if not first.strip():
        raise FileUnreadable(Problem(1, "", _("The file is empty. Its first row must name the columns.")))
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = _reader(first, lines, delimiter)
    header = [name.strip() for name in next(reader).cells]
    _check_header(header, required=required, alternatives=alternatives, others=others)
    return CsvFile(header=header, rows=_shaped(reader, header), digest=digest)


def _lines(source: BinaryIO, digest: "hashlib._Hash") -> Iterator[str]:
    """Decoded lines with their line ends. Line numbers are right for files without line breaks inside cells."""
    number = 0
    while raw := source.readline(LINE_LIMIT + 1):
        number += 1
        digest.update(raw)
        if number == 1:
            raw = _without_mark(raw)
        if len(raw) > LINE_LIMIT:
            raise FileUnreadable(Problem(number, "", _("The line is longer than 1 MiB. Is this a CSV file?")))
        if b"\0" in raw:
            raise FileUnreadable(
                Problem(
                    number, "", _("The line holds a NUL byte, so this is no plain text. Save the file as CSV, UTF-8.")
                )
            )
        try:
            yield raw.decode("utf-8")
        except UnicodeDecodeError as error:
            message = _(
                "The text is not UTF-8 (byte 0x%(byte)02X at position %(position)d of the line). "
                "Save the file as “CSV UTF-8” and import it again."
            ) % {"byte": raw[error.start], "position": error.start + 1}
            raise FileUnreadable(Problem(number, "", message)) from None


def _without_mark(raw: bytes) -> bytes:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileUnreadable(Problem(1, "", _("The file is UTF-16. Save it as “CSV UTF-8” and import it again.")))
    return raw.removeprefix(b"\xef\xbb\xbf")


def _reader(first: str, lines: Iterator[str], delimiter: str) -> Iterator[Row]:
    def every_line() -> Iterator[str]:
        yield first
        yield from lines

    reader = csv.reader(every_line(), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileUnreadable(Problem(number, "", _broken(str(error)))) from None
        yield Row(number, cells)


def _broken(reason: str) -> str:
    """The reader's reason in words, with what to do."""
    if "expected after" in reason:
        return _('A quotation mark inside a quoted cell is not doubled. Write it twice ("") and import the file again.')
    if "new-line" in reason:
        return _("A lone carriage return stands outside quotation marks. Save the file with ordinary line ends.")
    return _(
        'A quotation mark is opened and never closed. Close it, or write it twice ("") where it is part of the text.'
    )


def _shaped(rows: Iterator[Row], header: list[str]) -> Iterator[Row]:
    """Rows that hold anything; those that do not fit the header say so."""
    width = len(header)
    for row in rows:
        if len(row.cells) == width:
            if any(row.cells):
                yield row
        elif any(cell.strip() for cell in row.cells):
            yield Row(row.number, row.cells, _ragged(row, header))


def _ragged(row: Row, header: list[str]) -> Problem:
    width, found = len(header), len(row.cells)
    if found < width:
        message = _("The row ends before this column: it has %(found)d cells, the header has %(width)d.")
        column = header[found]
    else:
        message = _(
            "The row has %(found)d cells, the header has %(width)d. "
            "Put a cell that contains the delimiter in quotation marks (too much: %(extra)s)."
        )
        column = _("cell %(number)d") % {"number": width + 1}
    extra = ", ".join(row.cells[width:])[:200]
    return Problem(row.number, column, message % {"found": found, "width": width, "extra": extra}, extra)


def _check_header(
    header: list[str], *, required: Collection[str], alternatives: Collection[tuple[str, str]], others: bool
) -> None:
    known = {*required, NOTE_COLUMN, *(name for pair in alternatives for name in pair), *(header if others else ())}
    missing = [name for name in required if name not in header]
    missing += [
        _("%(one)s or %(other)s") % {"one": a, "other": b}
        for a, b in alternatives
        if a not in header and b not in header
    ]
    findings = [
        (_("Missing columns: %s."), missing),
        (_("Unknown columns: %s."), [name or _("(no name)") for name in header if name not in known]),
        (_("Columns named twice: %s."), sorted({name for name in header if name in known and header.count(name) > 1})),
        (
            _("Give only one of: %s."),
            [f"{a} / {b}" for a, b in alternatives if a in header and b in header and not others],
        ),
    ]
    texts = [text % ", ".join(names) for text, names in findings if names]
    if texts:
        wanted = _("Expected: %s.") % ",".join([*required, *("|".join(pair) for pair in alternatives)])
        raise FileUnreadable(Problem(1, "", " ".join([*texts, wanted])))
