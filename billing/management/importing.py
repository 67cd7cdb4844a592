"""What every file import shares on the command line: arguments, progress, the table of problems, the summary, exit
codes.
"""

import json
import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, TextIO

from django.core.management.base import BaseCommand, OutputWrapper
from django.db import DatabaseError, IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from billing.imports.importing import ImportRefused, ImportResult, Listener
from billing.management.import_output import as_json, print_problems, print_summary
from billing.management.late_csv import csv_writer, problem_writer, reject_writer
from billing.management.refusals import Refused
from billing.models import Organization

COMMAND_LINE = "command line"
"""Who imported, as stored with the batch."""


def find_organization(slug: str) -> Organization:
    """The organization of that short name; raises Refused, which lists the known ones."""
    organization = Organization.objects.filter(slug=slug).first()
    if organization is None:
        known = ", ".join(Organization.objects.values_list("slug", flat=True)[:20])
        hint = (
            _("Known: %s.") % known
            if known
            else _("There is none yet: create one with “manage.py create_organization”.")
        )
        raise Refused(_("There is no organization “%s”.") % slug + " " + hint)
    return organization


def readable(name: str) -> str:
    """A file's name as text: names on disk are bytes; one that is not UTF-8 can be neither stored nor printed."""
    return os.fsencode(name).decode(errors="replace")


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """The file `name` for reading bytes, “-” for standard input; raises Refused when it cannot be opened."""
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - opened here for its errors, closed below
    except OSError as error:
        raise Refused(_("%(file)s cannot be read: %(reason)s.") % {"file": name, "reason": error.strerror}) from None
    with file:
        yield file


class ImportCommand(BaseCommand):
    """Base of the commands that import a CSV file; subclasses say what is imported."""

    kind: ClassVar[str]
    requires_migrations_checks = True

    def run(
        self, *, options: dict[str, Any], organization: Organization, file: BinaryIO, filename: str, now: datetime,
        listener: Listener,
    ) -> ImportResult:  # fmt: skip
        """Import `file`; raises ImportRefused."""
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Arguments of every import."""
        parser.add_argument("file", metavar="FILE.csv", help=_("the file to import; - reads standard input"))
        parser.add_argument("--organization", required=True, metavar="SLUG", help=_("whose records they are"))
        parser.add_argument(
            "--partial",
            nargs="?",
            const="",
            metavar="REJECTS.csv",
            help=_("import the good rows; write the others, with what is wrong, to REJECTS.csv (FILE.rejects.csv)"),
        )
        parser.add_argument("--errors", metavar="ERRORS.csv", help=_("write every problem to this file"))
        parser.add_argument("--json", action="store_true", help=_("print the summary as one JSON object"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the file, report, and end with exit code 0, or 2 when nothing was imported."""
        started = time.monotonic()
        organization = find_organization(options["organization"])
        name = options["file"]
        partial = options["partial"] is not None
        rejects = rejects_path(name, options["partial"]) if partial else None
        with ExitStack() as stack:
            file = stack.enter_context(opened(name))
            rejected = stack.enter_context(csv_writer(rejects, name))
            errors = stack.enter_context(csv_writer(options["errors"], name))
            progress = stack.enter_context(self._progress(file, name))
            listener = Listener(progress=progress, problem=problem_writer(errors), rejected=reject_writer(rejected))
            try:
                result = self.run(
                    options=options, organization=organization, file=file, filename=readable(Path(name).name),
                    now=timezone.now(), listener=listener,
                )  # fmt: skip
                refused = False
            except ImportRefused as error:
                result, refused = error.result, True
                rejected.clear()
            except IntegrityError:
                raise Refused(
                    _("Someone else wrote the same records meanwhile. Nothing was imported; run the import again.")
                ) from None
            except DatabaseError as error:
                raise Refused(_("The database refused: %s. Nothing was imported.") % error) from None
        self._report(options, result, refused, rejects, time.monotonic() - started)

    @contextmanager
    def _progress(self, file: BinaryIO, name: str) -> Iterator[Any]:
        size = os.fstat(file.fileno()).st_size if name != "-" else None
        console = Console(file=as_file(self.stderr))
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
            task = bars.add_task(_("Reading"), total=size)
            yield lambda rows: bars.update(
                task,
                completed=file.tell() if size else None,
                description=_("%(rows)s rows read") % {"rows": f"{rows:,}"},
            )

    def _report(
        self, options: dict[str, Any], result: ImportResult, refused: bool, rejects: Path | None, seconds: float
    ) -> None:
        err = Console(file=as_file(self.stderr))
        if result.problems:
            print_problems(err, result)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(self.kind, options, result, refused, seconds), ensure_ascii=False))
        elif not refused:
            print_summary(Console(file=as_file(self.stdout)), result, seconds)
        if result.rejected and rejects and not refused:
            err.print(_("Rejected rows are in %s. Correct them and import that file.") % rejects, markup=False)
        if refused:
            raise Refused(
                _(
                    "%(count)d problems: nothing was imported. "
                    "Correct the file, or use --partial to import the good rows."
                )
                % {"count": result.problem_count}
            )


def as_file(stream: OutputWrapper) -> TextIO:
    """The stream Django wraps for a command: the real one, or the one a caller gave."""
    inner: TextIO = getattr(stream, "_out")  # noqa: B009 - typed nowhere  # the wrapper adds line ends of its own to every piece
    return inner


def rejects_path(name: str, given: str) -> Path:
    """Where rejected rows go: as given, else FILE.rejects.csv beside the file (for standard input: rejects.csv)."""
    if given:
        return Path(given)
    return Path("rejects.csv") if name == "-" else Path(name).with_suffix(".rejects.csv")
