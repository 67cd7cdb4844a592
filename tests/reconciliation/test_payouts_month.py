"""A month on the loopback Stripe, fetched by the real SDK: what is true of its payouts is what a run says."""

from datetime import timedelta

import pytest
from django.db.models import F

from billing.disputes import sync_disputes
from billing.models import PayoutVersion
from billing.payouts import sync_payouts
from billing.roll_forward import roll_forward
from billing.sandbox.merchant import Merchant
from billing.sandbox.month import generated_month
from billing.statement_queries import current_lines
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem
from reconciliation.runs import reconcile
from tests.billing.stripe.desk import NOW, Desk, desk_of, organization

pytestmark = pytest.mark.django_db
START = (NOW - timedelta(days=31)).replace(hour=0)
BEFORE = START - timedelta(days=1)


def fetched(desk: Desk) -> None:
    """One sweep over everything."""
    desk.ingest(start=BEFORE)
    options = {"organization": desk.organization, "access": desk.access, "by": "test", "clock": desk.clock}
    sync_payouts(**options)  # type: ignore[arg-type]
    sync_disputes(**options)  # type: ignore[arg-type]


def test_the_payouts_of_a_month_tie_but_for_the_one_that_came_back() -> None:
    month = generated_month(payments=40, start=START, account="acct_1lark")
    with desk_of(organization("lark", stripe_account="acct_1lark")) as desk:
        desk.sandbox.shelves = dict.fromkeys(desk.sandbox.shelves, month.shelf)
        desk.merchant = Merchant(month.shelf)
        desk.pass_time(86_400)
        fetched(desk)
        end = NOW + timedelta(days=10)
        result = reconcile(organization=desk.organization, comparison="payouts", start=START, end=end, by=None, now=end)
    assert result.error == ""
    names = dict(PayoutVersion.objects.values_list("payout_id", "payout__external_id"))
    found = {names[i.right_id]: i.outcome for i in ReconciliationItem.objects.filter(closed_run=None)}
    (failed,) = month.truth["payout_failed"]
    assert set(found) == set(month.truth["payout"])
    assert {name for name, outcome in found.items() if outcome != "matched"} == {failed}
    row = ReconciliationDiscrepancy.objects.get()
    assert (row.reason_code, row.unexplained_minor) == ("payout.failed_returned", 0)
    (rolled,) = roll_forward(organization=desk.organization, start=BEFORE, end=end)
    assert rolled.ties
    assert rolled.total().closing == sum(current_lines(desk.organization).values_list("net_minor", flat=True))
    sent = PayoutVersion.objects.filter(number=F("payout__current_number")).values_list("amount_minor", flat=True)
    assert rolled.total().sent == sum(sent)
