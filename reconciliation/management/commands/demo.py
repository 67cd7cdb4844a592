"""manage.py demo: recorded Stripe payments, a generated month, and a shop fetched from a stand-in for Stripe."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from billing.management.importing import COMMAND_LINE, as_file
from billing.management.refusals import Refused
from billing.models import Organization
from billing.sample.loading import SLUGS, Loaded, load_month, load_recorded
from reconciliation.causes import look_for
from reconciliation.comparisons import COMPARISONS
from reconciliation.management.demo_people import Login, ensure_people
from reconciliation.management.demo_stripe import SLUG, load_shop
from reconciliation.management.summary import console_for, print_job, print_summary
from reconciliation.models import ReconciliationRun, SyncJob
from reconciliation.models.runs import COMPARISONS as COMPARISON_WORDS
from reconciliation.runs import RunInProgress, RunResult, reconcile
from reconciliation.runs.leases import LeaseHeld
from reconciliation.wording import stage_words

DEMO_PASSWORD = "tieout-demo"  # noqa: S105 - printed by the command, and used in local mode only
PAYMENTS = 4_000


class Command(BaseCommand):
    """Fills the database with sample records once, reconciles them, and prints the logins. Safe to repeat."""

    help = _("Load the demo data, reconcile it, print the logins. A second time changes nothing.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options; none is needed."""
        parser.add_argument("--payments", type=_count, default=PAYMENTS, help=_("payments in the month (4,000)"))
        parser.add_argument(
            "--no-stripe", action="store_true", help=_("leave out the shop that is fetched from a stand-in for Stripe")
        )
        parser.add_argument(
            "--force", action="store_true", help=_("also outside local mode, beside real organizations")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, reconcile, report; exit code 2 when refused or when a run ended in an error."""
        if not options["force"]:
            _refuse_beside_real_data()
        # A password everybody knows is for loopback only.
        password = DEMO_PASSWORD if settings.LOCAL_MODE else secrets.token_urlsafe(15)
        out = console_for(as_file(self.stdout))
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(file=as_file(self.stderr)), transient=True) as bar:
            task = bar.add_task(_("Starting"), total=None)
            loaded, jobs = _load(options["payments"], bar, task, stripe=not options["no_stripe"])
            results = [(one, name, _reconcile(one, name, bar, task)) for one in loaded for name in _comparisons(one)]
            for one in loaded:
                look_for(organization=one.organization, now=timezone.now())
            logins = ensure_people(organizations=[one.organization for one in loaded], password=password)
        for job in jobs:
            print_job(job, out)
        for one, name, result in results:
            out.rule(f"{one.organization.name}: {dict(COMPARISON_WORDS)[name]}")
            print_summary(result, out)
            if result.run is None:
                out.print(_("Reconciled before, and nothing has changed since: nothing was written."))
        out.rule(_("Logins"))
        out.print(logins_table(logins))
        if any(result.status == "error" for _one, _name, result in results) or any(job.error for job in jobs):
            raise Refused(_("A run of the demo ended in an error; see above."))


def _count(text: str) -> int:
    """A size the month can be generated in; each scenario needs its share."""
    number = int(text)
    if not 100 <= number <= 1_000_000:
        raise ValueError(text)
    return number


def _refuse_beside_real_data() -> None:
    if not settings.LOCAL_MODE:
        raise Refused(_("This is not local mode (TIEOUT_MODE). Use --force to load demo data all the same."))
    foreign = Organization.objects.exclude(slug__in=[*SLUGS, SLUG]).values_list("slug", flat=True)[:5]
    if foreign:
        raise Refused(
            _("This database holds other organizations: %s. Use --force to load demo data beside them.")
            % ", ".join(foreign)
        )


def _comparisons(loaded: Loaded) -> list[str]:
    """The comparisons that have something to compare in the period."""
    return [
        name
        for name, one in COMPARISONS.items()
        if any(one.members(loaded.organization, side, loaded.start, loaded.end).exists() for side in ("left", "right"))
    ]


def _load(payments: int, bar: Progress, task: TaskID, *, stripe: bool) -> tuple[list[Loaded], list[SyncJob]]:
    """Every organization of the demo, and the jobs that fetched one of them from the stand-in for Stripe."""
    now = timezone.now()

    def say(text: str) -> None:
        bar.update(task, description=text)

    files = [
        load_recorded(by=COMMAND_LINE, now=now, say=say),
        load_month(by=COMMAND_LINE, now=now, payments=payments, say=say),
    ]
    if not stripe:
        return files, []
    shop = load_shop(now=now, clock=timezone.now, say=say)
    return [*files, shop.loaded], shop.jobs


def _reconcile(loaded: Loaded, comparison: str, bar: Progress, task: TaskID) -> RunResult:
    """A run; where one has ended already, a rehearsal, and a new run only if that would change anything."""

    def run(*, dry_run: bool) -> RunResult:
        return reconcile(
            organization=loaded.organization,
            comparison=comparison,
            start=loaded.start,
            end=loaded.end,
            by=None,
            now=timezone.now(),
            dry_run=dry_run,
            progress=lambda stage, percent: bar.update(
                task, description=f"{loaded.organization.name}: {stage_words(stage)}", completed=percent, total=100
            ),
        )

    ended = ReconciliationRun.objects.filter(
        organization=loaded.organization,
        comparison=comparison,
        period_start=loaded.start,
        period_end=loaded.end,
        status__in=["ok", "break"],
    )
    try:
        if ended.exists():
            rehearsed = run(dry_run=True)
            if not any(rehearsed.written.values()):
                return rehearsed
        return run(dry_run=False)
    except (LeaseHeld, RunInProgress) as busy:
        raise Refused(str(busy)) from None


def logins_table(logins: list[Login]) -> Table:
    """Who can log in, and with what."""
    table = Table()
    for heading in (_("User"), _("Role"), _("Password")):
        table.add_column(heading)
    for login in logins:
        table.add_row(login.username, login.role, login.password or _("(changed since)"))
    return table
