"""manage.py import_statements FILE --organization SLUG [--json]"""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _
from rich.console import Console

from billing.imports.importing import ImportRefused, ImportResult, Listener
from billing.imports.statement_files import KIND, StatementImportResult, import_statements
from billing.management.fetching import print_figures, progress
from billing.management.import_output import as_json, print_problems
from billing.management.importing import COMMAND_LINE, as_file, find_organization, opened, readable
from billing.management.refusals import Refused
from billing.models import Organization


class Command(BaseCommand):
    """Imports statement lines from a file."""

    help = _(
        "Import statement lines: Stripe's report “balance change from activity”, itemised (CSV), or balance "
        "transactions (a JSON list, one object a line, or objects by id), their source expanded or a bare id."
    )
    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """File, organization, form of the summary."""
        parser.add_argument("file", metavar="FILE", help=_("the file to import; - reads standard input"))
        parser.add_argument("--organization", required=True, metavar="SLUG", help=_("whose statement it is"))
        parser.add_argument("--json", action="store_true", help=_("print the summary as one JSON object"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, show what became of it; exit code 2 when the file was refused."""
        started = time.monotonic()
        organization = find_organization(options["organization"])
        result: ImportResult
        try:
            result, refused = self._import(options, organization), False
        except ImportRefused as error:
            result, refused = error.result, True
        except DatabaseError as error:
            raise Refused(_("The database refused: %s. Nothing was imported.") % error) from None
        seconds = time.monotonic() - started
        if result.problems:
            print_problems(Console(file=as_file(self.stderr)), result)
        told = as_json(KIND, options, result, refused, seconds) | _more(result, refused)
        if options["json"]:
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        elif not refused:
            print_figures(Console(file=as_file(self.stdout)), {name: told[name] for name in told if name != "errors"})
        if refused:
            raise Refused(
                _("Problems found: %(count)d. Nothing was imported; correct the file and import it again.")
                % {"count": result.problem_count}
            )

    def _import(self, options: dict[str, Any], organization: Organization) -> StatementImportResult:
        with opened(options["file"]) as file, progress(as_file(self.stderr)) as say:
            return import_statements(
                organization=organization,
                file=file,
                filename=readable(Path(options["file"]).name),
                by=COMMAND_LINE,
                now=timezone.now(),
                listener=Listener(progress=lambda rows: say(_("%(rows)s rows read") % {"rows": f"{rows:,}"})),
            )


def _more(result: ImportResult, refused: bool) -> dict[str, Any]:
    """Figures that only statement files have."""
    done = result if isinstance(result, StatementImportResult) and not refused else StatementImportResult()
    return {
        "unattached": done.unattached,
        "unclassified": done.unclassified,
        "other_objects": done.skipped,
        "ingestion": done.fetch_id,
    }
