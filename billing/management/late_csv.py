"""CSV files that commands write beside an import: rejected rows, problems.

They appear whole, at the end, or not at all.
"""

import csv
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from django.utils.translation import gettext as _

from billing.imports.csv_rows import NOTE_COLUMN, Problem
from billing.management.refusals import Refused

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class LateCsv:
    """Rows for a file that appears only when there are any, and only at the end, whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - lives until finish()
            "w", encoding="utf-8", newline="", dir=path.parent, prefix=f".{path.name}.", delete=False
        )
        self._csv = csv.writer(self._file, lineterminator="\n")
        self.rows = 0

    def write(self, header: list[str], cells: list[str]) -> None:
        """Add a row, before the first one the header."""
        if not self.rows:
            self._csv.writerow(header)
        self._csv.writerow(cells)
        self.rows += 1

    def clear(self) -> None:
        """Forget the rows: the file will not appear."""
        self.rows = 0

    def finish(self, keep: bool) -> None:
        """Put the file in its place, or away."""
        self._file.close()
        if keep and self.rows:
            Path(self._file.name).replace(self._path)
        else:
            Path(self._file.name).unlink()


class NoCsv(LateCsv):
    """No file was asked for."""

    def __init__(self) -> None:
        self.rows = 0

    def write(self, header: list[str], cells: list[str]) -> None:
        """Nothing to keep."""


@contextmanager
def csv_writer(path: str | Path | None, source: str) -> Iterator[LateCsv]:
    """A CSV file at `path` that appears at the end without an error, if rows came; raises Refused when it cannot be
    written.
    """
    if path is None:
        yield NoCsv()
        return
    target = Path(path)
    if source != "-" and target.resolve() == Path(source).resolve():
        raise Refused(_("%s is the file to import. Choose another name to write to.") % target)
    try:
        late = LateCsv(target)
    except OSError as error:
        raise Refused(
            _("%(file)s cannot be written: %(reason)s.") % {"file": target, "reason": error.strerror}
        ) from None
    kept = False
    try:
        yield late
        kept = True
    finally:
        late.finish(kept)


def problem_writer(errors: LateCsv) -> Callable[[Problem], None]:
    """A listener that writes problems as rows; text that a spreadsheet would calculate is made inert."""

    def write(problem: Problem) -> None:
        value = f"'{problem.value}" if problem.value.startswith(FORMULA_STARTS) else problem.value
        errors.write(["row", "column", "error", "value"], [str(problem.row), problem.column, problem.message, value])

    return write


def reject_writer(rejected: LateCsv) -> Callable[[list[str], list[str], str], None]:
    """A listener that writes rejected rows as they were, so that they can be corrected and imported, plus what is
    wrong.
    """

    def write(header: list[str], cells: list[str], message: str) -> None:
        columns = [name for name in header if name != NOTE_COLUMN]
        by_name = dict(zip(header, cells, strict=False))
        beyond = cells[len(header) :]  # kept, so that the row is refused again until somebody has put it right
        rejected.write([*columns, NOTE_COLUMN], [*(by_name.get(name, "") for name in columns), message, *beyond])

    return write
