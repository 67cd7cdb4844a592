"""`manage.py workflow_diagram`: docs/workflow.md, made from the workflow's table."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from reconciliation.workflow.diagram import diagram

DOCUMENT = "docs/workflow.md"


class Command(BaseCommand):
    """Writes the document; with `--check` only tells whether it is what the table says."""

    help = _("Write the state diagram of discrepancies from the workflow's table.")
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where, and whether to write at all."""
        parser.add_argument("--output", type=Path, default=Path(settings.BASE_DIR) / DOCUMENT)
        parser.add_argument("--check", action="store_true", help=_("write nothing; fail when the document differs"))

    def handle(self, *args: Any, output: Path, check: bool, **options: Any) -> None:
        """Exit code 1 for a document that differs."""
        text = diagram()
        if check:
            if not output.is_file() or output.read_text(encoding="utf-8") != text:
                raise CommandError(_("%s is not what the table says. Run manage.py workflow_diagram.") % output)
            return
        output.write_text(text, encoding="utf-8")
        self.stderr.write(_("Wrote %s.") % output)
