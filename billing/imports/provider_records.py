"""Import records of a provider without a webhook from a CSV file.

They become provider records directly, without events.
"""

from datetime import datetime
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

from django.db import transaction

from billing.claims import lock_sources
from billing.imports import cells as cell
from billing.imports.importing import ImportResult, Listener, Source, run_import
from billing.imports.versioned import Fact, Ledger
from billing.models import Organization, ProviderRecord, ProviderRecordVersion, SourceChange

REQUIRED: Final = ("provider_reference", "kind", "currency", "status", "occurred_at", "reference", "customer")
ALTERNATIVES: Final = (("amount", "amount_minor"), ("fee", "fee_minor"))
FIELDS: Final = ("amount_minor", "fee_minor", "currency", "status", "occurred_at", "reference", "customer")
DEFAULT_PROVIDER: Final = "csv"


def import_provider_records(
    *,
    organization: Organization,
    file: BinaryIO,
    filename: str,
    by: str,
    now: datetime,
    provider: str = DEFAULT_PROVIDER,
    partial: bool = False,
    listener: Listener | None = None,
) -> ImportResult:
    """Import a file of `provider`'s charges and refunds; amounts become minor units, times UTC. Raises ImportRefused.

    Importing the same rows again writes nothing, whatever their order; a changed row becomes a new version. An id that
    another provider's record has already is refused.
    """
    zone = ZoneInfo(organization.timezone)
    source = Source(
        kind="provider_records",
        id_column="provider_reference",
        required=REQUIRED,
        alternatives=ALTERNATIVES,
        ledger=Ledger(
            identity=ProviderRecord,
            version=ProviderRecordVersion,
            link="record",
            fields=FIELDS,
            fixed={"provider": provider},
            journal=SourceChange.Source.PROVIDER_RECORD,
        ),
        parse=lambda row: parse_record(row, zone, now),
    )
    with transaction.atomic():
        # Events fold into the same table: they wait, so that neither finds half of the other's records.
        lock_sources(organization.pk, exclusive=True)
        return run_import(
            source=source,
            organization=organization,
            file=file,
            filename=filename,
            by=by,
            now=now,
            partial=partial,
            listener=listener,
        )


def parse_record(row: cell.RowCells, zone: ZoneInfo, now: datetime) -> Fact | None:
    """A row's facts, None when kind or id is unreadable; what is wrong is noted in `row.problems`."""
    external_id = row.read("provider_reference", cell.parse_identifier)
    kind = row.read("kind", cell.parse_kind)
    currency = row.read("currency", cell.parse_currency)
    values = (
        row.read_money("amount", currency, kind),
        cell.parse_optional_fee(row, currency),
        currency,
        row.read("status", cell.parse_status),
        row.read("occurred_at", lambda text: cell.parse_time(text, zone, now)),
        row.read("reference", cell.parse_reference),
        row.read("customer", cell.parse_text),
    )
    return Fact(row.row, kind, external_id, values) if kind and external_id else None
