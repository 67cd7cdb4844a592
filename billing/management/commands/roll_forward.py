"""manage.py roll_forward --organization SLUG --from DATE --to DATE [--json]"""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from rich.console import Console
from rich.table import Table
from rich.text import Text

from billing.management.fetching import add_days, period
from billing.management.importing import as_file, find_organization
from billing.management.refusals import Refused
from billing.money import format_minor
from billing.roll_forward import RollForward, roll_forward
from billing.roll_forward_words import figures, plain, verdict


class Command(BaseCommand):
    """Prints the roll-forward; exit code 0 when every currency ties, else 1."""

    help = _("Opening balance + activity − payouts = closing balance, per currency and day. Exit code: 0 ties, 1 not.")
    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose balance, and when."""
        parser.add_argument("--organization", required=True, metavar="SLUG", help=_("whose statement it is"))
        add_days(parser, required=True)
        parser.add_argument("--json", action="store_true", help=_("print a JSON list of currencies, in minor units"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it."""
        organization = find_organization(options["organization"])
        start, end = period(organization, options)
        if start is None or end is None:
            raise Refused(_("Say from which day to which: --from and --to."))
        found = roll_forward(organization=organization, start=start, end=end)
        if options["json"]:
            self.stdout.write(json.dumps([as_json(one) for one in found], ensure_ascii=False))
        else:
            console = Console(file=as_file(self.stdout))
            for one in found:
                console.print(table_of(one))
                console.print(Text(verdict(plain(one), one.currency)))
            if not found:
                console.print(_("No statement line is known before the end of this period."))
        if not all(one.ties for one in found):
            sys.exit(1)


def as_json(rolled: RollForward) -> dict[str, Any]:
    """A currency with all its days."""
    days = [{"day": one.day.isoformat(), **figures(one)} for one in rolled.days]
    return {"currency": rolled.currency, **plain(rolled), "days": days}


def table_of(rolled: RollForward) -> Table:
    """The days on which something moved, and the whole period."""
    table = Table(title=rolled.currency)
    table.add_column(_("Day"))
    for heading in (_("Opening"), _("Activity"), _("Payouts"), _("Returned"), _("Closing")):
        table.add_column(heading, justify="right")
    moved = [one for one in rolled.days if one.activity or one.sent or one.returned]
    for name, one in [*((day.day.isoformat(), day) for day in moved), (_("Total"), rolled.total())]:
        amounts = (one.opening, one.activity, one.sent, one.returned, one.closing)
        table.add_row(name, *(format_minor(amount, rolled.currency) for amount in amounts))
    return table
