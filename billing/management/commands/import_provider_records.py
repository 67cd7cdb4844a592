"""manage.py import_provider_records FILE.csv --organization SLUG"""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from billing.imports.importing import ImportResult, Listener
from billing.imports.provider_records import DEFAULT_PROVIDER, import_provider_records
from billing.management.importing import COMMAND_LINE, ImportCommand
from billing.models import Organization, ProviderRecord


class Command(ImportCommand):
    """Imports records of a provider that has no webhook here."""

    kind = "provider_records"
    help = _(
        "Import a provider's records. Columns: provider_reference, kind, amount (or amount_minor), fee (or fee_minor), "
        "currency, status, occurred_at, reference, customer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--provider",
            default=DEFAULT_PROVIDER,
            type=_provider,
            metavar="NAME",
            help=_("whose records they are (csv)"),
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
        return import_provider_records(
            organization=organization,
            file=file,
            filename=filename,
            by=COMMAND_LINE,
            now=now,
            provider=options["provider"],
            partial=options["partial"] is not None,
            listener=listener,
        )


def _provider(text: str) -> str:
    """A provider's name as it is stored; refused when empty or too long."""
    limit = ProviderRecord._meta.get_field("provider").max_length or 0
    if not 0 < len(text) <= limit or not text.isprintable():
        raise ValueError(text)
    return text
