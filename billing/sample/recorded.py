"""Recorded Stripe payments (source and licence: data/README.md), as an import file and as Stripe objects."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from billing.money import format_minor

DATA: Final = Path(__file__).parent / "data"
SLUG: Final = "recorded"
FIELDS: Final[dict[str, Any]] = {
    "name": "Recorded Stripe payments",
    "timezone": "Europe/Paris",
    "currency": "EUR",
    "reference_keys": ["payin_id"],
}
"""The organization these payments belong to; `payin_id` is its own reference in Stripe's metadata."""

PAYMENT_COLUMNS: Final = (
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
_OUTCOMES: Final = {"succeeded_settled": "succeeded", "pending": "pending", "failed": "failed"}


def payment_rows() -> list[dict[str, str]]:
    """The 19 requests booked as internal payments, in the columns of `import_payments`.

    Our id is the `payin_id`; the provider reference is the payment intent that Stripe answered with, blank for the
    declined card.
    """
    return [
        {
            "external_id": row["payin_id"],
            "provider_reference": row["response_id"],
            "kind": "charge",
            "amount": format_minor(int(row["amount"]), row["currency"]),
            "currency": row["currency"].upper(),
            "status": _OUTCOMES[row["outcome"]],
            "occurred_at": row["requested_at"],
            "customer": "",
            "invoice_number": "",
        }
        for row in _table("requests")
    ]


def payments_csv(rows: list[dict[str, str]] | None = None) -> bytes:
    """The rows (by default all of `payment_rows`) as a file for `import_payments`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, PAYMENT_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(payment_rows() if rows is None else rows)
    return text.getvalue().encode()


def stripe_objects() -> list[dict[str, Any]]:
    """The recorded charges (balance transactions expanded: the fee), payment intents and refunds, as Stripe's."""
    settled = {row["id"]: _balance_transaction(row) for row in _table("balance_transactions")}
    readers: list[tuple[str, Callable[[dict[str, str]], dict[str, Any]]]] = [
        ("charges", lambda row: _charge(row, settled)),
        ("payment_intents", _payment_intent),
        ("refunds", lambda row: _refund(row, settled)),
    ]
    return [read(row) for name, read in readers for row in _table(name)]


def balance_transactions() -> list[dict[str, Any]]:
    """The recorded balance transactions, as Stripe's: of the platform and of connected accounts."""
    return [_balance_transaction(row) for row in _table("balance_transactions")]


def _table(name: str) -> list[dict[str, str]]:
    with (DATA / f"recorded_{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _common(kind: str, row: dict[str, str]) -> dict[str, Any]:
    return {
        "object": kind,
        "id": row["id"],
        "created": int(row["created"]),
        "amount": int(row["amount"]),
        "currency": row["currency"],
        "status": row["status"],
        "livemode": False,
    }


def _charge(row: dict[str, str], settled: dict[str, dict[str, Any]]) -> dict[str, Any]:
    captured = row["captured"] == "true"
    keys = ("payin_id", "liberapay_transfer_id")
    return {
        **_common("charge", row),
        "amount_captured": int(row["amount"]) if captured else 0,
        "amount_refunded": int(row["amount_refunded"]),
        "balance_transaction": settled.get(row["balance_transaction"], row["balance_transaction"] or None),
        "captured": captured,
        "customer": row["customer"] or None,
        "disputed": False,
        "failure_code": row["failure_code"] or None,
        "metadata": {key: row[key] for key in keys if row[key]},
        "payment_intent": row["payment_intent"] or None,
        "refunded": row["amount_refunded"] == row["amount"],
        "source_transfer": row["source_transfer"] or None,
    }


def _payment_intent(row: dict[str, str]) -> dict[str, Any]:
    error = row["last_payment_error"]
    return {
        **_common("payment_intent", row),
        "amount_received": int(row["amount_received"]),
        "customer": row["customer"] or None,
        "last_payment_error": {"code": error} if error else None,
        "latest_charge": row["latest_charge"] or None,
        "metadata": {"payin_id": row["payin_id"]},
    }


def _refund(row: dict[str, str], settled: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        **_common("refund", row),
        "balance_transaction": settled.get(row["balance_transaction"], row["balance_transaction"]),
        "charge": row["charge"],
        "metadata": {},
        "payment_intent": row["payment_intent"],
    }


def _balance_transaction(row: dict[str, str]) -> dict[str, Any]:
    return {
        "object": "balance_transaction",
        "id": row["id"],
        "created": int(row["created"]),
        "type": row["type"],
        "reporting_category": row["reporting_category"],
        "amount": int(row["amount"]),
        "fee": int(row["fee"]),
        "net": int(row["net"]),
        "currency": row["currency"],
        "exchange_rate": float(row["exchange_rate"]) if row["exchange_rate"] else None,
        "source": row["source"],
    }
