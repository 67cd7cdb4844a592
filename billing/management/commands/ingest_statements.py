"""manage.py ingest_statements --organization SLUG [--from DATE --to DATE] [--json]"""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.management.fetching import FetchCommand, add_days, figures_of, period
from billing.management.importing import COMMAND_LINE
from billing.models import LineKind, Organization
from billing.statement_queries import current_lines
from billing.statements import ingest_statements
from billing.stripe_access import Access


class Command(FetchCommand):
    """Ingests statement lines from Stripe."""

    help = _(
        "Fetch Stripe's balance transactions: those of the last days, or of a range. Ingesting again adds nothing; "
        "after an interruption it goes on where it stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Also a range of days."""
        super().add_arguments(parser)
        add_days(parser, required=False)

    def fetch(
        self, *, organization: Organization, access: Access, options: dict[str, Any], listener: Callable[..., None]
    ) -> dict[str, Any]:
        """Ingest; gives the summary."""
        start, end = period(organization, options)
        done = ingest_statements(
            organization=organization, access=access, by=COMMAND_LINE, clock=timezone.now,
            days=settings.STATEMENT_DAYS, start=start, end=end, listener=listener,
        )  # fmt: skip
        unknown = current_lines(organization).filter(kind=LineKind.UNKNOWN).count()
        return figures_of(done.fetch) | {
            "resolved_later": done.resolved,
            "unattached": done.unattached,
            "unclassified": unknown,
        }
