"""Tables as CSV and as workbooks. Numbers are numbers, times ISO 8601 in UTC, and no text is ever a formula.

A spreadsheet program runs a cell that begins with one of a few characters, and so does one that splits a CSV file at
another separator than the comma. Text from outside gets an apostrophe before any of them, as OWASP's page on CSV
injection advises.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from billing.money import UnknownCurrency, stripe_exponent

# At the start, and after what other programs or languages take for the end of a cell.
FORMULA = re.compile(r"(^|[;\t\r\n|])(\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
LEADING = re.compile(r"^(?=[\t\r\n\u00a0\ufeff])")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
LONGEST_CELL = 32_000  # a workbook's cell holds 32,767 characters
SHEET_ROWS = 1_048_576


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of a currency; a cell shows it in the currency's own units, exactly."""

    amount_minor: int
    currency: str

    @property
    def digits(self) -> int:
        """How many decimals the currency has; none for one that is not known."""
        try:
            return stripe_exponent(self.currency)
        except UnknownCurrency:
            return 0

    def decimal(self) -> Decimal:
        """The amount in the currency's own units."""
        return Decimal(self.amount_minor).scaleb(-self.digits)


Cell = str | int | Money | datetime | None


@dataclass(frozen=True)
class Sheet:
    """A table with its name and its headings; `widths` in characters."""

    name: str
    head: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    widths: Sequence[int] = ()


def inert(text: str) -> str:
    """`text` that no spreadsheet program takes for a formula; control characters, which no cell can hold, are
    replaced.
    """
    shown = CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    return LEADING.sub("'", FORMULA.sub(r"\1\2'", shown))


def time_text(moment: datetime) -> str:
    """An aware time in UTC: 2026-10-03T09:31:00Z, with the fraction of a second where there is one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def plain(cell: Cell) -> str | int:
    """A cell as CSV writes it."""
    if cell is None:
        return ""
    if isinstance(cell, Money):
        return f"{cell.decimal():f}"
    if isinstance(cell, datetime):
        return time_text(cell)
    return inert(cell) if isinstance(cell, str) else cell


class Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        """The text."""
        return text


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """A CSV file (RFC 4180), line by line."""
    writer = csv.writer(Echo())
    yield writer.writerow([inert(name) for name in head])
    for row in rows:
        yield writer.writerow([plain(cell) for cell in row])


def workbook(sheets: Iterable[Sheet]) -> IO[bytes]:
    """An XLSX workbook in a temporary file, at its beginning. Rows are written as they come, none is kept.

    What does not fit on a sheet goes on on another one of the same name and a number.
    """
    book = Workbook(write_only=True)
    for sheet in sheets:
        _write_sheet(book, sheet)
    file = TemporaryFile()  # noqa: SIM115 - the answer to a request reads and closes it
    book.save(file)
    file.seek(0)
    return file


def _write_sheet(book: Any, sheet: Sheet) -> None:
    rows = iter(sheet.rows)
    for part in range(1, 1_000):
        page = book.create_sheet(sheet.name if part == 1 else f"{sheet.name} {part}")
        page.freeze_panes = "A2"
        for number, width in enumerate(sheet.widths, start=1):
            page.column_dimensions[chr(64 + number)].width = width
        page.append([_text(page, name, bold=True) for name in sheet.head])
        written = 1
        for row in rows:
            page.append([_cell(page, cell) for cell in row])
            written += 1
            if written == SHEET_ROWS:
                break
        else:
            return


def _text(page: Any, text: str, *, bold: bool = False) -> Any:
    cell = WriteOnlyCell(page, value=inert(text)[:LONGEST_CELL])
    cell.data_type = "s"  # whatever it looks like
    if bold:
        cell.font = Font(bold=True)
    return cell


def _cell(page: Any, cell: Cell) -> Any:
    """A cell of a workbook; amounts with the decimals of their currency."""
    if cell is None or isinstance(cell, int):
        return cell
    if isinstance(cell, Money):
        made = WriteOnlyCell(page, value=cell.decimal())
        made.number_format = "#,##0." + "0" * cell.digits if cell.digits else "#,##0"
        return made
    return _text(page, time_text(cell) if isinstance(cell, datetime) else cell)
