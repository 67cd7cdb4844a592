"""Rows of Stripe's itemised report “balance change from activity” read as statement lines.

Columns and their meanings: https://docs.stripe.com/reports/report-types/balance, itemised.
Amounts are decimals in major units; times in columns ending in _utc are UTC, those without in the report's own zone,
taken to be the organization's. A report has the columns its maker chose; what it leaves out is unknown, not empty.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from billing.imports.cells import (
    RowCells,
    parse_currency,
    parse_identifier,
    parse_reference,
    parse_text,
    parse_time,
)
from billing.imports.csv_rows import Problem
from billing.money import known_currency, parse_amount
from billing.statement_lines import LineFacts, Said, source_type
from billing.stripe_fields import compact

REQUIRED: Final = ("balance_transaction_id", "currency", "gross", "fee", "net", "reporting_category")
ALTERNATIVES: Final = (("created_utc", "created"),)
_METADATA: Final = re.compile(r"(payment|refund|transfer)_metadata\[(.{1,200})\]")
_SAID_BY: Final = {"payment": "charge", "refund": "refund", "transfer": "transfer"}
_OPTIONAL: Final = {
    "charge_id": "charge_reference",
    "payment_intent_id": "intent_reference",
    "automatic_payout_id": "payout_reference",
    "customer_id": "customer",
}


def report_facts(row: RowCells, zone: ZoneInfo, now: datetime) -> LineFacts | None:
    """A row's facts; None when something is wrong, which is noted in `row.problems`."""
    external_id = row.read("balance_transaction_id", parse_identifier)
    currency = row.read("currency", parse_currency)
    amounts = {name: _money(row, name, currency) for name in ("gross", "fee", "net")}
    column = "created_utc" if "created_utc" in row.cells else "created"
    occurred_at = row.read(column, lambda text: parse_time(text, _zone_of(column, zone), now))
    category = row.read("reporting_category", parse_text)
    source = row.read("source_id", parse_reference) or ""
    values: dict[str, Any] = {f"{name}_minor": amount for name, amount in amounts.items()}
    values |= {"currency": currency, "occurred_at": occurred_at, "category": (category or "")[:100]}
    values |= {"source_reference": source, "source_type": source_type(source)} if source else {}
    values |= compact(**{field: row.read(name, parse_reference) for name, field in _OPTIONAL.items()})
    values |= _available(row, zone, now) | _presented(row, category or "")
    _check_sum(row, amounts)
    if row.problems or external_id is None:
        return None
    said = list(_sayers(row.cells.items()))
    values["detail"] = compact(description=row.cells.get("description", "").strip()[:255])
    if said:
        values["detail"]["metadata"] = {one.who: dict(one.metadata) for one in said}
    invoice = row.cells.get("invoice_id", "").strip()[:255]
    return LineFacts(external_id, values, said, (invoice, "charge") if invoice else ("", ""))


def _money(row: RowCells, name: str, currency: str | None) -> int | None:
    return row.read(name, lambda text: parse_amount(text, currency)) if currency else None


def _check_sum(row: RowCells, amounts: dict[str, int | None]) -> None:
    gross, fee, net = amounts["gross"], amounts["fee"], amounts["net"]
    if gross is None or fee is None or net is None or net == gross - fee:
        return
    message = _("Net must be gross less fee. Export the report again, or correct the row.")
    row.problems.append(Problem(row.row, "net", message, row.cells["net"].strip()[:200]))


def _zone_of(column: str, zone: ZoneInfo) -> ZoneInfo:
    return ZoneInfo("UTC") if column.endswith("_utc") else zone


def _available(row: RowCells, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    named = [name for name in ("available_on_utc", "available_on") if row.cells.get(name, "").strip()]
    if not named:
        return {}
    at = row.read(named[0], lambda text: parse_time(text, _zone_of(named[0], zone), now))
    return {"available_at": at} if at else {}


def _presented(row: RowCells, category: str) -> dict[str, Any]:
    """What the customer saw. For refunds and disputes the report tells the original charge's amount: not used."""
    text = row.cells.get("customer_facing_amount", "").strip()
    currency = row.cells.get("customer_facing_currency", "").strip()
    if category != "charge" or not text or not currency:
        return {}
    code = row.read("customer_facing_currency", known_currency)
    amount = _money(row, "customer_facing_amount", code)
    return {"presentment_minor": amount, "presentment_currency": code} if code and amount is not None else {}


def _sayers(cells: Iterable[tuple[str, str]]) -> Iterable[Said]:
    """Metadata columns by the object they come from; the report copies the payment's to its refunds and disputes."""
    found: dict[str, dict[str, str]] = {}
    for column, value in cells:
        named = _METADATA.fullmatch(column)
        if named and value.strip():
            found.setdefault(_SAID_BY[named[1]], {})[named[2]] = value.strip()
    return [Said(who, found[who]) for who in ("charge", "refund", "transfer") if who in found]
