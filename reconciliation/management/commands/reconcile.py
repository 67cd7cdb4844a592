"""`manage.py reconcile`: lay two sides next to each other and explain every difference."""

import json
import sys
from argparse import ArgumentParser
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from billing.days import may_be_asked_for
from billing.models import Organization
from reconciliation.comparisons import COMPARISONS
from reconciliation.management.helpers import Helpers
from reconciliation.management.summary import as_json, console_for, print_summary
from reconciliation.runs import RunInProgress, RunResult, reconcile
from reconciliation.runs.leases import LeaseHeld
from reconciliation.wording import stage_words

EXIT = {"ok": 0, "break": 1, "error": 2}


def day_start(text: str, zone: ZoneInfo) -> datetime:
    """Midnight of an ISO date in `zone`, as a time that compares with others; raises CommandError for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(_("“%s” is not a date. Write it as 2026-11-01.") % text, returncode=2) from error
    if not may_be_asked_for(day):
        raise CommandError(_("Choose a day between 2000 and 2199."), returncode=2)
    return datetime.combine(day, time.min, zone).astimezone(UTC)


class Command(BaseCommand):
    """Reconciles a period; exit code 0 ok, 1 break, 2 error."""

    help = _("Reconciles a period of an organization. Exit code: 0 ok, 1 break, 2 error.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which organization, comparison and period."""
        parser.add_argument("--organization", required=True, metavar="SLUG")
        parser.add_argument("--comparison", default="payments", choices=sorted(COMPARISONS))
        parser.add_argument(
            "--from", dest="start", required=True, metavar="DATE", help=_("first day, in its time zone")
        )
        parser.add_argument("--to", dest="end", required=True, metavar="DATE", help=_("the day after the last one"))
        parser.add_argument("--json", action="store_true", help=_("one JSON object on standard output"))
        parser.add_argument("--full", action="store_true", help=_("match everything again, not only what changed"))
        parser.add_argument(
            "--workers", type=int, default=1, metavar="N", help=_("processes that share a large run (1)")
        )
        parser.add_argument("--dry-run", action="store_true", help=_("show what would change, write nothing"))

    def handle(self, *_args: Any, **options: Any) -> None:
        """Runs and reports."""
        organization = Organization.objects.filter(slug=options["organization"]).first()
        if organization is None:
            known = ", ".join(Organization.objects.values_list("slug", flat=True)) or _("none yet")
            values = {"slug": options["organization"], "known": known}
            raise CommandError(_("There is no organization “%(slug)s”. Known: %(known)s.") % values, returncode=2)
        zone = ZoneInfo(organization.timezone)
        start, end = day_start(options["start"], zone), day_start(options["end"], zone)
        if start >= end:
            raise CommandError(
                _("--to must be a later day than --from; it is the first day not compared."), returncode=2
            )
        try:
            result = self.with_progress(organization, start, end, options)
        except (LeaseHeld, RunInProgress) as busy:
            raise CommandError(str(busy), returncode=2) from busy
        if options["json"]:
            self.stdout.write(json.dumps(as_json(result), ensure_ascii=False))
        else:
            print_summary(result, console_for(self.stdout))
        if EXIT[result.status]:
            sys.exit(EXIT[result.status])

    def with_progress(self, organization: Organization, start: datetime, end: datetime, options: Any) -> RunResult:
        """The run, with a bar on standard error."""
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        bar = Progress(*columns, console=Console(stderr=True), transient=True)
        with bar, Helpers(options["workers"] - 1, organization) as helpers:
            task = bar.add_task(_("Starting"), total=100)

            def tell(stage: str, percent: int) -> None:
                bar.update(task, description=stage_words(stage), completed=percent)
                helpers.told(stage)

            return reconcile(
                organization=organization, comparison=options["comparison"], start=start, end=end, by=None,
                now=timezone.now(), dry_run=options["dry_run"], full=options["full"],
                progress=tell,
            )  # fmt: skip
