"""How far apart in time two records may lie and still be candidates. Cases restated from Blnk's tests (Apache-2.0)."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from reconciliation.core.matching import match
from reconciliation.core.parameters import SECOND, Parameters
from reconciliation.core.passes import KeyPass, WindowPass
from reconciliation.engine import collected, lazy, pin

# seconds apart, window in seconds, whether they are candidates
CASES = [
    (0, 0, True),
    (1, 0, False),
    (-1, 0, False),
    (60, 60, True),
    (-60, 60, True),
    (61, 60, False),
    (-61, 60, False),
    (86400, 86400, True),
    (86401, 86400, False),
    (60.9, 60, False),
    (0.99, 0, False),
]
TEXT = dict.fromkeys(
    ("kind", "key", "parent_key", "alt_key", "alt_key2", "party", "currency", "status", "excluded"), pl.String
)


def side(times: list[int], key: str | None = None) -> pl.DataFrame:
    """Records of one customer and amount at the given microseconds."""
    count = len(times)
    rows = {
        "id": list(range(1, count + 1)), "version_id": list(range(1, count + 1)), "kind": ["charge"] * count,
        "key": [key and f"{key}{n}" for n in range(count)], "parent_key": [None] * count, "alt_key": [None] * count,
        "alt_key2": [None] * count, "party": ["cus_1"] * count, "amount": [1000] * count, "currency": ["EUR"] * count,
        "status": ["succeeded"] * count, "occurred_at": times, "excluded": [None] * count,
    }  # fmt: skip
    return pl.DataFrame(rows, schema_overrides=TEXT)


def outcomes(left: list[int], right: list[int], window: int) -> list[str]:
    """The outcomes when only customer, amount and time can tell."""
    matched = match(
        left=lazy(side(left)), right=lazy(side(right, "ch_")), first=KeyPass("reference", "key", "key"),
        passes=[WindowPass()], parameters=Parameters(start=0, end=1, now=10**18, match_window=window), pin=pin,
    )  # fmt: skip
    return sorted(collected(matched.items)["outcome"].to_list())


@pytest.mark.parametrize(("apart", "window", "candidates"), CASES)
def test_candidates_lie_at_most_a_window_apart(apart: float, window: int, candidates: bool) -> None:
    at = 1_700_000_000 * SECOND
    found = outcomes([at], [at + round(apart * SECOND)], window * SECOND)
    assert found == (["matched"] if candidates else ["only_left", "only_right"])


def test_the_restated_cases_are_all_of_the_source(raw_sample: Callable[[str], Path]) -> None:
    source = json.loads(raw_sample("vectors-apache/tolerance_date_blnk.json").read_text())["cases"]
    assert [(c["offset_seconds"], c["drift_seconds"], c["match"]) for c in source] == CASES


def test_a_crowd_too_large_to_look_at_in_pairs_is_left_to_a_person() -> None:
    at = 1_700_000_000 * SECOND
    found = outcomes([at] * 101, [at] * 100, 60 * SECOND)
    assert found == ["ambiguous"] * 201
