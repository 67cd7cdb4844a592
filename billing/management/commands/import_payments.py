"""manage.py import_payments FILE.csv --organization SLUG"""

from datetime import datetime
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from billing.imports.importing import ImportResult, Listener
from billing.imports.payments import import_payments
from billing.management.importing import COMMAND_LINE, ImportCommand
from billing.models import Organization


class Command(ImportCommand):
    """Imports internal payments."""

    kind = "payments"
    help = _(
        "Import your own payments. Columns: external_id, provider_reference, kind, amount (or amount_minor), currency, "
        "status, occurred_at, customer, invoice_number."
    )

    def run(
        self,
        *,
        options: dict[str, Any],
        organization: Organization,
        file: BinaryIO,
        filename: str,
        now: datetime,
        listener: Listener,
    ) -> ImportResult:
        """Import `file`; raises ImportRefused."""
        return import_payments(
            organization=organization,
            file=file,
            filename=filename,
            by=COMMAND_LINE,
            now=now,
            partial=options["partial"] is not None,
            listener=listener,
        )
