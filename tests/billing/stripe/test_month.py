"""A generated month, fetched whole: what is stored agrees with what is true, and the books tie out."""

import io
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db.models import F, Sum

from billing.disputes import sync_disputes
from billing.imports.invoices import import_invoices
from billing.invoices import sync_invoices
from billing.models import InvoiceVersion, Organization, PayoutVersion, ProviderRecordVersion
from billing.payouts import sync_payouts
from billing.sandbox.merchant import Merchant
from billing.sandbox.month import Month, generated_month, invoices_csv
from billing.statement_queries import current_lines, lines_of_tenant, unattached

from .desk import NOW, Desk, desk_of, organization

pytestmark = pytest.mark.django_db
START = (NOW - timedelta(days=31)).replace(hour=0)


@pytest.fixture(scope="module")
def shared(rows_of_module: None) -> Iterator[Desk]:
    with desk_of(organization("platform", stripe_account="")) as desk:
        yield desk


@pytest.fixture(scope="module")
def month(shared: Desk) -> Month:
    """The month on a shared account, fetched as the worker would."""
    tenant = organization("larkspur", stripe_account="")
    told = generated_month(payments=150, start=START)
    shared.sandbox.shelves = dict.fromkeys(shared.sandbox.shelves, told.shelf)
    shared.merchant = Merchant(told.shelf)
    shared.pass_time(86_400)
    own = {"organization": shared.organization, "access": shared.access, "by": "test", "clock": shared.clock}
    import_invoices(
        organization=tenant, file=io.BytesIO(invoices_csv(told)), filename="i.csv", by="test", now=shared.moment
    )
    shared.ingest(start=START - timedelta(days=1))
    sync_invoices(**own)  # type: ignore[arg-type]
    sync_payouts(**own)  # type: ignore[arg-type]
    sync_disputes(**own)  # type: ignore[arg-type]
    return told


def sources(month: Month, *labels: str) -> set[str]:
    return {name for label in labels for name in month.truth[label]}


def test_every_line_is_stored_once_and_sums_to_the_balance(shared: Desk, month: Month) -> None:
    shown = {line["id"]: line for line in month.shelf.all("balance_transactions")}
    stored = {line.line.external_id: line for line in current_lines(shared.organization).select_related("line")}
    assert stored.keys() == shown.keys()
    balance = Counter[str]()
    for line in shown.values():
        balance[line["currency"].upper()] += line["net"]
    rows = current_lines(shared.organization).values("currency").annotate(net=Sum("net_minor"))
    assert {row["currency"]: row["net"] for row in rows} == dict(balance)


def test_exactly_the_lines_without_a_word_belong_to_no_one(shared: Desk, month: Month) -> None:
    nobody = set(
        unattached(shared.organization)
        .exclude(kind__in=["payout", "payout_reversal"])
        .values_list("source_reference", flat=True)
    )
    assert nobody == sources(month, "unattached") | {""}  # and fees, which have no source
    tenant = Organization.objects.get(slug="larkspur")
    assert lines_of_tenant(tenant).filter(source_reference__in=sources(month, "paid")).count() == len(
        month.truth["paid"]
    )
    by_subscription = lines_of_tenant(tenant).get(tenant_answer="subscription")
    assert by_subscription.source_reference in sources(month, "answered_by_subscription")


def test_lines_of_every_payout_sum_to_it(shared: Desk, month: Month) -> None:
    payouts = PayoutVersion.objects.filter(organization=shared.organization, number=F("payout__current_number"))
    assert {payout.payout.external_id for payout in payouts} == sources(month, "payout")
    for payout in payouts:
        lines = current_lines(shared.organization).filter(payout_reference=payout.payout.external_id)
        sums = lines.exclude(source_reference=payout.payout.external_id).aggregate(net=Sum("net_minor"))
        assert sums["net"] == payout.amount_minor
    failed = [payout.payout.external_id for payout in payouts if payout.status == "failed"]
    assert set(failed) == sources(month, "payout_failed")


def test_each_kind_of_line_is_what_its_scenario_says(shared: Desk, month: Month) -> None:
    kinds = dict(current_lines(shared.organization).values_list("source_reference", "kind").order_by("occurred_at"))
    assert {kinds[name] for name in sources(month, "paid", "direct_debit", "partly_captured", "converted")} == {
        "charge"
    }
    assert {kinds[name] for name in sources(month, "refunded", "partly_refunded")} == {"refund"}
    assert {kinds[name] for name in sources(month, "refund_failed")} == {"refund_failure"}
    assert {kinds[name] for name in sources(month, "dispute_won")} == {"dispute_reversal"}
    assert {kinds[name] for name in sources(month, "dispute_lost", "dispute_open")} == {"dispute"}
    assert not sources(month, "dispute_inquiry") & kinds.keys()
    unclassified = current_lines(shared.organization).filter(kind="unknown")
    assert set(unclassified.values_list("line__external_id", flat=True)) == sources(month, "unclassified")


def test_invoices_are_named_by_their_lines(shared: Desk, month: Month) -> None:
    ours = {one.external_id for one in month.billed}
    assert InvoiceVersion.objects.filter(invoice__provider="csv").count() == len(ours)
    lines = current_lines(shared.organization).filter(kind="charge")
    named = dict(lines.values_list("source_reference", "invoice_reference"))
    assert {named[name] for name in sources(month, "paid")} <= ours
    assert {named[name] for name in sources(month, "missing_invoice")} == {"INV-UNKNOWN"}
    assert {named[name] for name in sources(month, "one_for_two_invoices")} == {""}


def test_disputes_show_their_state_and_deadline(shared: Desk, month: Month) -> None:
    rows = ProviderRecordVersion.objects.filter(record__kind="dispute", number=F("record__current_number"))
    detail = {row.record.external_id: row.detail for row in rows.select_related("record")}
    states = {label: detail[month.truth[label][0]] for label in month.truth if label.startswith("dispute_")}
    assert states["dispute_won"]["net_minor"] == 0
    assert states["dispute_without_answer"]["no_response_possible"] is True
    assert states["dispute_open"]["due_by"] > NOW.isoformat()
    assert states["dispute_inquiry"]["provider_status"] == "warning_needs_response"


def test_the_same_seed_gives_the_same_month() -> None:
    one, two = (generated_month(payments=60, start=START) for _ in range(2))
    assert one.shelf.by_id == two.shelf.by_id
    assert invoices_csv(one) == invoices_csv(two)
    assert generated_month(payments=60, start=START, seed=2).shelf.by_id != one.shelf.by_id
