"""Statement lines from files: Stripe's report and balance transactions, with the recorded payments as known answers."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from billing.imports.importing import ImportRefused
from billing.imports.statement_files import StatementImportResult, import_statements
from billing.models import ImportBatch, Organization, ProviderFetch, StatementLineVersion
from billing.sandbox.recorded import recorded_shelf
from billing.statement_queries import current_lines, statement_totals

from .desk import NOW, organization

# Restated from the recording's own daily totals: day, currency → lines, gross, fee, net. Per day and currency, lines of
# the platform and of connected accounts together.
DAILY = {
    ("2025-01-25", "EUR"): (2, 4_900, 209, 4_691),
    ("2026-01-20", "CHF"): (4, 15_654, 0, 15_654),
    ("2026-01-20", "EUR"): (6, 44_999, 982, 44_017),
    ("2026-01-20", "JPY"): (1, 10_000, 360, 9_640),
    ("2026-02-17", "AUD"): (2, 10_302, 191, 10_111),
    ("2026-02-17", "CHF"): (4, 15_450, 0, 15_450),
    ("2026-02-17", "EUR"): (5, 42_499, 876, 41_623),
    ("2026-02-17", "JPY"): (1, 10_000, 360, 9_640),
}
REPORT = (
    "balance_transaction_id,created_utc,available_on_utc,currency,gross,fee,net,reporting_category,source_id,"
    "description,customer_facing_amount,customer_facing_currency,automatic_payout_id,customer_id,charge_id,"
    "payment_intent_id,invoice_id,payment_metadata[workspace_id],payment_metadata[invoice_id],card_brand\n"
)
ROW = (
    "txn_1,2026-01-05 10:00:00,2026-01-07 00:00:00,eur,10.00,0.40,9.60,charge,ch_1,Order,11.00,usd,po_1,cus_1,ch_1,"
    "pi_1,in_9,acme,A-1,visa\n"
)


@pytest.fixture
def acme(db: None) -> Organization:
    return organization(stripe_account="")


def bring(acme: Organization, content: bytes | str | list[Any], name: str = "f") -> StatementImportResult:
    if isinstance(content, list):
        content = json.dumps(content)
    data = content.encode() if isinstance(content, str) else content
    return import_statements(organization=acme, file=io.BytesIO(data), filename=name, by="test", now=NOW)


def recorded_lines(*, expanded: bool) -> list[dict[str, Any]]:
    shelf = recorded_shelf()
    expand = ["source"] if expanded else []
    return [shelf.rendered(line, expand) for line in shelf.all("balance_transactions")]


def daily(acme: Organization) -> dict[tuple[str, str], tuple[int, ...]]:
    rows = statement_totals(
        organization=acme, start=datetime(2025, 1, 1, tzinfo=UTC), end=datetime(2026, 3, 1, tzinfo=UTC), by=["day"]
    )
    return {(row["day"], row["currency"]): (row["count"], row["gross"], row["fee"], row["net"]) for row in rows}


@pytest.mark.parametrize("expanded", [False, True])
def test_daily_totals_of_the_recording_are_what_its_truth_says(acme: Organization, expanded: bool) -> None:
    assert bring(acme, recorded_lines(expanded=expanded)).created == 25
    assert daily(acme) == DAILY


def test_the_restated_totals_are_the_recording_s(raw_sample: Callable[[str], Path]) -> None:
    truth: dict[tuple[str, str], tuple[int, ...]] = defaultdict(lambda: (0, 0, 0, 0))
    with raw_sample("stripe-recordings-cc0/daily_totals_truth.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            key = (row["utc_date"], row["currency"].upper())
            figures = (int(row[name]) for name in ("count", "amount", "fee", "net"))
            truth[key] = tuple(one + other for one, other in zip(truth[key], figures, strict=True))
    assert dict(truth) == DAILY


def test_the_whole_recording_as_one_document_gives_sources_to_its_lines(
    acme: Organization, raw_sample: Callable[[str], Path]
) -> None:
    done = bring(acme, raw_sample("stripe-recordings-cc0/objects.json").read_bytes())
    assert (done.rows, done.created, done.skipped) == (25, 25, 58)
    assert daily(acme) == DAILY
    assert not current_lines(acme).filter(presentment_minor=None).exists()


def test_direct_debits_are_not_lost(acme: Organization) -> None:
    bring(acme, recorded_lines(expanded=True))
    debits = current_lines(acme).filter(source_reference__startswith="py_")
    assert debits.count() == 13
    assert set(debits.values_list("kind", "source_type", "type")) == {("charge", "charge", "payment")}


def test_converted_charges_keep_both_currencies_and_the_rate(acme: Organization) -> None:
    bring(acme, recorded_lines(expanded=True))
    line = current_lines(acme).get(line__external_id="txn_1Srat4CJSCCIoiA1T4A1nucA")
    assert (line.gross_minor, line.currency, line.exchange_rate) == (2_367, "CHF", "0.491096")
    assert (line.presentment_minor, line.presentment_currency) == (4_820, "JPY")


def test_importing_again_adds_nothing_not_even_a_batch(acme: Organization) -> None:
    bring(acme, recorded_lines(expanded=True))
    before = (StatementLineVersion.objects.count(), ImportBatch.objects.count(), ProviderFetch.objects.count())
    again = bring(acme, recorded_lines(expanded=True))
    assert (again.created, again.changed, again.unchanged, again.batch_id) == (0, 0, 25, None)
    assert bring(acme, recorded_lines(expanded=False)).changed == 0  # a bare id says less, not otherwise
    after = (StatementLineVersion.objects.count(), ImportBatch.objects.count(), ProviderFetch.objects.count())
    assert after == before


def test_a_row_of_the_report_says_what_its_columns_say(acme: Organization) -> None:
    done = bring(acme, REPORT + ROW)
    line = current_lines(acme).get()
    assert (line.gross_minor, line.fee_minor, line.net_minor, line.currency) == (1_000, 40, 960, "EUR")
    assert (line.presentment_minor, line.presentment_currency) == (1_100, "USD")
    assert (line.charge_reference, line.intent_reference, line.payout_reference) == ("ch_1", "pi_1", "po_1")
    assert (line.tenant, line.tenant_answer) == (acme, "charge")
    assert (line.invoice_reference, line.invoice_answer) == ("A-1", "charge")
    assert line.occurred_at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert (done.created, done.unattached) == (1, 0)


def test_a_report_and_the_api_agree_on_one_line(acme: Organization) -> None:
    item = {
        "id": "txn_1", "object": "balance_transaction", "amount": 1_000, "fee": 40, "net": 960, "currency": "eur",
        "created": 1_767_607_200, "available_on": 1_767_744_000, "type": "charge", "reporting_category": "charge",
        "source": "ch_1", "exchange_rate": None, "fee_details": [], "description": "Order",
    }  # fmt: skip
    bring(acme, REPORT + ROW)
    assert bring(acme, [item]).changed == 1  # the type is new
    assert bring(acme, REPORT + ROW).changed == 0
    line = current_lines(acme).get()
    assert (line.type, line.payout_reference, line.number) == ("charge", "po_1", 2)


def test_a_capture_of_less_than_was_authorised_is_no_refund(acme: Organization) -> None:
    bring(
        acme,
        REPORT
        + ROW.replace(",charge,ch_1", ",partial_capture_reversal,ch_1").replace(",10.00,0.40,9.60", ",-3.00,0,-3.00"),
    )
    assert current_lines(acme).get().kind == "partial_capture"


def test_every_fault_of_a_report_is_named_and_nothing_goes_in(acme: Organization) -> None:
    broken = ROW.replace("9.60", "9.50") + ROW.replace("txn_1", "txn_2").replace("eur", "xxq")
    with pytest.raises(ImportRefused) as refused:
        bring(acme, REPORT + broken + ROW.replace("txn_1", "txn_3") + ROW.replace("txn_1", "txn_3"))
    problems = refused.value.result.problems
    assert [(one.row, one.column) for one in problems] == [
        (2, "net"),
        (3, "currency"),
        (5, "balance_transaction_id"),
    ]
    assert not StatementLineVersion.objects.exists()
    assert not ProviderFetch.objects.exists()


def test_a_report_without_a_needed_column_names_it(acme: Organization) -> None:
    with pytest.raises(ImportRefused, match="Missing columns: net"):
        bring(acme, REPORT.replace(",net,", ",") + ROW)


def test_faults_of_a_json_file_are_named_by_place(acme: Organization) -> None:
    good = recorded_lines(expanded=False)[0]
    with pytest.raises(ImportRefused) as refused:
        bring(acme, [good, {"object": "charge", "id": "ch_1"}, good | {"net": 1, "id": "txn_x"}, 7, good])
    problems = [(one.row, one.value) for one in refused.value.result.problems]
    assert problems == [(2, "ch_1"), (3, "txn_x"), (4, ""), (5, good["id"])]
    assert not StatementLineVersion.objects.exists()


@pytest.mark.parametrize("content", ["", "   ", "[]]", "{", '{"object": 1}', "a;b\n1;2\n", "\x00\x01"])
def test_what_is_no_statement_is_refused_with_a_word(acme: Organization, content: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        bring(acme, content)
    assert refused.value.result.problems[0].message


def test_an_import_is_a_batch_and_an_ingestion_that_can_be_withdrawn(acme: Organization) -> None:
    done = bring(acme, recorded_lines(expanded=False), "bt.json")
    assert done.fetch_id is not None
    assert done.batch_id is not None
    fetch = ProviderFetch.objects.get(pk=done.fetch_id)
    batch = ImportBatch.objects.get(pk=done.batch_id)
    assert (fetch.kind, fetch.status, fetch.batch, fetch.rows) == ("statement_file", "done", batch, 25)
    assert (batch.kind, batch.filename, batch.created) == ("statement_lines", "bt.json", 25)
