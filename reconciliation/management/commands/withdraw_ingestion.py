"""manage.py withdraw_ingestion NUMBER --organization SLUG --reason TEXT [--json]"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _
from rich.console import Console

from billing.management.fetching import print_figures
from billing.management.importing import COMMAND_LINE, as_file, find_organization
from billing.management.refusals import Refused
from billing.models import ProviderFetch
from billing.withdrawals import WithdrawalRefused
from reconciliation.sweeping.asked import withdraw_on_record


class Command(BaseCommand):
    """Withdraws a faulty ingestion of statement lines."""

    help = _(
        "Take back a faulty ingestion: its lines are excluded (nothing is erased) until they are read again. "
        "The number is the one its summary told."
    )
    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which one, and why."""
        parser.add_argument("number", type=int, metavar="NUMBER", help=_("the ingestion's number"))
        parser.add_argument("--organization", required=True, metavar="SLUG", help=_("whose statement it is"))
        parser.add_argument("--reason", required=True, metavar="TEXT", help=_("what was wrong; kept"))
        parser.add_argument("--json", action="store_true", help=_("print one JSON object"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Withdraw; exit code 2 when that cannot be."""
        organization = find_organization(options["organization"])
        fetch = ProviderFetch.objects.filter(organization=organization, pk=options["number"]).first()
        if fetch is None:
            raise Refused(_("There is no ingestion %(number)d of “%(slug)s”.") % {
                "number": options["number"], "slug": organization.slug})  # fmt: skip
        try:
            done = withdraw_on_record(
                fetch=fetch, by=COMMAND_LINE, user_id=None, reason=options["reason"], now=timezone.now()
            )
        except WithdrawalRefused as error:
            raise Refused(str(error)) from None
        figures = {"ingestion": fetch.pk, "excluded": done["excluded"], "put_back": done["restored"]}
        if options["json"]:
            self.stdout.write(json.dumps(figures))
        else:
            print_figures(Console(file=as_file(self.stdout)), figures)
