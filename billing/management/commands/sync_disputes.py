"""manage.py sync_disputes --organization SLUG [--json]"""

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from billing.disputes import sync_disputes
from billing.management.fetching import FetchCommand, figures_of
from billing.management.importing import COMMAND_LINE
from billing.models import Organization
from billing.stripe_access import Access


class Command(FetchCommand):
    """Fetches every dispute from Stripe."""

    help = _(
        "Fetch every dispute from Stripe, whatever its age, as it stands now: state, evidence deadline, money "
        "withdrawn and given back. Fetching again adds nothing."
    )

    def fetch(
        self, *, organization: Organization, access: Access, options: dict[str, Any], listener: Callable[..., None]
    ) -> dict[str, Any]:
        """Fetch; gives the summary."""
        fetch = sync_disputes(
            organization=organization, access=access, by=COMMAND_LINE, clock=timezone.now, listener=listener
        )
        return figures_of(fetch)
