"""What the payments comparison says of books that agree and of books that do not."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.sentences import sentence
from tests.reconciliation.books import LATER, NOON, Books, minutes

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


def test_a_booking_made_twice_is_told_by_the_providers_own_reference(books: Books) -> None:
    books.paid("p1", key="ch_1")
    books.paid("p1-copy", key="ch_1")
    books.charged("ch_1", reference="p1")
    books.run()
    assert books.open() == {"MissingProviderRecord": ["missing.booked_twice"]}
    assert "ch_1 is already matched to p1." in sentence(books.only("MissingProviderRecord"), PARIS)


def test_two_bookings_that_nothing_tells_apart_wait_for_a_choice(books: Books) -> None:
    books.paid("p1", key="ch_1")
    books.paid("p2", key="ch_1")
    books.charged("ch_1")
    books.run()
    assert books.outcomes() == {"ambiguous": 3}
    assert books.open() == {"AmbiguousMatch": ["ambiguous.equal_candidates"] * 2}


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


def test_an_amount_booked_net_of_a_refund_is_explained_by_it(books: Books) -> None:
    books.organization.refunds = "never"
    books.organization.save()
    books.paid("p1", 600, key="ch_1")
    books.charged("ch_1", 1000)
    books.charged("re_1", 400, kind="refund", parent_reference="ch_1", at=NOON + timedelta(days=20))
    books.run()
    assert books.open() == {"AmountMismatch": ["amount.refund_netted"]}


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


def test_a_charge_refunded_in_full_agrees_with_a_payment_marked_refunded_here(books: Books) -> None:
    books.paid("p1", 1000, key="ch_1", status="refunded")
    books.charged("ch_1", 1000)
    books.charged("re_1", 1000, kind="refund", parent_reference="ch_1")
    assert books.run().status == "ok"


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


def test_equal_amounts_alone_match_nothing(books: Books) -> None:
    for number in range(5):
        books.paid(f"p{number}", 10000, at=LATER - timedelta(days=30))
        books.charged(f"ch_{number}", 10000, at=LATER - timedelta(days=30))
    books.run()
    assert books.outcomes() == {"only_left": 5, "only_right": 5}


def test_an_intent_found_missing_clears_when_its_charge_takes_its_place(books: Books) -> None:
    books.charged("pi_1", kind="payment_intent")
    assert books.run().discrepancies == {"MissingInternalRecord": 1}
    books.charged("ch_1", parent_reference="pi_1")
    books.paid("p1", key="pi_1")
    assert books.run().status == "ok"


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
