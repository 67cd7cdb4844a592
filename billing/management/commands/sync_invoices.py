"""manage.py sync_invoices --organization SLUG [--from DATE --to DATE] [--json]"""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from billing.invoices import sync_invoices
from billing.management.fetching import FetchCommand, add_days, figures_of, period
from billing.management.importing import COMMAND_LINE
from billing.models import Organization
from billing.stripe_access import Access


class Command(FetchCommand):
    """Fetches invoices and what paid them from Stripe."""

    help = _(
        "Fetch invoices and invoice payments from Stripe, those of the last weeks or of a range; open invoices are "
        "read again. Fetching again adds nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Also a range of days."""
        super().add_arguments(parser)
        add_days(parser, required=False)

    def fetch(
        self, *, organization: Organization, access: Access, options: dict[str, Any], listener: Callable[..., None]
    ) -> dict[str, Any]:
        """Fetch; gives the summary."""
        start, end = period(organization, options)
        done = sync_invoices(
            organization=organization, access=access, by=COMMAND_LINE, clock=timezone.now, start=start, end=end,
            listener=listener,
        )  # fmt: skip
        return {
            "invoices": figures_of(done.invoices),
            "payments": figures_of(done.payments),
            "read_again": done.refreshed,
            "lines_answered": done.resolved,
        }
