"""Causes on generated clues: what was put in is named, with its members; noise is named nothing."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciliation.core.causes import Background, Clue, Found, find
from reconciliation.core.causes.gaps import BINS
from reconciliation.core.findings import AMBIGUOUS, AMOUNT, MISSING_INTERNAL, MISSING_PROVIDER, STATUS

MINUTE = 60_000_000
HOUR = 60 * MINUTE
START = 1_760_000_000_000_000
MONTH = 30 * 24 * HOUR


def lonely(number: int, at: int, side: str = "left", **facts: Any) -> Clue:
    """A record without counterpart."""
    own = {"left_at": at, "left_amount": 1000 + number} if side == "left" else {"right_at": at, "right_amount": 1000}
    type_ = MISSING_PROVIDER if side == "left" else MISSING_INTERNAL
    values: dict[str, Any] = {"reason": "missing.not_at_provider", "kind": "charge", "currency": "EUR", **own, **facts}
    return Clue(id=number, type=type_, **values)


def differing(number: int, left: int, difference: int, reason: str = "amount.unexplained", **facts: Any) -> Clue:
    """A pair whose amounts differ."""
    values: dict[str, Any] = {"currency": "EUR", "kind": "charge", "left_at": START, "right_at": START, **facts}
    return Clue(
        id=number, type=AMOUNT, reason=reason, left_amount=left, right_amount=left + difference, difference=difference,
        **values,
    )  # fmt: skip


def noise(rng: random.Random, count: int, first: int = 1000) -> Iterator[Clue]:
    for number in range(count):
        left = rng.randrange(500, 60_000)
        difference = rng.choice((-1, 1)) * rng.randrange(1, left)
        yield differing(first + number, left, difference)


def arrivals(rng: random.Random, count: int, without: tuple[int, int] | None = None) -> list[int]:
    """Times of matched records over a month, none in the stretch `without`."""
    times = sorted(START + rng.randrange(MONTH) for _number in range(count))
    return [time for time in times if without is None or not without[0] <= time <= without[1]]


def around(times: list[int], side: str = "left") -> Background:
    return Background(present={(side, "charge"): times})


def kinds(found: list[Found]) -> list[str]:
    return [cause.kind for cause in found]


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_gap_in_arrivals_is_named_with_its_times(side: str) -> None:
    rng = random.Random(4)
    gap = (START + 10 * 24 * HOUR, START + 10 * 24 * HOUR + 42 * MINUTE)
    inside = [lonely(number, rng.randrange(*gap), side) for number in range(12)]
    scattered = [lonely(100 + number, START + rng.randrange(MONTH), side) for number in range(30)]
    scattered = [clue for clue in scattered if not gap[0] <= clue.at <= gap[1]]
    (cause,) = find(inside + scattered, around(arrivals(rng, 3_000, gap), side))
    assert (cause.kind, cause.facts["side"]) == ("gap", side)
    assert set(cause.members) == {clue.id for clue in inside}
    assert cause.facts["from"] <= gap[0] <= cause.facts["first"] <= cause.facts["last"] <= gap[1] <= cause.facts["to"]
    assert cause.facts["arrived_inside"] == 0
    assert len(cause.facts["missing"]) == len(cause.facts["arrived"]) == BINS
    assert sum(cause.facts["missing"]) == len(cause.members) + len(cause.misfits)


def test_two_gaps_are_two_causes_and_a_straggler_does_not_hide_one() -> None:
    rng = random.Random(5)
    first, second = START + 5 * 24 * HOUR, START + 20 * 24 * HOUR
    clues = [lonely(number, first + number * MINUTE) for number in range(10)]
    clues += [lonely(20 + number, second + number * MINUTE) for number in range(15)]
    times = [
        time for time in arrivals(rng, 2_000)
        if not any(start - HOUR < time < start + HOUR for start in (first, second))
    ]  # fmt: skip
    times = sorted([*times, second + 7 * MINUTE + 1])
    found = find(clues, around(times))
    assert [len(cause.members) for cause in found] == [15, 10]
    assert [cause.facts["arrived_inside"] for cause in found] == [1, 0]


@given(st.integers(0, 10_000), st.integers(5, 150), st.integers(50, 2_000))
@settings(max_examples=60, deadline=None)
def test_scattered_missing_records_have_no_cause(seed: int, missing: int, present: int) -> None:
    rng = random.Random(seed)
    clues = [lonely(number, START + rng.randrange(MONTH), own=f"pay_{number}") for number in range(missing)]
    times = arrivals(rng, present)
    background = Background(
        present={("left", "charge"): times}, total=lambda _side: missing + present,
        of_prefix=lambda _side, _prefix: missing + present,
    )  # fmt: skip
    assert find(clues, background) == []


def test_everything_missing_is_no_gap() -> None:
    clues = [lonely(number, START + number * MINUTE) for number in range(50)]
    assert find(clues, around([])) == []


def test_a_shifted_time_zone_is_named_with_both_sides_of_each_pair() -> None:
    rng = random.Random(6)
    clues = []
    for number in range(9):
        at = START + rng.randrange(MONTH)
        facts = {"party": f"cus_{number}"}
        clues.append(lonely(number, at, left_amount=5000 + number, **facts))
        late = at + 120 * MINUTE + rng.randrange(40_000_000)
        clues.append(lonely(100 + number, late, "right", right_amount=5000 + number, **facts))
    clues.append(lonely(50, START + 9 * HOUR, party="cus_x", left_amount=77))
    clues.append(lonely(51, START + 30 * HOUR, "right", party="cus_x", right_amount=77))
    (cause,) = find(clues, Background())
    assert (cause.kind, cause.facts["shift"], cause.facts["zone_like"]) == ("shift", 120 * MINUTE, True)
    assert (len(cause.members), cause.misfits) == (18, (50, 51))


@given(st.integers(0, 10_000), st.integers(5, 60))
@settings(max_examples=40, deadline=None)
def test_pairs_at_scattered_spans_have_no_shift(seed: int, pairs: int) -> None:
    rng = random.Random(seed)
    clues = []
    for number in range(pairs):
        at = START + rng.randrange(MONTH)
        clues.append(lonely(number, at, party=f"cus_{number}"))
        clues.append(
            lonely(1000 + number, at + rng.randrange(-72 * HOUR, 72 * HOUR), "right", party=f"cus_{number}",
                   right_amount=1000 + number)
        )  # fmt: skip
    assert find(clues, Background()) == []


def test_an_import_done_twice_is_named_and_one_double_booking_is_not() -> None:
    clues = [lonely(number, START + number * HOUR, reason="missing.booked_twice", batch=3) for number in range(20)]
    clues.append(lonely(99, START, reason="missing.booked_twice", batch=4))
    background = Background(of_import=lambda _side, batch: {3: 22, 4: 50}[batch], total=lambda _side: 500)
    (cause,) = find(clues, background)
    assert (cause.kind, cause.facts["batch"], cause.facts["rows"], len(cause.members)) == ("import_twice", 3, 22, 20)


def test_an_import_that_repeats_undecided_payments_is_named_with_what_it_repeats() -> None:
    clues = [undecided(number, f"ch_{number}", batch=3) for number in range(8)]
    clues += [undecided(100 + number, f"ch_{number}", batch=9) for number in range(8)]
    clues += [undecided(200 + number, "ch_same", batch=9) for number in range(2)]  # within one import: no copy
    background = Background(of_import=lambda _side, batch: {3: 400, 9: 10}[batch], total=lambda _side: 410)
    (cause,) = find(clues, background)
    assert (cause.kind, cause.facts["batch"], cause.facts["copies"]) == ("import_twice", 9, 8)
    assert set(cause.members) == {*range(8), *range(100, 108)}
    assert cause.misfits == (200, 201)


def undecided(number: int, claim: str, **facts: Any) -> Clue:
    values = {"left_at": START, "left_amount": 500, "claim": claim, **facts}
    return Clue(
        id=number, type=AMBIGUOUS, reason="ambiguous.equal_candidates", kind="charge", currency="EUR", **values
    )  # fmt: skip


def test_a_faulty_import_is_named_where_others_are_sound() -> None:
    clues = [status(number, batch=3) for number in range(20)] + [status(100 + number, batch=4) for number in range(3)]
    sizes = {3: 25, 4: 300}
    background = Background(of_import=lambda _side, batch: sizes[batch], total=lambda _side: 325)
    (cause,) = find(clues, background)
    assert (cause.kind, cause.facts["batch"], len(cause.members)) == ("import_faulty", 3, 20)
    alone = Background(of_import=lambda _side, batch: sizes[batch], total=lambda _side: 25)
    assert find(clues[:20], alone) == []  # nothing to compare it with


def status(number: int, **facts: Any) -> Clue:
    values = {"own": f"pay_{number}", "left_at": START, "right_at": START, **facts}
    return Clue(id=number, type=STATUS, reason="status.differs", kind="charge", currency="EUR", **values)


def test_a_broken_integration_is_named_by_its_prefix() -> None:
    clues = [status(number, own=f"shop-eu-{number}") for number in range(12)]
    clues += [status(100 + number, own=f"pay_{number}") for number in range(4)]
    sizes = {"shop-eu-": 15, "pay_": 900}
    background = Background(of_prefix=lambda _side, prefix: sizes[prefix], total=lambda _side: 915)
    (cause,) = find(clues, background)
    assert (cause.kind, cause.facts["prefix"], len(cause.members)) == ("prefix", "shop-eu-", 12)


def test_each_discrepancy_is_put_down_to_one_cause_and_order_does_not_matter() -> None:
    rng = random.Random(11)
    gap = (START + HOUR, START + 2 * HOUR)
    clues = [lonely(number, rng.randrange(*gap), batch=3, own=f"shop-{number}") for number in range(15)]
    clues += [differing(200 + number, 1000 + 37 * number, -30) for number in range(10)] + list(noise(rng, 20))
    background = Background(
        present={("left", "charge"): arrivals(rng, 800, gap)}, total=lambda _side: 900,
        of_import=lambda _side, _batch: 15, of_prefix=lambda _side, _prefix: 15,
    )  # fmt: skip
    found = find(clues, background)
    members = [member for cause in found for member in cause.members]
    assert len(members) == len(set(members))
    assert kinds(found) == ["gap", "constant"]
    rng.shuffle(clues)
    assert find(clues, background) == found
