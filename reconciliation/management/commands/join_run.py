"""`manage.py join_run`: take parts of a large run that another process has begun."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from reconciliation.models import ReconciliationRun
from reconciliation.runs.shards import join, started


class Command(BaseCommand):
    """Works parts of a run until it has ended."""

    help = _("Takes parts of a large run that another process has begun, until it has ended.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which run."""
        parser.add_argument("run", type=int, metavar="RUN", help=_("its number, such as 12 for R-12"))

    def handle(self, *_args: Any, **options: Any) -> None:
        """Helps; exit code 2 for a run that has no parts to take."""
        run = ReconciliationRun.objects.select_related("organization").filter(pk=options["run"]).first()
        if run is None or not started(run):
            text = _("R-%s has no parts to take: it is not under way, or small enough for one process.")
            raise CommandError(text % options["run"], returncode=2)
        self.stdout.write(join(run=run, now=timezone.now(), wait=True))
