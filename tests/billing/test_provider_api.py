"""Pauses between tries, the pace of requests, and keys that never show."""

import pytest

from billing.provider_api import LONGEST_PAUSE, Pace, without_keys
from billing.provider_api import pause_seconds as pause


@pytest.mark.parametrize("attempt", range(1, 12))
def test_pauses_double_up_to_a_limit_with_a_random_part(attempt: int) -> None:
    longest = min(0.25 * 2**attempt, LONGEST_PAUSE)
    pauses = {pause("", attempt) for _ in range(50)}
    assert len(pauses) > 1
    assert all(longest / 2 <= seconds <= longest for seconds in pauses)


@pytest.mark.parametrize(("asked", "seconds"), [("0", 0), ("7", 7), ("3600", LONGEST_PAUSE)])
def test_a_pause_that_is_asked_for_is_kept_within_reason(asked: str, seconds: float) -> None:
    assert pause(asked, 1) == seconds


@pytest.mark.parametrize("asked", ["soon", "-1", "٣", "1.5"])
def test_a_pause_that_makes_no_sense_is_not_followed(asked: str) -> None:
    assert pause(asked, 1) <= 0.5


def test_requests_keep_their_distance_without_waiting_when_there_is_none_to_keep() -> None:
    pace, waits = Pace(10.0), list[float]()
    for _ in range(3):
        pace.wait(waits.append)
    assert len(waits) == 2
    assert 9 < waits[0] <= 10 < waits[1] <= 20


@pytest.mark.parametrize("key", ["rk_test_51Abc", "sk_live_9xYz"])
def test_texts_are_shown_without_keys(key: str) -> None:
    assert without_keys(f"Invalid API Key provided: {key}") == "Invalid API Key provided: [hidden]"
