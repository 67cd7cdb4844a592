"""The recorded Stripe payments as statement lines against invoices made of what was asked for: known answers."""

import csv
import io
import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import pytest

from billing.imports.invoices import import_invoices
from billing.imports.statement_files import import_statements
from billing.models import Invoice, Organization, StatementLine, StatementLineVersion
from billing.money import format_minor
from billing.sample import recorded
from billing.sandbox.recorded import recorded_shelf
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem
from reconciliation.runs import RunResult, reconcile
from tests.billing.stripe.desk import organization

pytestmark = pytest.mark.django_db
START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 10, tzinfo=UTC)
Row = dict[str, str]


def requests() -> list[Row]:
    """What the application asked for and what became of it, as recorded."""
    with (recorded.DATA / "recorded_requests.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def asked_for() -> list[Row]:
    """What settled."""
    return [row for row in requests() if row["outcome"] == "succeeded_settled"]


def invoices(rows: list[Row]) -> bytes:
    """An invoice, paid, for each request that settled; its number is the payment's own id at the application."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["external_id", "number", "customer", "currency", "status", "issued_at", "due_at", "total", "paid"])
    for row in rows:
        code = row["currency"].upper()
        total = format_minor(int(row["amount"]), code)
        writer.writerow([name_of(row), "", "", code, "paid", row["requested_at"], "", total, ""])
    return text.getvalue().encode()


def name_of(row: Row) -> str:
    return f"{row['payin_id']}-{row['truth_charge'][-6:]}"


def statement(rows: list[Row]) -> bytes:
    """The recorded balance transactions, their sources expanded, naming the invoice as a shop would have."""
    shelf, names = recorded_shelf(), {row["truth_charge"]: name_of(row) for row in rows}
    lines: list[dict[str, Any]] = [shelf.rendered(line, ["source"]) for line in shelf.all("balance_transactions")]
    for line in lines:
        if isinstance(line["source"], dict) and line["source"]["id"] in names:
            line["source"]["metadata"] = {"invoice_id": names[line["source"]["id"]]}
    return json.dumps(lines).encode()


@pytest.fixture
def result() -> RunResult:
    rows, acme = asked_for(), organization("recorded")
    import_invoices(organization=acme, file=io.BytesIO(invoices(rows)), filename="i.csv", by="test", now=NOW)
    import_statements(organization=acme, file=io.BytesIO(statement(rows)), filename="s.json", by="test", now=NOW)
    found = reconcile(organization=acme, comparison="statements", start=START, end=END, by=None, now=NOW)
    assert found.error == ""
    return found


def test_every_settled_request_is_paired_with_its_own_line(result: RunResult) -> None:
    pairs = ReconciliationItem.objects.filter(left_id__gt=0, right_id__gt=0)
    ours = dict(Invoice.objects.values_list("pk", "external_id"))
    theirs = dict(StatementLineVersion.objects.values_list("line_id", "source_reference"))
    assert {item.outcome for item in pairs} == {"matched"}
    assert {(ours[item.left_id], theirs[item.right_id]) for item in pairs} == {
        (name_of(row), row["truth_charge"]) for row in asked_for()
    }  # fmt: skip
    assert result.counts["only_left"] == 0


def test_only_direct_debits_that_nobody_billed_yet_are_told(result: RunResult) -> None:
    pending = {row["truth_charge"] for row in requests() if row["outcome"] == "pending"}
    lines = set(StatementLineVersion.objects.values_list("source_reference", flat=True))
    told = {row.explanation["right"]["key"] for row in ReconciliationDiscrepancy.objects.all()}
    assert told == pending & lines
    assert result.discrepancies == {"MISSING_INVOICE": 2}


def test_direct_debits_and_converted_payments_are_among_the_pairs(result: RunResult) -> None:
    paired = set(ReconciliationItem.objects.filter(left_id__gt=0).values_list("right_id", flat=True))
    lines = StatementLineVersion.objects.filter(line_id__in=paired)
    assert lines.filter(type="payment").exists()
    passed_on = ReconciliationItem.objects.filter(reason="destination_payment").count()
    assert passed_on + len(paired) + 2 == StatementLine.objects.count()


def test_totals_are_those_of_the_statement(result: RunResult) -> None:
    sums: dict[str, int] = defaultdict(int)
    for line in StatementLineVersion.objects.filter(organization=Organization.objects.get()):
        sums[line.currency] += line.gross_minor
    told = {code: totals["read"]["right"]["amount_minor"] for code, totals in result.totals.items()}
    assert {code: amount for code, amount in told.items() if amount} == dict(sums)
    assert all(totals["control"] for totals in result.totals.values())
