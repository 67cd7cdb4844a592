"""`manage.py compile_catalogues`: the translations, in the form that Django reads."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from config.catalogues import compile_catalogues, update_catalogue


class Command(BaseCommand):
    """Compiles each catalogue that is newer than its compiled form; with `--update`, first collects new texts."""

    help = _("Compile the translations. Does nothing where they are up to date.")
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One option, for whoever writes texts."""
        parser.add_argument(
            "--update", action="store_true", help=_("first add new texts of the source to the catalogue, drop old ones")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was done, on standard error."""
        if options["update"]:
            added, dropped = update_catalogue(settings.BASE_DIR)
            for mark, texts in (("+", added), ("−", dropped)):
                for text in texts:
                    self.stderr.write(f"{mark} {text}")
        for path in compile_catalogues(settings.BASE_DIR):
            if options["verbosity"]:
                self.stderr.write(_("Compiled %s.") % path.relative_to(settings.BASE_DIR))
