"""Many observations, one state."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.folding import Folded, Observation, fold
from billing.stripe_objects import RecordState, record_state

from .stripe_facts import Json, charge, intent, refund


def seen(item: Json, second: int = 0, *, fetched: bool = False, digest: str = "") -> Observation:
    """An observation of `item`, `second` seconds after the first."""
    state = record_state(item)
    assert isinstance(state, RecordState)
    time = state.occurred_at.replace(hour=0, minute=0) + timedelta(seconds=second)
    return Observation(time, fetched, digest or str(second), state)


def said(folded: Folded) -> tuple[str, bool]:
    return folded.state.status, folded.needs_fetch


def test_the_latest_event_decides() -> None:
    assert said(fold([seen(charge(status="failed"), 5), seen(charge(), 9), seen(charge(status="pending"), 1)])) == (
        "succeeded",
        False,
    )


def test_nothing_cannot_be_folded() -> None:
    with pytest.raises(ValueError, match="nothing"):
        fold([])


def test_in_the_same_second_the_state_further_along_decides() -> None:
    assert said(fold([seen(charge()), seen(charge(status="pending", balance_transaction=None))])) == (
        "succeeded",
        False,
    )
    assert said(fold([seen(refund(status="failed")), seen(refund())])) == ("failed", False)


def test_a_balance_transaction_that_arrives_in_the_same_second_is_no_contradiction() -> None:
    folded = fold([seen(charge()), seen(charge(balance_transaction=None))])
    assert (folded.needs_fetch, folded.state.detail["balance_transaction"]) == (False, "txn_1")


def test_contradicting_states_of_one_second_need_a_fetch() -> None:
    first, second = seen(charge(), digest="a"), seen(charge(status="failed", amount=1200), digest="b")
    assert fold([first, second]).needs_fetch
    assert fold([second, first]) == fold([first, second])


def test_an_intents_statuses_have_no_order() -> None:
    folded = fold([seen(intent()), seen(intent(status="requires_payment_method", amount_received=0))])
    assert said(folded) == ("succeeded", True)


def test_a_later_second_ends_a_contradiction() -> None:
    folded = fold([seen(intent()), seen(intent(status="processing")), seen(intent(), 1)])
    assert said(folded) == ("succeeded", False)


def test_a_fetched_state_outranks_events_created_until_then() -> None:
    fetched = seen(charge(status="failed"), 5, fetched=True)
    assert said(fold([fetched, seen(charge(), 5)])) == ("failed", False)
    assert said(fold([fetched, seen(charge(), 6)])) == ("succeeded", False)


def test_in_the_second_of_a_fetch_the_state_further_along_decides() -> None:
    pending = seen(charge(status="pending", balance_transaction=None), 5, fetched=True)
    fetched = replace(pending, time=pending.time + timedelta(milliseconds=300))
    assert said(fold([fetched, seen(charge(), 5)])) == ("succeeded", False)
    assert said(fold([fetched, seen(charge(), 4)])) == ("pending", False)


def test_a_fee_known_once_stays_known() -> None:
    row = {"id": "txn_1", "object": "balance_transaction", "amount": 1200, "fee": 55, "net": 1145, "currency": "eur"}
    folded = fold([seen(charge(balance_transaction=row), 1), seen(charge(disputed=True), 9)])
    assert (folded.state.fee_minor, folded.state.detail["disputed"]) == (55, True)
    other = fold([seen(charge(balance_transaction=row), 1), seen(charge(balance_transaction="txn_2"), 9)])
    assert other.state.fee_minor is None


STATES = [
    charge(),
    charge(status="pending", balance_transaction=None),
    charge(status="failed"),
    charge(amount_refunded=500),
    charge(disputed=True),
    charge(metadata={"a": "1"}),
]
MANY = st.lists(
    st.builds(
        seen,
        st.sampled_from(STATES),
        st.integers(0, 2),
        fetched=st.booleans(),
        digest=st.sampled_from(["a", "b", "c"]),
    ),
    min_size=1,
    max_size=8,
)


@given(MANY, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(observations: list[Observation], random: object) -> None:
    again = observations + [replace(one) for one in observations if one.digest == "a"]
    random.shuffle(again)  # type: ignore[attr-defined]
    assert fold(again) == fold(observations)


@pytest.mark.parametrize("seconds", [(0, 0, 0, 0, 0), (0, 0, 1, 1, 2)])
def test_all_orders_of_five_events_give_one_state(seconds: tuple[int, ...]) -> None:
    events = [seen(item, second, digest=str(i)) for i, (item, second) in enumerate(zip(STATES, seconds, strict=False))]
    assert len(events) == 5
    results = [fold(order) for order in itertools.permutations(events)]
    assert len(results) == 120
    assert all(result == results[0] for result in results)
