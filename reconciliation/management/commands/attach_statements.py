"""manage.py attach_statements --organization SLUG [--tenant SLUG --reason TEXT ID …] [--json]"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _
from rich.console import Console
from rich.table import Table
from rich.text import Text

from billing.attachments import AttachmentRefused
from billing.management.fetching import print_figures
from billing.management.importing import COMMAND_LINE, as_file, find_organization
from billing.management.refusals import Refused
from billing.models import Organization
from billing.money import format_minor
from billing.statement_queries import unattached
from reconciliation.attaching import attach_on_record

SHOWN = 50


class Command(BaseCommand):
    """Lists lines that belong to no one yet, or gives lines to a tenant."""

    help = _("List the statement lines that belong to no organization yet, or say which one they belong to.")
    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Without ids: the list."""
        parser.add_argument("ids", nargs="*", metavar="ID", help=_("provider ids of lines: txn_…"))
        parser.add_argument("--organization", required=True, metavar="SLUG", help=_("on whose statement they stand"))
        parser.add_argument("--tenant", metavar="SLUG", help=_("whose they are"))
        parser.add_argument("--reason", default="", metavar="TEXT", help=_("why; kept with the lines"))
        parser.add_argument("--json", action="store_true", help=_("print one JSON object"))

    def handle(self, *args: Any, **options: Any) -> None:
        """List or attach; exit code 2 when an argument cannot be used."""
        organization = find_organization(options["organization"])
        if not options["ids"]:
            self._list(organization, options["json"])
            return
        if not options["tenant"]:
            raise Refused(_("Say whose these lines are: --tenant SLUG."))
        try:
            done = attach_on_record(
                organization=organization,
                tenant=find_organization(options["tenant"]),
                external_ids=options["ids"],
                by=COMMAND_LINE,
                reason=options["reason"],
                now=timezone.now(),
            )
        except AttachmentRefused as error:
            raise Refused(str(error)) from None
        figures = {"attached": done.attached, "already": done.already, "unknown": done.unknown}
        if options["json"]:
            self.stdout.write(json.dumps(figures))
        else:
            print_figures(Console(file=as_file(self.stdout)), figures)

    def _list(self, organization: Organization, as_json: bool) -> None:
        lines = unattached(organization).select_related("line").order_by("-occurred_at", "-pk")
        count = lines.count()
        rows: list[dict[str, Any]] = [
            {
                "id": row.line.external_id, "created": row.occurred_at.isoformat(), "kind": row.kind,
                "net": row.net_minor, "currency": row.currency, "source": row.source_reference,
                "workspace": row.workspace,
            }
            for row in lines[:SHOWN]
        ]  # fmt: skip
        if as_json:
            self.stdout.write(json.dumps({"unattached": count, "lines": rows}, ensure_ascii=False))
            return
        table = Table(title=_("%d lines belong to no one yet") % count, title_justify="left")
        for name in ("id", "created", "kind", "net", "source", "workspace"):
            table.add_column(name, overflow="fold")
        for row in rows:
            money = f"{format_minor(row['net'], row['currency'])} {row['currency']}"
            cells = (row["id"], row["created"], row["kind"], money, row["source"], row["workspace"])
            table.add_row(*(Text(str(cell)) for cell in cells))
        Console(file=as_file(self.stdout)).print(table)
