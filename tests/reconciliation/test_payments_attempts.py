"""Attempts, second charges, refunds and payments to other accounts."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from reconciliation.sentences import sentence
from tests.reconciliation.books import NOON, Books, minutes

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def books() -> Books:
    return Books()


def test_a_payment_finds_its_charge_through_the_payment_intent(books: Books) -> None:
    books.paid("p1", key="pi_1")
    books.charged("ch_1", parent_reference="pi_1")
    books.charged("pi_1", kind="payment_intent", status="pending")
    assert books.run().counts["matched"] == 1
    assert books.outcomes() == {"matched": 1}


def test_an_intent_without_any_charge_stands_for_the_payment(books: Books) -> None:
    books.paid("p1", key="pi_1", status="pending")
    books.charged("pi_1", kind="payment_intent", status="pending")
    books.run()
    assert books.outcomes() == {"matched": 1}


def test_a_failed_attempt_on_the_same_intent_is_superseded_and_not_missing(books: Books) -> None:
    books.paid("p1", key="pi_1")
    books.charged("ch_1", parent_reference="pi_1", status="failed")
    books.charged("ch_2", parent_reference="pi_1", at=NOON + minutes(2))
    result = books.run()
    assert result.status == "ok"
    assert result.report["excluded"] == {"superseded_attempt": 1}


def test_of_two_charges_on_one_intent_the_one_it_names_is_meant(books: Books) -> None:
    books.paid("p1", key="pi_1")
    books.charged("ch_1", parent_reference="pi_1", customer="cus_1")
    books.charged("ch_2", parent_reference="pi_1", customer="cus_1", at=NOON + minutes(3))
    books.charged("pi_1", kind="payment_intent", detail={"latest_charge": "ch_1"})
    books.run()
    assert books.open() == {"DuplicateChargeSuspected": ["duplicate.not_booked"]}
    assert books.only("DuplicateChargeSuspected").actual == "ch_2"


def test_an_amount_booked_net_of_a_refund_is_explained_by_it(books: Books) -> None:
    books.organization.refunds = "never"
    books.organization.save()
    books.paid("p1", 600, key="ch_1")
    books.charged("ch_1", 1000)
    books.charged("re_1", 400, kind="refund", parent_reference="ch_1", at=NOON + timedelta(days=20))
    books.run()
    assert books.open() == {"AmountMismatch": ["amount.refund_netted"]}


def test_a_charge_refunded_in_full_agrees_with_a_payment_marked_refunded_here(books: Books) -> None:
    books.paid("p1", 1000, key="ch_1", status="refunded")
    books.charged("ch_1", 1000)
    books.charged("re_1", 1000, kind="refund", parent_reference="ch_1")
    assert books.run().status == "ok"


def test_a_second_charge_within_the_window_is_suspected_and_not_also_missing(books: Books) -> None:
    books.paid("p1", key="ch_1", customer="cus_1")
    books.charged("ch_1", customer="cus_1")
    books.charged("ch_2", customer="cus_1", at=NOON + minutes(4))
    books.run()
    assert books.open() == {"DuplicateChargeSuspected": ["duplicate.not_booked"]}
    assert sentence(books.only("DuplicateChargeSuspected"), PARIS) == (
        "cus_1 was charged 10.00 EUR twice within 4 minutes: ch_1 and ch_2 (10 Oct 2026, 14:04 CEST)."
        " ch_2 is not booked here."
    )


def test_when_only_the_later_of_two_charges_is_booked_the_earlier_is_the_extra_one(books: Books) -> None:
    books.paid("p1", key="ch_2", customer="cus_1")
    books.charged("ch_1", customer="cus_1")
    books.charged("ch_2", customer="cus_1", at=NOON + minutes(4))
    books.run()
    assert books.open() == {"DuplicateChargeSuspected": ["duplicate.not_booked"]}
    assert books.only("DuplicateChargeSuspected").actual == "ch_1"


def test_two_equal_charges_for_two_invoices_are_meant(books: Books) -> None:
    for number in (1, 2):
        books.paid(f"p{number}", key=f"ch_{number}", customer="cus_1", invoice_number=f"INV-{number}")
        books.charged(f"ch_{number}", customer="cus_1", at=NOON + minutes(number))
    assert books.run().status == "ok"


def test_two_equal_charges_both_booked_without_an_invoice_are_suspected_once(books: Books) -> None:
    for number in (1, 2):
        books.paid(f"p{number}", key=f"ch_{number}", customer="cus_1")
        books.charged(f"ch_{number}", customer="cus_1", at=NOON + minutes(number))
    books.run()
    assert books.open() == {"DuplicateChargeSuspected": ["duplicate.both_booked"]}


def test_destination_payments_are_excluded_with_their_reason(books: Books) -> None:
    books.charged("py_1", excluded_reason="destination_payment")
    result = books.run()
    assert (result.status, result.report["excluded"]) == ("ok", {"destination_payment": 1})


def test_refunds_are_shown_as_excluded_until_the_first_one_is_booked(books: Books) -> None:
    books.paid("p1", key="ch_1")
    books.charged("ch_1")
    books.charged("re_1", 400, kind="refund", parent_reference="ch_1")
    result = books.run()
    assert (result.status, result.report["excluded"]) == ("ok", {"refunds_not_booked_here": 1})
    books.paid("r2", 100, key="re_2", kind="refund")
    books.charged("re_2", 100, kind="refund", parent_reference="ch_1")
    assert books.run().discrepancies == {"MissingInternalRecord": 1}


def test_a_refund_that_names_its_charge_finds_the_refund(books: Books) -> None:
    books.paid("p1", key="ch_1")
    books.paid("r1", 400, key="ch_1", kind="refund")
    books.charged("ch_1")
    books.charged("re_1", 400, kind="refund", parent_reference="ch_1")
    assert books.run().status == "ok"


def test_an_intent_found_missing_clears_when_its_charge_takes_its_place(books: Books) -> None:
    books.charged("pi_1", kind="payment_intent")
    assert books.run().discrepancies == {"MissingInternalRecord": 1}
    books.charged("ch_1", parent_reference="pi_1")
    books.paid("p1", key="pi_1")
    assert books.run().status == "ok"
