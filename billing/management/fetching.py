"""What the commands share that read from Stripe: access, progress, refusals in one line, days as arguments."""

import json
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from datetime import time as clock_time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from billing.management.importing import as_file, find_organization
from billing.management.refusals import Refused
from billing.models import Organization, ProviderFetch
from billing.provider_api import StripeProblem
from billing.stripe_access import Access, open_access

Say = Callable[[str], None]


class FetchCommand(BaseCommand):
    """Base of the commands that fetch from Stripe for an organization; subclasses fetch and tell what came."""

    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Organization and form of the summary."""
        parser.add_argument("--organization", required=True, metavar="SLUG", help=_("whose account it is"))
        parser.add_argument("--json", action="store_true", help=_("print the summary as one JSON object"))

    def fetch(
        self, *, organization: Organization, access: Access, options: dict[str, Any], listener: Callable[..., None]
    ) -> dict[str, Any]:
        """Fetch; gives the summary, figures by name. Raises StripeProblem."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        """Fetch and report; exit code 2 when Stripe or the database refused (what was stored by then stays)."""
        started = time.monotonic()
        organization = find_organization(options["organization"])
        with refusals_in_one_line(), progress(as_file(self.stderr)) as say:
            access = open_access(
                organization=organization, keys=settings.STRIPE_API_KEYS, base=settings.STRIPE_API_BASE
            )
            summary = self.fetch(
                organization=organization, access=access, options=options, listener=lambda fetch: say(_read(fetch))
            )
        seconds = round(time.monotonic() - started, 3)
        told = {"organization": organization.slug, "status": "ok", **summary, "seconds": seconds}
        if options["json"]:
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        else:
            print_figures(Console(file=as_file(self.stdout)), told)


def _read(fetch: ProviderFetch) -> str:
    return _("%(kind)s: %(rows)s read, %(new)s new") % {
        "kind": fetch.get_kind_display(),
        "rows": f"{fetch.rows:,}",
        "new": f"{fetch.created:,}",
    }


@contextmanager
def refusals_in_one_line() -> Iterator[None]:
    """Problems of Stripe and of the database as Refused."""
    try:
        yield
    except StripeProblem as problem:
        raise Refused(str(problem)) from None
    except DatabaseError as error:
        raise Refused(_("The database refused: %s. Run the command again.") % error) from None


@contextmanager
def progress(file: Any) -> Iterator[Say]:
    """A line on a terminal that says what was done last."""
    console = Console(file=file)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(_("Reading"), total=None)
        yield lambda text: bars.update(task, description=text)


def print_figures(console: Console, figures: Mapping[str, Any]) -> None:
    """Figures as a table of two columns; lists and objects below it, line by line."""
    table = Table(show_header=False)
    later: list[tuple[str, Any]] = []
    for name, value in figures.items():
        if isinstance(value, list | dict):
            later.append((name, value))
        else:
            table.add_row(Text(name.replace("_", " ")), Text(f"{value:,}" if type(value) is int else str(value)))
    console.print(table)
    for name, value in later:
        if value:
            console.print(Text(f"{name.replace('_', ' ')}:"))
            rows = value if isinstance(value, list) else [f"{key}: {item}" for key, item in value.items()]
            for row in rows:
                console.print(Text(f"  {row}"))


def figures_of(fetch: ProviderFetch) -> dict[str, Any]:
    """What a fetch brought, for a summary."""
    return {
        "fetch": fetch.pk,
        "from": fetch.range_start.isoformat() if fetch.range_start else None,
        "to": fetch.range_end.isoformat() if fetch.range_end else None,
        "pages": fetch.pages,
        "rows": fetch.rows,
        "created": fetch.created,
        "changed": fetch.changed,
        "unchanged": fetch.unchanged,
        "unusable": fetch.refused,
        "problems": fetch.problems,
    }


def add_days(parser: ArgumentParser, *, required: bool) -> None:
    """The arguments --from and --to."""
    parser.add_argument(
        "--from", dest="start", required=required, metavar="DATE", help=_("first day, in the organization's time zone")
    )
    parser.add_argument("--to", dest="end", required=required, metavar="DATE", help=_("the day after the last one"))


def period(organization: Organization, options: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """The moments [start, end) that --from and --to mean; None where not given. Raises Refused."""
    zone = ZoneInfo(organization.timezone)
    start, end = (_midnight(options[name], zone) for name in ("start", "end"))
    if start and end and start >= end:
        raise Refused(_("--to must be a later day than --from; it is the first day left out."))
    return start, end


def _midnight(text: str | None, zone: ZoneInfo) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), clock_time.min, zone)
    except ValueError:
        raise Refused(_("“%s” is not a date. Write it as 2026-11-01.") % text) from None
