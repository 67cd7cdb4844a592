"""manage.py sync_payouts --organization SLUG [--from DATE --to DATE] [--json]"""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from billing.management.fetching import FetchCommand, add_days, figures_of, period
from billing.management.importing import COMMAND_LINE
from billing.models import Organization
from billing.payouts import sync_payouts
from billing.stripe_access import Access


class Command(FetchCommand):
    """Fetches payouts and their lines from Stripe."""

    help = _(
        "Fetch payouts from Stripe, those of the last weeks or of a range, and the lines of each that can be itemised. "
        "Fetching again adds nothing."
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
        done = sync_payouts(
            organization=organization, access=access, by=COMMAND_LINE, clock=timezone.now, start=start, end=end,
            listener=listener,
        )  # fmt: skip
        return figures_of(done.fetch) | {"itemised": done.itemised, "lines": done.lines}
