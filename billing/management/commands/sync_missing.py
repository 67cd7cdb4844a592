"""manage.py sync_missing --organization SLUG [--from DATE --to DATE] [--json]"""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from billing.management.fetching import FetchCommand, add_days, period
from billing.management.importing import COMMAND_LINE
from billing.missing import sync_missing
from billing.models import Organization
from billing.stripe_access import Access


class Command(FetchCommand):
    """Brings in what webhooks never delivered."""

    help = _(
        "Bring in what webhooks never delivered: the events of the last thirty days, and for the time before them the "
        "charges and refunds that Stripe's balance transactions name. Told per id: synced, already here, failed."
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
        done = sync_missing(
            organization=organization, access=access, by=COMMAND_LINE, clock=timezone.now, start=start, end=end,
            listener=listener,
        )  # fmt: skip
        gap = None
        if done.gap:
            gap = {"from": done.gap[0].isoformat(), "to": done.gap[1].isoformat()}
        return {
            "synced_count": len(done.synced),
            "already_count": len(done.already),
            "failed_count": len(done.failed),
            "records": {"created": done.records_created, "changed": done.records_changed},
            "older_than_events": gap,
            "fetches": [fetch.pk for fetch in done.fetches],
            "synced": done.synced,
            "already": done.already if options["json"] else [],
            "failed": [{"id": external_id, "why": why} for external_id, why in done.failed],
        }
