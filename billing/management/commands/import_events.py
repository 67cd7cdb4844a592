"""manage.py import_events FILE.jsonl --organization SLUG"""

from datetime import datetime
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from billing.imports.importing import Listener
from billing.imports.stripe_files import EVENTS, StripeImportResult, import_events
from billing.management.importing import COMMAND_LINE
from billing.management.stripe_importing import StripeImportCommand
from billing.models import Organization


class Command(StripeImportCommand):
    """Imports Stripe events, as a back-fill of missed webhooks."""

    kind = EVENTS
    file_name = "FILE.jsonl"
    help = _("Import Stripe events: one event object a line, a JSON list, or events keyed by name.")

    def run(
        self,
        *,
        options: dict[str, Any],
        organization: Organization,
        file: BinaryIO,
        filename: str,
        now: datetime,
        listener: Listener,
    ) -> StripeImportResult:
        """Import `file`; raises ImportRefused."""
        return import_events(
            organization=organization, file=file, filename=filename, by=COMMAND_LINE, now=now, listener=listener
        )
