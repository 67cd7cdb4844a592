"""Records that were tied once, and are no longer: who was compared with them is looked at again, in whatever period.

Each story ends with a run of the whole period, which finds nothing to write.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from billing.models import Organization
from billing.organizations import save_organization
from reconciliation.models import ReconciliationRun
from tests.reconciliation.books import END, LATER, NOON, Books, minutes
from tests.reconciliation.invoice_books import InvoiceBooks
from tests.reconciliation.shard_facts import cut

pytestmark = pytest.mark.django_db
NOV: dict[str, Any] = {"start": END, "end": END + timedelta(days=30)}
IN_NOV = END + timedelta(days=15)
NOTHING = {"items": 0, "discrepancies": 0, "log": 0}


def test_half_of_a_sum_that_is_corrected_in_another_month_leaves_the_other_half_alone() -> None:
    books = Books()
    books.paid("l1", 600, "ch_1", at=NOON)
    books.charged("ch_1", 1000, at=NOON)
    books.paid("l2", 400, "ch_1", at=IN_NOV)
    assert books.run().status == "ok"
    books.paid("l2", 400, "ch_2", at=IN_NOV)
    books.run()
    assert books.run(full=True).written == NOTHING


def test_half_of_a_sum_is_left_behind_when_the_other_months_run_comes_first() -> None:
    books = Books()
    books.paid("l1", 600, "ch_1", at=NOON)
    books.paid("l2", 400, "ch_1", at=NOON)
    books.charged("ch_1", 1000, at=NOON)
    assert books.run().status == "ok"
    books.charged("ch_2", 400, at=IN_NOV)
    books.paid("l2", 400, "ch_2", at=NOON)
    books.run(**NOV)
    books.run()
    assert ReconciliationRun.objects.latest("id").metrics["built_on"] is not None
    assert books.run(full=True).written == NOTHING


def test_two_months_swept_newest_first_end_as_in_full() -> None:
    books = Books()
    books.paid("l1", 600, "ch_1", at=NOON)
    books.paid("l2", 400, "ch_1", at=NOON)
    books.charged("ch_1", 1000, at=NOON)
    books.charged("ch_2", 400, at=IN_NOV)
    for _turn in range(2):
        books.run(**NOV)
        books.run()
    books.paid("l2", 400, "ch_2", at=NOON)
    books.run(**NOV)
    books.run()
    assert books.run(full=True).written == NOTHING


def test_of_two_that_fit_one_stays_when_the_other_goes_to_another_month() -> None:
    books = Books()
    books.paid("l1", 400, "ch_1", at=NOON)
    books.paid("l2", 400, "ch_1", at=NOON)
    books.charged("ch_1", 400, at=NOON)
    books.run()
    books.charged("ch_2", 400, at=IN_NOV)
    books.paid("l2", 400, "ch_2", at=NOON)
    books.run(**NOV)
    books.run()
    assert books.run(full=True).written == NOTHING


def test_a_payment_of_another_month_that_corrects_its_key_leaves_one_that_fits() -> None:
    books = Books()
    books.paid("l1", 500, "ch_1", at=NOON)
    books.charged("ch_1", 500, at=NOON)
    books.paid("l2", 500, "ch_1", at=IN_NOV)
    books.run()
    books.paid("l2", 500, "ch_2", at=IN_NOV)
    books.run()
    assert books.run(full=True).written == NOTHING


def test_a_candidate_of_another_month_that_changes_its_amount_leaves_one_that_fits() -> None:
    books = Books()
    at = END - timedelta(hours=5)
    books.paid("l1", 500, at=at, customer="c")
    books.charged("ch_1", 500, at=at, customer="c")
    books.charged("ch_2", 500, at=END + timedelta(hours=2), customer="c")
    books.run()
    books.charged("ch_2", 700, at=END + timedelta(hours=2), customer="c")
    books.run()
    assert books.run(full=True).written == NOTHING


@pytest.mark.parametrize("known", [True, False], ids=["the other is of another month", "the other is not known"])
def test_a_refund_of_another_month_given_to_another_charge_is_missed_by_the_first(known: bool) -> None:
    books = Books(refunds="always")
    books.paid("l1", 1000, "ch_1", at=NOON, status="refunded")
    books.charged("ch_1", 1000, at=NOON)
    books.charged("re_1", 1000, kind="refund", parent_reference="ch_1", at=IN_NOV)
    assert books.run().status == "ok"
    if known:
        books.charged("ch_2", 1000, at=IN_NOV)
    books.charged("re_1", 1000, kind="refund", parent_reference="ch_2", at=IN_NOV)
    if known:
        books.run(**NOV)
    books.run()
    assert books.run(full=True).written == NOTHING


def test_a_statement_line_that_moves_to_another_invoice_is_missed_by_the_first() -> None:
    books = InvoiceBooks()
    books.billed("A", 1000, at=NOON)
    books.line("1", 600, "A", at=NOON)
    books.line("2", 400, "A", at=NOON + minutes(5))
    assert books.run().status == "ok"
    books.billed("B", 400, at=IN_NOV)
    books.line("3", 400, "", at=IN_NOV, charge="ch_3")
    books.run(**NOV)
    books.line("2", 400, "B", at=NOON + minutes(5))
    books.line("4", 1, "B", at=IN_NOV, charge="ch_4")
    books.run(**NOV, full=True)
    books.run()
    assert books.run(full=True).written == NOTHING


def test_a_refund_and_its_failure_find_each_other_by_what_they_come_from() -> None:
    books = InvoiceBooks()
    books.line("r", -500, kind="refund", category="refund", charge="", source_reference="re_9", at=NOON)
    books.line("o", 1, at=NOON)
    books.run()
    books.line("f", 500, kind="refund_failure", category="refund_failure", charge="", source_reference="re_9", at=NOON)
    books.run()
    assert books.run(full=True).written == NOTHING


def test_a_new_organization_takes_its_invoices_of_a_shared_account() -> None:
    books = InvoiceBooks(stripe_account="")
    books.billed("A", 1000, detail={"metadata": {"workspace_id": "globex"}})
    Organization.objects.create(slug="initech", name="Initech")
    books.run()
    save_organization(slug="globex", fields={"name": "Globex"}, now=LATER)
    books.run()
    assert books.run(full=True).written == NOTHING


def test_a_crowd_of_one_customer_is_as_crowded_as_in_a_full_run() -> None:
    books = Books()
    width = 72 * 3600
    start = (int(NOON.timestamp()) // width + 1) * width
    first = NOON + timedelta(seconds=start - int(NOON.timestamp()))
    for number in range(101):
        books.paid(f"p{number}", 500, at=first + timedelta(seconds=number), customer="guest")
        books.charged(f"ch_{number}", 500, at=first + timedelta(seconds=2 * width - 200 + number), customer="guest")
    books.run()
    books.paid("new", 500, at=first + timedelta(seconds=300), customer="guest")
    books.run()
    assert books.run(full=True).written == NOTHING


@pytest.mark.parametrize("in_parts", [False, True])
def test_a_former_partner_in_another_month_is_decided_with_its_candidates_there(
    settings: Any, tmp_path: Path, in_parts: bool
) -> None:
    settings.RUN_FILES = tmp_path
    books = Books()
    books.paid("l9", 500, at=END - timedelta(days=4, hours=11), customer="c")
    books.charged("ch_1", 500, at=END - timedelta(days=1, hours=12), customer="c")
    books.run()
    books.charged("ch_5", 500, at=END - timedelta(days=7, hours=10), customer="c")
    books.paid("l", 500, "ch_1", at=END + timedelta(hours=1))
    if in_parts:
        cut(settings)
    books.run(**NOV)
    assert books.open() == {}
    books.run(full=True)
    assert books.open() == {}
