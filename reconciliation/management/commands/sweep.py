"""manage.py sweep [--organization SLUG …] [--json]: what the worker does every hour, here and now."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from billing.management.fetching import progress
from billing.management.importing import as_file, find_organization
from billing.models import Organization
from reconciliation.management.summary import console_for, print_job
from reconciliation.models import SyncJob
from reconciliation.sweep_tasks import from_settings
from reconciliation.sweeping import JobLost, open_job, work_job
from reconciliation.sweeping.words import step_words

FAILED = 2


class Command(BaseCommand):
    """Sweeps one organization or all of them; exit code 0 done, 2 when something failed."""

    help = _(
        "Fetch what Stripe has for each organization with a key (events, invoices, statement lines, disputes, payouts) "
        "and reconcile every comparison, as the worker does every hour. Exit code: 0 done, 2 when a step failed."
    )
    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which organizations; all without any."""
        parser.add_argument("--organization", action="append", metavar="SLUG", help=_("one of them (may be repeated)"))
        parser.add_argument("--json", action="store_true", help=_("print one JSON object"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep and report."""
        slugs = options["organization"]
        chosen = [find_organization(slug) for slug in slugs] if slugs else list(Organization.objects.order_by("slug"))
        with progress(as_file(self.stderr)) as say:
            jobs = [self.sweep(one, say) for one in chosen]
        if options["json"]:
            self.stdout.write(json.dumps({"sweeps": [as_json(job) for job in jobs]}, ensure_ascii=False))
        else:
            for job in jobs:
                print_job(job, console_for(as_file(self.stdout)))
        if any(job.status == "failed" for job in jobs):
            sys.exit(FAILED)

    def sweep(self, organization: Organization, say: Any) -> SyncJob:
        """One organization's sweep; when the worker is at it already, that one is told as it stands."""
        language = get_language()

        def tell(step: str, rows: int | None) -> None:
            with override(language):
                say(f"{organization.name}: {step_words(step)}" + (f", {rows:,}" if rows else ""))

        job = open_job(organization=organization, kind=SyncJob.Kind.SWEEP, by=None, via="command", now=timezone.now())
        try:
            return work_job(job=job, told=from_settings(), clock=timezone.now, tell=tell, stay_seconds=None)
        except JobLost:
            job.refresh_from_db()
            return job


def as_json(job: SyncJob) -> dict[str, Any]:
    """A sweep with its steps."""
    return {"organization": job.organization.slug, "job": job.pk, "status": job.status, "steps": job.steps}
