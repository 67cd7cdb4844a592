"""What an import command shows: problems and summary as tables for people, one object for machines."""

from typing import Any

from django.utils.translation import gettext as _
from rich.console import Console
from rich.table import Table
from rich.text import Text

from billing.imports.importing import ImportResult


def print_problems(console: Console, result: ImportResult) -> None:
    """The problems as a table: the first fifty, and how many there are."""
    table = Table(title=_("%d problems") % result.problem_count, title_justify="left")
    for name in (_("Row"), _("Column"), _("What is wrong"), _("Value")):
        table.add_column(name, overflow="fold")
    for problem in result.problems:
        table.add_row(*(Text(text) for text in (str(problem.row), problem.column, problem.message, problem.value[:60])))
    console.print(table)
    more = result.problem_count - len(result.problems)
    if more > 0:
        console.print(_("… and %d more. Use --errors FILE.csv to write them all.") % more, markup=False)


def print_summary(console: Console, result: ImportResult, seconds: float) -> None:
    """What the import did, as a table."""
    table = Table()
    for name in (_("Rows read"), _("New"), _("Changed"), _("Unchanged"), _("Rejected"), _("Seconds")):
        table.add_column(name, justify="right")
    figures = (result.rows, result.created, result.changed, result.unchanged, result.rejected)
    table.add_row(*(f"{figure:,}" for figure in figures), f"{seconds:.1f}")
    console.print(table)


def as_json(kind: str, options: dict[str, Any], result: ImportResult, refused: bool, seconds: float) -> dict[str, Any]:
    """The summary for machines: counts in rows, the first fifty problems."""
    return {
        "import": kind,
        "organization": options["organization"],
        "file": options["file"],
        "status": "refused" if refused else "ok",
        "rows": result.rows,
        "created": 0 if refused else result.created,
        "changed": 0 if refused else result.changed,
        "unchanged": 0 if refused else result.unchanged,
        "rejected": result.rejected,
        "problems": result.problem_count,
        "errors": [{"row": p.row, "column": p.column, "message": p.message, "value": p.value} for p in result.problems],
        "batch": None if refused else result.batch_id,
        "seconds": round(seconds, 3),
    }
