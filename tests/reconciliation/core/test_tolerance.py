"""How far two amounts may lie apart and still agree. The first cases are restated from Blnk's tests (Apache-2.0)."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.core.outcomes import pair_outcome
from reconciliation.core.parameters import Parameters, Tolerance
from reconciliation.engine import collected, lazy

SCALE = 10_000

# external, internal, fraction, whether they agree: |external − internal| ≤ |internal| × fraction
CASES = [
    ("100", "100", "0", True),
    ("100.01", "100", "0", False),
    ("99.99", "100", "0", False),
    ("150", "100", "0.5", True),
    ("50", "100", "0.5", True),
    ("150.0001", "100", "0.5", False),
    ("49.9999", "100", "0.5", False),
    ("250", "200", "0.25", True),
    ("250.001", "200", "0.25", False),
    ("0", "0", "0", True),
    ("5", "0", "0.5", False),
    ("150", "100", "0.01", False),
    ("100.5", "100", "0.01", True),
    ("101", "100", "0.01", True),
    ("101.001", "100", "0.01", False),
    ("-100", "-100", "0.01", True),
    ("-100.5", "-100", "0.01", True),
    ("-150", "-100", "0.01", False),
]


def minor(text: str) -> int:
    return int(Decimal(text) * SCALE)


def ppm(fraction: str) -> int:
    return int(Decimal(fraction) * 1_000_000)


def in_frames(left: int, right: int, tolerance: Tolerance) -> bool:
    """What the matching core decides of a pair of amounts."""
    pair = pl.DataFrame(
        {
            "left_amount": [left], "right_amount": [right], "left_currency": ["EUR"], "right_currency": ["EUR"],
            "left_status": ["succeeded"], "right_status": ["succeeded"], "left_kind": ["charge"],
            "left_occurred_at": [0],
        }
    )  # fmt: skip
    rules = Parameters(start=0, end=1, now=0, tolerance=tolerance)
    return str(collected(lazy(pair).select(outcome=pair_outcome(rules)))["outcome"][0]) == "matched"


@pytest.mark.parametrize(("external", "internal", "fraction", "agree"), CASES)
def test_a_fraction_of_our_amount_is_tolerated(external: str, internal: str, fraction: str, agree: bool) -> None:
    tolerance = Tolerance(ppm=ppm(fraction))
    assert tolerance.allows(minor(internal), minor(external)) is agree
    assert in_frames(minor(internal), minor(external), tolerance) is agree


def test_the_restated_cases_are_all_of_the_source(raw_sample: Callable[[str], Path]) -> None:
    source = json.loads(raw_sample("vectors-apache/tolerance_amount_blnk.json").read_text())["cases"]
    assert [(c["external"], c["internal"], c["drift_fraction"], c["match"]) for c in source] == CASES


@given(
    left=st.integers(-(10**15), 10**15), apart=st.integers(-(10**15), 10**15), absolute=st.integers(0, 10**6),
    parts=st.integers(0, 2_000_000),
)  # fmt: skip
def test_frames_and_plain_numbers_agree_whatever_the_size(left: int, apart: int, absolute: int, parts: int) -> None:
    tolerance = Tolerance(minor=absolute, ppm=parts)
    assert in_frames(left, left + apart, tolerance) is tolerance.allows(left, left + apart)
