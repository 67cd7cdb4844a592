"""Import files put together for tests, and what the database holds afterwards."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

from django.db.models import F

from billing.imports.csv_rows import Problem
from billing.imports.importing import ImportRefused, ImportResult
from billing.imports.payments import import_payments
from billing.imports.provider_records import import_provider_records
from billing.models import Organization, PaymentVersion, ProviderRecordVersion

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAYMENT = {
    "external_id": "pay_1",
    "provider_reference": "ch_1",
    "kind": "charge",
    "amount": "10.00",
    "currency": "EUR",
    "status": "paid",
    "occurred_at": "2026-01-05T10:00:00Z",
    "customer": "cus_1",
    "invoice_number": "INV-1",
}
RECORD = {
    "provider_reference": "tx_1",
    "kind": "charge",
    "amount": "10.00",
    "fee": "0.39",
    "currency": "EUR",
    "status": "settled",
    "occurred_at": "2026-01-05T10:00:00Z",
    "reference": "INV-1",
    "customer": "cus_1",
}


def csv_bytes(*rows: dict[str, str], delimiter: str = ",") -> bytes:
    """A file with the columns of the first row."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def payments(*changes: dict[str, str]) -> bytes:
    """A payments file with one row for each change of PAYMENT."""
    return csv_bytes(*({**PAYMENT, **change} for change in changes))


def bring_payments(organization: Organization, content: bytes, **options: Any) -> ImportResult:
    """Import a payments file."""
    return import_payments(
        organization=organization, file=io.BytesIO(content), filename="p.csv", by="test", **{"now": NOW, **options}
    )


def bring_records(organization: Organization, content: bytes, **options: Any) -> ImportResult:
    """Import a provider records file."""
    return import_provider_records(
        organization=organization, file=io.BytesIO(content), filename="r.csv", by="test", **{"now": NOW, **options}
    )


def refusal(organization: Organization, content: bytes, **options: Any) -> list[Problem]:
    """The problems for which a payments file is refused."""
    try:
        bring_payments(organization, content, **options)
    except ImportRefused as error:
        return error.result.problems
    raise AssertionError("the file was imported")


def booked(organization: Organization) -> dict[tuple[str, str], dict[str, Any]]:
    """Current facts of every payment."""
    names = ("provider_reference", "amount_minor", "currency", "status", "occurred_at", "customer", "invoice_number")
    rows = PaymentVersion.objects.filter(organization=organization, number=F("payment__current_number"))
    found = rows.values("payment__kind", "payment__external_id", *names)
    return {(row.pop("payment__kind"), row.pop("payment__external_id")): row for row in found}


def reported(organization: Organization) -> dict[tuple[str, str], dict[str, Any]]:
    """Current facts of every provider record."""
    names = ("amount_minor", "fee_minor", "currency", "status", "occurred_at", "reference", "customer")
    rows = ProviderRecordVersion.objects.filter(organization=organization, number=F("record__current_number"))
    found = rows.values("record__kind", "record__external_id", *names)
    return {(row.pop("record__kind"), row.pop("record__external_id")): row for row in found}
