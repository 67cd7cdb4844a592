"""What is said of pairs that differ and of records that are alone."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.sentences import sentence
from tests.reconciliation.books import NOON, Books

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def books() -> Books:
    return Books()


def test_a_booking_made_twice_is_told_by_the_providers_own_reference(books: Books) -> None:
    books.paid("p1", key="ch_1")
    books.paid("p1-copy", key="ch_1")
    books.charged("ch_1", reference="p1")
    books.run()
    assert books.open() == {"MissingProviderRecord": ["missing.booked_twice"]}
    assert "ch_1 is already matched to p1." in sentence(books.only("MissingProviderRecord"), PARIS)


def test_an_amount_off_by_the_card_fee_is_explained_whole(books: Books) -> None:
    books.paid("p1", 744128, key="ch_1")
    books.charged("ch_1", 742629, fee_minor=1499)
    books.run()
    row = books.only("AmountMismatch")
    assert (row.reason_code, row.difference_minor, row.unexplained_minor) == ("amount.fee_deducted", -1499, 0)
    assert row.severity == "minor"
    assert sentence(row, PARIS) == (
        "Stripe recorded 7,426.29 EUR, we recorded 7,441.28 EUR: 14.99 EUR less."
        " The card fee (−14.99 EUR, fee of ch_1) explains all of it."
    )


def test_an_amount_nothing_explains_is_major(books: Books) -> None:
    books.paid("p1", 1000, key="ch_1")
    books.charged("ch_1", 1300)
    books.run()
    row = books.only("AmountMismatch")
    assert (row.severity, row.unexplained_minor) == ("major", 300)
    assert "Nothing on record explains it." in sentence(row, PARIS)


def test_cents_taken_for_euros_are_named(books: Books) -> None:
    books.paid("p1", 100000, key="ch_1")
    books.charged("ch_1", 1000)
    books.run()
    assert books.open() == {"AmountMismatch": ["amount.minor_units_confused"]}


def test_an_amount_within_the_tolerance_of_the_organization_matches() -> None:
    books = Books(tolerance_minor=2)
    books.paid("p1", 1000, key="ch_1")
    books.charged("ch_1", 1002)
    books.paid("p2", 1000, key="ch_2")
    books.charged("ch_2", 1003)
    assert books.run().discrepancies == {"AmountMismatch": 1}


def test_currencies_that_differ_are_named_and_never_compared(books: Books) -> None:
    books.paid("p1", 5000, key="ch_1", currency="EUR")
    books.charged("ch_1", 4310, currency="GBP")
    books.run()
    row = books.only("CurrencyMismatch")
    assert row.difference_minor is None
    assert sentence(row, PARIS) == "Same payment, 50.00 EUR here, 43.10 GBP at Stripe. Amounts are not compared."
    assert list(books.open()) == ["CurrencyMismatch"]


@pytest.mark.parametrize(
    ("ours", "theirs", "agree"),
    [
        ("succeeded", "succeeded", True),
        ("succeeded", "pending", False),
        ("failed", "canceled", True),
        ("pending", "failed", False),
        ("refunded", "succeeded", False),
        ("succeeded", "unknown", False),
    ],
)
def test_statuses_agree_by_what_became_of_the_money(books: Books, ours: str, theirs: str, agree: bool) -> None:
    books.paid("p1", key="ch_1", status=ours)
    books.charged("ch_1", status=theirs)
    assert (books.run().status == "ok") is agree


def test_a_charge_nobody_booked_is_missing_here(books: Books) -> None:
    books.charged("ch_1", 48000, at=NOON)
    books.run()
    row = books.only("MissingInternalRecord")
    assert (row.severity, row.difference_minor) == ("major", 48000)
    assert sentence(row, PARIS) == (
        "Stripe charged 480.00 EUR on 10 Oct 2026, 14:00 CEST; no payment here carries ch_1."
    )


def test_a_payment_the_provider_does_not_know_is_missing_there(books: Books) -> None:
    books.paid("p1", 12000, key="ch_1", currency="USD")
    books.run()
    row = books.only("MissingProviderRecord")
    assert row.difference_minor == -12000
    assert "The 48 h grace ended on 12 Oct 2026, 14:00 CEST." in sentence(row, PARIS)


def test_inside_the_grace_period_nothing_is_missing_yet(books: Books) -> None:
    books.paid("p1", key="ch_1")
    result = books.run(now=NOON + timedelta(hours=47, minutes=59))
    assert (result.status, result.counts["not_due"]) == ("ok", 1)
    assert books.run(now=NOON + timedelta(hours=48)).discrepancies == {"MissingProviderRecord": 1}


def test_a_charge_that_two_payments_claim_is_told_from_either_side(books: Books) -> None:
    books.paid("p1", key="ch_1")
    books.paid("p2", key="ch_1")
    books.charged("ch_1")
    books.run()
    rows = ReconciliationDiscrepancy.objects.order_by("left_id")
    assert [sentence(row, PARIS) for row in rows] == [
        "p1, 10.00 EUR: ch_1 fits p2 as well. Nobody has chosen.",
        "p2, 10.00 EUR: ch_1 fits p1 as well. Nobody has chosen.",
    ]
