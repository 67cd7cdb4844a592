"""Import the organization's own payments from a CSV file."""

from datetime import datetime
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

from billing.imports import cells as cell
from billing.imports.importing import ImportResult, Listener, Source, run_import
from billing.imports.versioned import Fact, Ledger
from billing.models import Organization, Payment, PaymentVersion, SourceChange

REQUIRED: Final = (
    "external_id",
    "provider_reference",
    "kind",
    "currency",
    "status",
    "occurred_at",
    "customer",
    "invoice_number",
)
ALTERNATIVES: Final = (("amount", "amount_minor"),)
FIELDS: Final = (
    "provider_reference",
    "amount_minor",
    "currency",
    "status",
    "occurred_at",
    "customer",
    "invoice_number",
)
LEDGER: Final = Ledger(
    identity=Payment, version=PaymentVersion, link="payment", fields=FIELDS, journal=SourceChange.Source.PAYMENT
)


def import_payments(
    *,
    organization: Organization,
    file: BinaryIO,
    filename: str,
    by: str,
    now: datetime,
    partial: bool = False,
    listener: Listener | None = None,
) -> ImportResult:
    """Import a file of internal payments; amounts become minor units, times UTC. Raises ImportRefused.

    Importing the same rows again writes nothing, whatever their order; a changed row becomes a new version.
    """
    zone = ZoneInfo(organization.timezone)
    source = Source(
        kind="payments",
        id_column="external_id",
        required=REQUIRED,
        alternatives=ALTERNATIVES,
        ledger=LEDGER,
        parse=lambda row: parse_payment(row, zone, now),
    )
    return run_import(
        source=source, organization=organization, file=file, filename=filename, by=by, now=now, partial=partial,
        listener=listener,
    )  # fmt: skip


def parse_payment(row: cell.RowCells, zone: ZoneInfo, now: datetime) -> Fact | None:
    """A row's facts, None when kind or id is unreadable; what is wrong is noted in `row.problems`."""
    external_id = row.read("external_id", cell.parse_identifier)
    kind = row.read("kind", cell.parse_kind)
    currency = row.read("currency", cell.parse_currency)
    values = (
        row.read("provider_reference", cell.parse_reference),
        row.read_money("amount", currency, kind),
        currency,
        row.read("status", cell.parse_status),
        row.read("occurred_at", lambda text: cell.parse_time(text, zone, now)),
        row.read("customer", cell.parse_text),
        row.read("invoice_number", cell.parse_text),
    )
    return Fact(row.row, kind, external_id, values) if kind and external_id else None
