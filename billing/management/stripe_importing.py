"""What the imports of Stripe events and objects share on the command line."""

import json
import time
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from django.core.management.base import BaseCommand
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from billing.imports.importing import ImportRefused, ImportResult, Listener
from billing.imports.stripe_files import StripeImportResult
from billing.management.importing import as_file, find_organization, opened, readable
from billing.management.refusals import Refused
from billing.models import Organization


class StripeImportCommand(BaseCommand):
    """Base of the commands that import Stripe's JSON; subclasses say what is imported."""

    kind: ClassVar[str]
    file_name: ClassVar[str]
    requires_migrations_checks = True

    def run(
        self,
        *,
        options: dict[str, Any],
        organization: Organization,
        file: BinaryIO,
        filename: str,
        now: datetime,
        listener: Listener,
    ) -> StripeImportResult:
        """Import `file`; raises ImportRefused."""
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        """File, organization, form of the summary."""
        parser.add_argument("file", metavar=self.file_name, help=_("the file to import; - reads standard input"))
        parser.add_argument("--organization", required=True, metavar="SLUG", help=_("whose records they are"))
        parser.add_argument("--json", action="store_true", help=_("print the summary as one JSON object"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, show what became of it; exit code 2 when the file was refused."""
        started = time.monotonic()
        organization = find_organization(options["organization"])
        result: ImportResult
        with opened(options["file"]) as file:
            try:
                result, refused = self._import(options, organization, file), False
            except ImportRefused as error:
                result, refused = error.result, True
            except DatabaseError as error:
                raise Refused(_("The database refused: %s. Nothing was imported.") % error) from None
        self._report(options, result, refused, time.monotonic() - started)

    def _import(self, options: dict[str, Any], organization: Organization, file: BinaryIO) -> StripeImportResult:
        console = Console(file=as_file(self.stderr), stderr=True)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
            task = bars.add_task(_("Reading"), total=None)

            def progress(rows: int) -> None:
                bars.update(task, description=_("%(rows)s read") % {"rows": f"{rows:,}"})

            return self.run(
                options=options,
                organization=organization,
                file=file,
                filename=readable(Path(options["file"]).name),
                now=timezone.now(),
                listener=Listener(progress=progress),
            )

    def _report(self, options: dict[str, Any], result: ImportResult, refused: bool, seconds: float) -> None:
        err = Console(file=as_file(self.stderr), stderr=True)
        if result.problems:
            err.print(problem_table(result))
        if isinstance(result, StripeImportResult) and result.unusable and not refused:
            print_unusable(err, result)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(self.kind, options, result, refused, seconds), ensure_ascii=False))
        elif not refused and isinstance(result, StripeImportResult):
            out = Console(file=as_file(self.stdout))
            out.print(summary_table(result, seconds))
            if result.batch_id is None:
                out.print(_("Nothing new: all of this was known already."), markup=False)
        if refused:
            raise Refused(
                _("Problems found: %(count)d. Nothing was imported; correct the file and import it again.")
                % {"count": result.problem_count}
            )


def problem_table(result: ImportResult) -> Table:
    """The first problems, by line or position in the file."""
    table = Table(title=_("%d problems") % result.problem_count, title_justify="left")
    for name in (_("Line or position"), _("Key"), _("What is wrong"), _("Id")):
        table.add_column(name, overflow="fold")
    for problem in result.problems:
        place = str(problem.row or "")
        table.add_row(*(Text(text) for text in (place, problem.column[:60], problem.message, problem.value[:60])))
    return table


def print_unusable(console: Console, result: StripeImportResult) -> None:
    """Which objects are stored but make no record."""
    console.print(_("Stored, but no record can be made of them: %d.") % result.unusable_count, markup=False)
    for message in result.unusable:
        console.print(Text(f"  {message}"))


def summary_table(result: StripeImportResult, seconds: float) -> Table:
    """What the import did."""
    table = Table()
    names = (_("Read"), _("New"), _("Known already"), _("New records"), _("Changed records"), _("Seconds"))
    for name in names:
        table.add_column(name, justify="right")
    figures = (result.rows, result.created, result.unchanged, result.records_created, result.records_changed)
    table.add_row(*(f"{figure:,}" for figure in figures), f"{seconds:.1f}")
    return table


def as_json(kind: str, options: dict[str, Any], result: ImportResult, refused: bool, seconds: float) -> dict[str, Any]:
    """The summary for machines; all counts of what was written are 0 when the file was refused."""
    done = result if isinstance(result, StripeImportResult) and not refused else StripeImportResult()
    return {
        "import": kind,
        "organization": options["organization"],
        "file": options["file"],
        "status": "refused" if refused else "ok",
        "rows": result.rows,
        "created": done.created,
        "unchanged": done.unchanged,
        "records": {"created": done.records_created, "changed": done.records_changed},
        "unusable": done.unusable_count,
        "unusable_objects": done.unusable,
        "problems": result.problem_count,
        "errors": [{"row": p.row, "key": p.column, "message": p.message, "id": p.value} for p in result.problems],
        "batch": done.batch_id,
        "seconds": round(seconds, 3),
    }
