"""Causes of amounts: constants, shares and fees that were put in are named; noise is not."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciliation.core.causes import Background, find
from tests.reconciliation.core.test_causes import differing, noise


def test_a_constant_amount_is_named() -> None:
    rng = random.Random(7)
    clues = [differing(number, rng.randrange(1_000, 90_000), -30) for number in range(8)]
    (cause,) = find(clues + list(noise(rng, 40)), Background())
    assert (cause.kind, cause.facts["constant_minor"], cause.currency) == ("constant", -30, "EUR")
    assert set(cause.members) == set(range(8))
    assert len(cause.misfits) == 40


def test_a_share_is_named_in_percent() -> None:
    rng = random.Random(8)
    lefts = [rng.randrange(1_000, 90_000) for _number in range(12)]
    clues = [differing(number, left, -round(left * 0.021)) for number, left in enumerate(lefts)]
    (cause,) = find(clues + list(noise(rng, 40)), Background())
    assert (cause.kind, cause.facts["parts"], cause.facts["constant_minor"]) == ("share", -210, 0)
    assert set(range(12)) <= set(cause.members)


def test_a_fee_of_a_share_and_a_constant_is_named() -> None:
    rng = random.Random(9)
    lefts = [rng.randrange(1_000, 90_000) for _number in range(20)]
    clues = [differing(number, left, -round(left * 0.029) - 30) for number, left in enumerate(lefts)]
    (cause,) = find(clues + list(noise(rng, 30)), Background())
    assert (cause.kind, cause.facts["constant_minor"], cause.facts["parts"]) == ("share_and_constant", -30, -290)
    assert set(range(20)) <= set(cause.members)


def test_currencies_are_never_thrown_together() -> None:
    clues = [differing(number, 1000 + 7 * number, -30, currency=code) for number, code in enumerate("AABBAABB")]
    assert find(clues, Background()) == []


@given(st.integers(0, 10_000), st.integers(5, 120), st.sampled_from([5, 500, 60_000]))
@settings(max_examples=60, deadline=None)
def test_random_differences_have_no_cause(seed: int, count: int, widest: int) -> None:
    rng = random.Random(seed)
    clues = [
        differing(number, rng.randrange(1_000, 60_000), rng.choice((-1, 1)) * rng.randrange(1, widest))
        for number in range(count)
    ]
    assert find(clues, Background()) == []


def test_fees_on_record_are_one_cause_whatever_the_amounts() -> None:
    clues = [differing(number, 1000 * number, -number * 29, "amount.fee_deducted") for number in range(1, 8)]
    (cause,) = find(clues, Background())
    assert (cause.kind, len(cause.members)) == ("fee", 7)


def test_cents_taken_for_whole_units_are_one_cause_a_factor() -> None:
    reason = "amount.minor_units_confused"
    clues = [differing(number, 100 * number, 9_900 * number, reason) for number in range(1, 5)]
    clues += [differing(number, 100_000 * number, -99_000 * number, reason) for number in range(11, 15)]
    found = find(clues, Background())
    assert [(cause.kind, cause.facts["factor"], len(cause.members)) for cause in found] == [
        ("units", -100, 4),
        ("units", 100, 4),
    ]
