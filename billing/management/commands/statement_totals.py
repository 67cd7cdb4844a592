"""manage.py statement_totals --organization SLUG --from DATE --to DATE [--by day,currency,category] [--json]"""

import json
from argparse import ArgumentParser
from datetime import UTC, datetime
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
from billing.statement_queries import DEFAULT_GROUPS, GROUPS, statement_totals

_BEGINNING, _END = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


class Command(BaseCommand):
    """Prints totals of statement lines."""

    help = _("Totals of the statement lines of a period: count, gross, fee and net, per currency.")
    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Period and grouping."""
        parser.add_argument("--organization", required=True, metavar="SLUG", help=_("whose statement it is"))
        add_days(parser, required=True)
        parser.add_argument(
            "--by",
            default=",".join(DEFAULT_GROUPS),
            metavar="A,B",
            help=_("what to group by, of: %s (currencies are never added together)") % ", ".join(GROUPS),
        )
        parser.add_argument("--json", action="store_true", help=_("print a JSON list of groups, in minor units"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the totals; exit code 2 when an argument cannot be used."""
        organization = find_organization(options["organization"])
        start, end = period(organization, options)
        by = [name.strip() for name in options["by"].split(",") if name.strip()]
        strange = [name for name in by if name not in GROUPS]
        if strange or len(set(by)) != len(by):
            raise Refused(_("--by takes names once each, of: %s.") % ", ".join(GROUPS))
        totals = statement_totals(organization=organization, start=start or _BEGINNING, end=end or _END, by=by)
        if options["json"]:
            self.stdout.write(json.dumps(totals, ensure_ascii=False))
        else:
            self._print(totals, by if "currency" in by else [*by, "currency"])

    def _print(self, totals: list[dict[str, Any]], names: list[str]) -> None:
        table = Table()
        for name in names:
            table.add_column(name)
        for name in ("count", "gross", "fee", "net"):
            table.add_column(name, justify="right")
        for row in totals:
            money = [format_minor(row[name], row["currency"]) for name in ("gross", "fee", "net")]
            table.add_row(*(Text(str(row[name])) for name in names), f"{row['count']:,}", *money)
        Console(file=as_file(self.stdout)).print(table)
