"""What the merchant's own system booked of a month: payments it knows, refunds it gave, two slips of the pen."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime

from billing.money import format_minor

from .month import Month
from .shelf import Json

HEADER = (
    "external_id",
    "provider_reference",
    "kind",
    "amount",
    "currency",
    "status",
    "occurred_at",
    "customer",
    "invoice_number",
)
TYPING_ERROR_MINOR = 90


def payments_csv(month: Month) -> bytes:
    """A file for `import_payments`. Payments nobody could attribute are not in it; the last payment was forgotten, and
    the one before typed with another amount.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(_rows(month))
    return text.getvalue().encode()


def _rows(month: Month) -> Iterator[tuple[str, ...]]:
    stray = set(month.truth.get("unattached", ()))
    plain = month.truth["paid"]
    charges = [one for one in reversed(month.shelf.all("charges")) if one["id"] not in stray]
    for number, charge in enumerate(charges, start=1):
        if charge["id"] == plain[-1]:
            continue
        slip = TYPING_ERROR_MINOR if charge["id"] == plain[-2] else 0
        yield _row(f"P-{number:05}", "charge", charge["payment_intent"], charge["amount_captured"] + slip, charge)
    for number, refund in enumerate(reversed(month.shelf.all("refunds")), start=1):
        yield _row(f"R-{number:05}", "refund", refund["id"], refund["amount"], refund)


def _row(external_id: str, kind: str, reference: str, amount: int, item: Json) -> tuple[str, ...]:
    currency = str(item["currency"]).upper()
    at = datetime.fromtimestamp(item["created"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    status = "failed" if item["status"] == "failed" else "succeeded"
    invoice = str(item.get("metadata", {}).get("invoice_id", ""))
    money = (format_minor(amount, currency), currency)
    return external_id, reference, kind, *money, status, at, str(item.get("customer", "")), invoice
