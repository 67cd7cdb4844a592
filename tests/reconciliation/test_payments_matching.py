"""Which payment is laid next to which provider record, and what is left to a person."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from reconciliation.sentences import sentence
from tests.reconciliation.books import LATER, NOON, Books

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def books() -> Books:
    return Books()


def test_a_payment_finds_its_charge_by_id(books: Books) -> None:
    books.paid("p1", key="ch_1")
    books.charged("ch_1")
    assert books.run().status == "ok"
    assert books.outcomes() == {"matched": 1}


def test_own_reference_in_the_metadata_finds_a_payment_without_provider_reference(books: Books) -> None:
    books.paid("p1")
    books.charged("ch_1", reference="p1")
    books.run()
    assert books.outcomes() == {"matched": 1}


def test_an_invoice_number_in_the_metadata_serves_as_well(books: Books) -> None:
    books.paid("p1", invoice_number="INV-7")
    books.charged("ch_1", reference="INV-7")
    books.run()
    assert books.outcomes() == {"matched": 1}


def test_customer_amount_and_time_find_a_unique_candidate(books: Books) -> None:
    books.paid("p1", customer="cus_1")
    books.charged("ch_1", customer="cus_1", at=NOON + timedelta(hours=71))
    books.run()
    assert books.outcomes() == {"matched": 1}


def test_a_candidate_outside_the_window_is_no_candidate(books: Books) -> None:
    books.paid("p1", customer="cus_1")
    books.charged("ch_1", customer="cus_1", at=NOON + timedelta(hours=72, seconds=1))
    books.run()
    assert books.outcomes() == {"only_left": 1, "only_right": 1}


def test_a_payment_that_names_another_charge_is_never_matched_by_likeness(books: Books) -> None:
    books.paid("p1", key="ch_gone", customer="cus_1")
    books.charged("ch_1", customer="cus_1")
    books.run()
    assert books.outcomes() == {"only_left": 1, "only_right": 1}


def test_two_equal_candidates_are_left_to_a_person(books: Books) -> None:
    books.paid("p1", customer="cus_1")
    books.charged("ch_1", customer="cus_1", at=NOON - timedelta(hours=3))
    books.charged("ch_2", customer="cus_1", at=NOON + timedelta(hours=9))
    books.run()
    assert books.outcomes() == {"ambiguous": 3}
    row = books.only("AmbiguousMatch")
    assert row.actual == "ch_1, ch_2"
    assert sentence(row, PARIS) == "p1, 10.00 EUR: ch_1, ch_2 fit equally. Nobody has chosen."


def test_one_charge_that_pays_three_bookings_is_a_group_by_sum(books: Books) -> None:
    for number, amount in enumerate((500, 300, 200)):
        books.paid(f"p{number}", amount, key="ch_1")
    books.charged("ch_1", 1000)
    assert books.run().status == "ok"
    assert books.outcomes() == {"matched": 4}


def test_partial_payments_of_one_invoice_are_a_group_by_sum(books: Books) -> None:
    books.paid("p1", 1000, invoice_number="INV-1")
    books.charged("ch_1", 400, reference="INV-1")
    books.charged("ch_2", 600, reference="INV-1", at=NOON + timedelta(days=2))
    assert books.run().status == "ok"


def test_two_bookings_that_nothing_tells_apart_wait_for_a_choice(books: Books) -> None:
    books.paid("p1", key="ch_1")
    books.paid("p2", key="ch_1")
    books.charged("ch_1")
    books.run()
    assert books.outcomes() == {"ambiguous": 3}
    assert books.open() == {"AmbiguousMatch": ["ambiguous.equal_candidates"] * 2}


def test_equal_amounts_alone_match_nothing(books: Books) -> None:
    for number in range(5):
        books.paid(f"p{number}", 10000, at=LATER - timedelta(days=30))
        books.charged(f"ch_{number}", 10000, at=LATER - timedelta(days=30))
    books.run()
    assert books.outcomes() == {"only_left": 5, "only_right": 5}
