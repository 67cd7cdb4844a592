"""Stripe objects read as states of provider records."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.stripe_objects import RecordState, UnusableObject, observed_objects, record_state

from .stripe_facts import T0, Json, charge, dispute, intent, refund


def state(item: Json, *keys: str) -> RecordState:
    found = record_state(item, keys)
    assert found is not None
    return found


def test_a_charge_is_read_with_all_that_matching_needs() -> None:
    found = state(charge(metadata={"order_id": "A-7"}), "invoice_id", "order_id")
    assert (found.kind, found.external_id, found.parent_reference) == ("charge", "ch_1", "pi_1")
    assert (found.amount_minor, found.fee_minor, found.currency) == (1200, None, "EUR")
    assert (found.status, found.occurred_at) == ("succeeded", datetime.fromtimestamp(T0, UTC))
    assert (found.reference, found.customer, found.excluded_reason) == ("A-7", "cus_1", "")
    assert found.detail["reference_key"] == "order_id"


def test_the_first_reference_key_that_is_there_wins() -> None:
    metadata = {"order_id": "second", "invoice_id": "first", "workspace_id": ""}
    assert state(charge(metadata=metadata), "workspace_id", "invoice_id", "order_id").reference == "first"


def test_a_payment_by_another_method_is_a_charge_too() -> None:
    assert state(charge(id="py_1")).kind == "charge"


def test_an_expanded_balance_transaction_gives_the_fee() -> None:
    row = {"id": "txn_1", "object": "balance_transaction", "amount": 1200, "fee": 55, "net": 1145, "currency": "eur"}
    found = state(charge(balance_transaction=row))
    assert (found.fee_minor, found.detail["balance_transaction"]) == (55, "txn_1")


def test_a_fee_in_another_currency_is_not_taken_for_one_in_the_charges() -> None:
    row = {"id": "txn_1", "object": "balance_transaction", "amount": 1300, "fee": 60, "net": 1240, "currency": "usd"}
    found = state(charge(balance_transaction=row))
    assert found.fee_minor is None
    assert found.detail["settled"] == {"currency": "USD", "amount_minor": 1300, "fee_minor": 60, "net_minor": 1240}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "failed"}, "failed"),
        ({"status": "pending"}, "pending"),
        ({"captured": False}, "pending"),
        ({"captured": False, "refunded": True}, "canceled"),
        ({"refunded": True, "amount_refunded": 1200}, "succeeded"),
        ({"status": "brand_new_word"}, "unknown"),
        ({"status": None}, "unknown"),
        ({"status": ["succeeded"]}, "unknown"),
    ],
)
def test_words_for_a_charges_status_become_canonical(fields: Json, status: str) -> None:
    assert state(charge(**fields)).status == status


def test_a_partial_capture_counts_what_was_taken() -> None:
    found = state(charge(amount=2000, amount_captured=1500))
    assert (found.amount_minor, found.detail["authorized_minor"]) == (1500, 2000)


def test_a_payment_out_of_a_transfer_is_excluded() -> None:
    assert state(charge(source_transfer="tr_1")).excluded_reason == "destination_payment"


@pytest.mark.parametrize(
    ("fields", "customer"),
    [
        ({"customer": {"id": "cus_9", "object": "customer"}}, "cus_9"),
        ({"customer": None, "billing_details": {"email": "Ada@Example.ORG"}}, "ada@example.org"),
        ({"customer": None, "payment_method_details": {"card": {"fingerprint": "fp1"}}}, "fp1"),
        ({"customer": None, "billing_details": None}, ""),
    ],
)
def test_the_customer_is_the_best_name_there_is(fields: Json, customer: str) -> None:
    assert state(charge(**fields)).customer == customer


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [("10.00", "usd", 1000), ("1000", "usd", 1000), ("1500", "jpy", 1500), (0, "usd", 0), ("10.00", "ugx", 1000)],
)
def test_an_amount_as_text_with_a_point_is_in_major_units(value: Any, currency: str, minor: int) -> None:
    assert state(refund(amount=value, currency=currency)).amount_minor == minor


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        ("succeeded", None, "succeeded"),
        ("canceled", None, "canceled"),
        ("processing", None, "pending"),
        ("requires_payment_method", None, "pending"),
        ("requires_payment_method", {"code": "card_declined"}, "failed"),
        ("requires_magic", None, "unknown"),
    ],
)
def test_words_for_an_intents_status_become_canonical(status: str, error: Any, expected: str) -> None:
    found = state(intent(status=status, last_payment_error=error))
    assert (found.status, found.detail["latest_charge"]) == (expected, "ch_1")


def test_an_intent_of_an_old_rendering_names_its_newest_listed_charge() -> None:
    item = intent(charges={"object": "list", "data": [charge(id="ch_2"), charge(id="ch_1")]})
    del item["latest_charge"]
    assert state(item).detail["latest_charge"] == "ch_2"


@pytest.mark.parametrize(
    ("status", "expected"),
    [("requires_action", "pending"), ("failed", "failed"), ("canceled", "canceled"), (None, "succeeded")],
)
def test_words_for_a_refunds_status_become_canonical(status: str | None, expected: str) -> None:
    found = state(refund(status=status))
    assert (found.status, found.parent_reference) == (expected, "ch_1")


def test_a_dispute_that_cannot_be_answered_has_no_deadline() -> None:
    assert "due_by" not in state(dispute(evidence_details={"due_by": 0})).detail
    assert state(dispute()).detail["due_by"] == "2026-01-08T00:00:00+00:00"


def test_a_lost_dispute_is_money_gone_and_a_won_one_is_not() -> None:
    words = ("needs_response", "lost", "won", "warning_closed", "novel")
    assert [state(dispute(status=word)).status for word in words] == [
        *("pending", "succeeded", "canceled", "canceled", "unknown"),
    ]


def test_objects_that_are_no_record_give_none() -> None:
    assert record_state({"object": "customer", "id": "cus_1"}) is None
    assert record_state({"object": ["charge"]}) is None
    assert record_state({}) is None


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"id": None}, "id"),
        ({"id": "x" * 256}, "id"),
        ({"amount": None}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 12.5}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": 10**40}, "amount"),
        ({"amount": "ten"}, "amount"),
        ({"amount": "1,000.00"}, "amount"),
        ({"amount_refunded": "lots"}, "amount_refunded"),
        ({"currency": "euro"}, "currency"),
        ({"currency": None}, "currency"),
        ({"created": 0}, "created"),
        ({"created": 10**15}, "created"),
        ({"created": "today"}, "created"),
    ],
)
def test_a_field_that_makes_no_sense_is_named(fields: Json, named: str) -> None:
    with pytest.raises(UnusableObject, match=f"“{named}”") as caught:
        record_state(charge(**fields))
    assert caught.value.field == named


def test_records_inside_a_record_are_observed_too() -> None:
    inner = charge(refunds={"object": "list", "data": [refund()]})
    assert [item["id"] for item in observed_objects(intent(latest_charge=inner))] == ["pi_1", "ch_1", "re_1"]
    listed = intent(charges={"object": "list", "data": [charge(), charge(id="ch_2"), None, "ch_3"]})
    assert [item["id"] for item in observed_objects(listed)] == ["pi_1", "ch_1", "ch_2"]


def test_an_object_that_holds_itself_ends() -> None:
    item = charge()
    item["source"] = item
    assert len(list(observed_objects(item))) == 5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.sampled_from([charge, refund, intent, dispute]),
    st.dictionaries(st.sampled_from(sorted({*charge(), *dispute(), *intent()} - {"object"})), JSON, max_size=4),
)
def test_any_fields_give_a_state_or_the_name_of_a_field(make: Any, fields: Json) -> None:
    try:
        found = state(make(**fields), "a")
    except UnusableObject:
        return
    assert found.amount_minor >= 0
    assert max(map(len, (found.external_id, found.reference, found.customer, found.parent_reference))) <= 255
