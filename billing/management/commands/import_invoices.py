"""manage.py import_invoices FILE.csv --organization SLUG"""

from datetime import datetime
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from billing.imports.importing import ImportResult, Listener
from billing.imports.invoices import import_invoices
from billing.management.importing import COMMAND_LINE, ImportCommand
from billing.models import Organization


class Command(ImportCommand):
    """Imports invoices."""

    kind = "invoices"
    help = _(
        "Import your own invoices. Columns: external_id (what invoice_id says in Stripe's metadata), number, customer, "
        "currency, status, issued_at, due_at, total (or total_minor), paid (or paid_minor)."
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
        return import_invoices(
            organization=organization,
            file=file,
            filename=filename,
            by=COMMAND_LINE,
            now=now,
            partial=options["partial"] is not None,
            listener=listener,
        )
