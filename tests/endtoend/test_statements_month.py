"""A generated month on a shared account, fetched whole and reconciled: what is found is what is true."""

import io
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from billing.disputes import sync_disputes
from billing.imports.invoices import import_invoices
from billing.invoices import sync_invoices
from billing.models import Organization
from billing.payouts import sync_payouts
from billing.sandbox.merchant import Merchant
from billing.sandbox.month import Month, generated_month, invoices_csv
from reconciliation.core.fees import Terms
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem
from reconciliation.runs import RunResult, reconcile
from reconciliation.workflow.fee_terms import set_terms
from tests.billing.stripe.desk import NOW, Desk, desk_of, organization

pytestmark = pytest.mark.django_db
START = (NOW - timedelta(days=31)).replace(hour=0)
TYPES = {
    "missing_invoice": "MISSING_INVOICE", "underpaid": "UNDERPAID_INVOICE", "overpaid": "OVERPAID_INVOICE",
    "fee_differs": "FEE_VARIANCE", "refunded": "UNAPPLIED_REFUND", "partly_refunded": "UNAPPLIED_REFUND",
    "dispute_lost": "UNAPPLIED_REFUND", "dispute_open": "UNAPPLIED_REFUND",
    "dispute_without_answer": "UNAPPLIED_REFUND", "dispute_inquiry": "UNAPPLIED_REFUND",
    "subscription_not_imported": "MISSING_INVOICE",
}  # fmt: skip
"""What each label of the month's truth must be told as; every other label must be told as nothing."""


@pytest.fixture
def shared() -> Iterator[Desk]:
    with desk_of(organization("platform", stripe_account="")) as desk:
        yield desk


@pytest.fixture
def month(shared: Desk) -> Month:
    """The month, fetched into the books of a tenant as the worker would."""
    tenant = organization("larkspur", stripe_account="")
    told = generated_month(payments=60, start=START)
    shared.sandbox.shelves = dict.fromkeys(shared.sandbox.shelves, told.shelf)
    shared.merchant = Merchant(told.shelf)
    shared.pass_time(5 * 86_400)
    import_invoices(
        organization=tenant, file=io.BytesIO(invoices_csv(told)), filename="i.csv", by="test", now=shared.moment
    )
    fetch(shared)
    for line_type in ("charge", "payment"):
        set_terms(organization=tenant, terms=Terms("EUR", line_type, 15_000, 25), by="test", now=shared.moment)
    return told


def fetch(shared: Desk) -> None:
    own = {"organization": shared.organization, "access": shared.access, "by": "test", "clock": shared.clock}
    shared.ingest(start=START - timedelta(days=1))
    sync_invoices(**own)  # type: ignore[arg-type]
    sync_payouts(**own)  # type: ignore[arg-type]
    sync_disputes(**own)  # type: ignore[arg-type]


def run(slug: str, now: Desk, *, full: bool = False) -> RunResult:
    result = reconcile(
        organization=Organization.objects.get(slug=slug), comparison="statements", start=START,
        end=START + timedelta(days=40), by=None, now=now.moment, full=full,
    )  # fmt: skip
    assert result.error == ""
    return result


def told(slug: str) -> set[tuple[str, str]]:
    """Open discrepancies: type, and the provider's id of what each is about."""
    rows = ReconciliationDiscrepancy.objects.filter(organization__slug=slug).exclude(status="resolved")
    return {
        (row.type, row.reference or (row.explanation["right"] or row.explanation["left"])["key"]) for row in rows
    }  # fmt: skip


def test_exactly_what_is_true_is_told_and_totals_add_up(shared: Desk, month: Month) -> None:
    result = run("larkspur", shared)
    true = {(TYPES[label], name) for label, names in month.truth.items() if label in TYPES for name in names}
    assert told("larkspur") == true
    assert all(totals["control"] for totals in result.totals.values())
    won = ReconciliationDiscrepancy.objects.get(reference=month.truth["dispute_won"][0])
    assert (won.status, won.reason_code) == ("resolved", "dispute.over")
    matched = ReconciliationItem.objects.filter(organization__slug="larkspur", outcome="matched", group_key="")
    assert matched.filter(right_id__gt=0).count() >= len(month.truth["paid"]) - 10


def test_lines_that_name_nobody_are_told_to_nobody_but_the_holder(shared: Desk, month: Month) -> None:
    run("larkspur", shared)
    result = run("platform", shared)
    assert result.totals.keys() <= {"EUR"}
    assert not {name for _type, name in told("platform")} & {*month.truth["unattached"], *month.truth["paid"]}
    assert Counter(kind for kind, _name in told("platform"))["MISSING_INVOICE"] == 0


def test_what_the_next_sweep_brings_is_told_without_reading_everything(shared: Desk, month: Month) -> None:
    run("larkspur", shared)
    dispute = shared.shelf.by_id[month.truth["dispute_open"][0]]
    shared.merchant.close_dispute(dispute, int(shared.moment.timestamp()) - 60, won=True)
    fetch(shared)
    again = run("larkspur", shared)
    assert again.run is not None
    assert again.run.metrics["built_on"] is not None
    assert ReconciliationDiscrepancy.objects.get(reference=dispute["id"]).resolution_code == "cleared"
    full = run("larkspur", shared, full=True)
    assert full.written == {"items": 0, "discrepancies": 0, "log": 0}
    assert full.report == again.report
