"""Import the organization's own invoices from a CSV file."""

from datetime import datetime
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from billing.imports import cells as cell
from billing.imports.csv_rows import Problem
from billing.imports.importing import ImportResult, Listener, Source, run_import
from billing.imports.versioned import Fact, Ledger
from billing.models import Invoice, InvoiceKind, InvoiceStatus, InvoiceVersion, Organization, SourceChange
from billing.money import parse_amount

REQUIRED: Final = ("external_id", "number", "customer", "currency", "status", "issued_at", "due_at")
ALTERNATIVES: Final = (("total", "total_minor"), ("paid", "paid_minor"))
FIELDS: Final = (
    *("document_number", "total_minor", "paid_minor", "currency", "status", "issued_at", "due_at", "customer"),
)
PROVIDER: Final = "csv"
STATUS_WORDS: Final[dict[str, InvoiceStatus]] = {
    "draft": InvoiceStatus.DRAFT,
    **dict.fromkeys(("open", "sent", "issued", "unpaid", "due", "overdue", "finalized"), InvoiceStatus.OPEN),
    **dict.fromkeys(("partially_paid", "partly_paid"), InvoiceStatus.OPEN),
    **dict.fromkeys(("paid", "settled", "closed"), InvoiceStatus.PAID),
    **dict.fromkeys(("void", "voided", "canceled", "cancelled"), InvoiceStatus.VOID),
    **dict.fromkeys(("uncollectible", "written_off", "bad_debt"), InvoiceStatus.UNCOLLECTIBLE),
}
"""Words that files use for the status of an invoice."""


def import_invoices(
    *,
    organization: Organization,
    file: BinaryIO,
    filename: str,
    by: str,
    now: datetime,
    partial: bool = False,
    listener: Listener | None = None,
) -> ImportResult:
    """Import a file of invoices; amounts become minor units, times UTC. Raises ImportRefused.

    `external_id` is what `invoice_id` says in the metadata of payments. Importing the same rows again writes nothing; a
    changed row becomes a new version.
    """
    zone = ZoneInfo(organization.timezone)
    source = Source(
        kind="invoices",
        id_column="external_id",
        required=REQUIRED,
        alternatives=ALTERNATIVES,
        ledger=Ledger(
            identity=Invoice,
            version=InvoiceVersion,
            link="invoice",
            fields=FIELDS,
            fixed={"provider": PROVIDER},
            journal=SourceChange.Source.INVOICE,
        ),
        parse=lambda row: parse_invoice(row, zone, now),
    )
    return run_import(
        source=source, organization=organization, file=file, filename=filename, by=by, now=now, partial=partial,
        listener=listener,
    )  # fmt: skip


def parse_invoice(row: cell.RowCells, zone: ZoneInfo, now: datetime) -> Fact | None:
    """A row's facts, None when the id is unreadable; what is wrong is noted in `row.problems`.

    A negative total makes it a credit note, whose amounts are kept positive.
    """
    external_id = row.read("external_id", cell.parse_identifier)
    currency = row.read("currency", cell.parse_currency)
    total = _amount(row, "total", currency, required=True)
    paid = _amount(row, "paid", currency, required=False)
    if total is not None and paid is not None and total * paid < 0:
        message = _("Paid and total have different signs. Write both as they stand on the document.")
        name = "paid" if "paid" in row.cells else "paid_minor"
        row.problems.append(Problem(row.row, name, message, row.cells[name].strip()[:200]))
    kind = InvoiceKind.CREDIT_NOTE if total is not None and total < 0 else InvoiceKind.INVOICE
    values = (
        row.read("number", cell.parse_text),
        None if total is None else abs(total),
        None if paid is None else abs(paid),
        currency,
        row.read("status", parse_invoice_status),
        row.read("issued_at", lambda text: cell.parse_time(text, zone, now)),
        row.read("due_at", lambda text: cell.parse_time(text, zone, now) if text else None),
        row.read("customer", cell.parse_text),
    )
    return Fact(row.row, kind.value, external_id, values) if external_id else None


def _amount(row: cell.RowCells, name: str, currency: str | None, *, required: bool) -> int | None:
    """Minor units from column `name` (decimal) or `name`_minor, either sign; None when refused or left out."""
    column = name if name in row.cells else f"{name}_minor"
    if currency is None or not (required or row.cells.get(column, "").strip()):
        return None
    parse = parse_amount if column == name else cell.parse_minor
    return row.read(column, lambda text: parse(text, currency))


def parse_invoice_status(text: str) -> str:
    """Canonical status of a word files use (see STATUS_WORDS); raises CellError."""
    status = STATUS_WORDS.get("_".join(text.lower().replace("-", " ").split()))
    if status is None:
        found = _("The status “%s” is not known.") % text[:40] if text else _("The status is missing.")
        raise cell.CellError(found + " " + _("Write one of: %s.") % ", ".join(InvoiceStatus.values[:-1]))
    return status.value
