"""What spares a small run its work must not change what it finds: each shortcut against the long way."""

from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciliation.comparisons.payments import FIRST, PASSES
from reconciliation.core import passes
from reconciliation.core.matching import match
from reconciliation.core.parameters import SECOND, Parameters
from reconciliation.core.passes import KeyPass, WindowPass
from reconciliation.core.twins import twins
from reconciliation.engine import collected, lazy, pin

RULES = Parameters(start=0, end=10**18, now=10**18, match_window=100 * SECOND)
NOTHING: dict[str, Any] = dict.fromkeys(("key", "parent_key", "alt_key", "alt_key2", "party", "excluded"))
PLAIN: dict[str, Any] = {"kind": "charge", "amount": 1000, "currency": "EUR", "status": "succeeded", "occurred_at": 0}
TYPES = {name: pl.Int64 if name in ("amount", "occurred_at") else pl.String for name in (*PLAIN, *NOTHING)}
Rows = list[dict[str, Any]]

few = st.integers(0, 5)
lefts = st.fixed_dictionaries(
    {
        "key": st.none() | few.map("ch_{}".format),
        "alt_key": st.none() | few.map("order_{}".format),
        "alt_key2": st.none() | few.map("invoice_{}".format),
        "amount": st.sampled_from([1000, 2000]),
    }
)
rights = st.fixed_dictionaries(
    {
        "parent_key": st.none() | few.map("ch_{}".format),
        "alt_key": st.none() | few.map("order_{}".format) | few.map("invoice_{}".format),
        "amount": st.sampled_from([1000, 2000, 3000]),
    }
)
charges = st.fixed_dictionaries(
    {
        "party": st.sampled_from(["cus_1", "cus_2", None]),
        "amount": st.sampled_from([1000, 2000]),
        "currency": st.sampled_from(["EUR", "USD"]),
        "status": st.sampled_from(["succeeded", "pending", "failed"]),
        "occurred_at": st.integers(0, 20).map(lambda n: n * 60 * SECOND),
    }
)


def side(rows: Rows) -> pl.DataFrame:
    """Records (schema.SIDE) numbered from 1."""
    whole = [{"id": n, "version_id": n, **PLAIN, **NOTHING, **row} for n, row in enumerate(rows, 1)]
    return pl.DataFrame(whole, schema={"id": pl.Int64, "version_id": pl.Int64, **TYPES})


def items(left: Rows, right: Rows, steps: tuple[KeyPass | WindowPass, ...]) -> list[tuple[Any, ...]]:
    """What matching makes of two sides."""
    named = [{"key": f"ch_{n}", **row} for n, row in enumerate(right)]
    found = match(
        left=lazy(side(left)), right=lazy(side(named)), first=FIRST, passes=steps, parameters=RULES, pin=pin
    )  # fmt: skip
    return collected(found.items).rows()


@settings(max_examples=15, deadline=None)
@given(left=st.lists(lefts, max_size=12), right=st.lists(rights, max_size=12))
def test_looking_for_a_shared_key_before_joining_changes_no_item(left: Rows, right: Rows) -> None:
    looked = items(left, right, PASSES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passes, "FEW", -1)
        joined = items(left, right, PASSES)
    assert looked == joined


@settings(max_examples=12, deadline=None)
@given(
    ours=st.lists(st.integers(0, 400), min_size=2, max_size=6),
    theirs=st.lists(st.lists(st.integers(0, 400), max_size=2), min_size=2, max_size=6),
)
def test_pairs_close_in_time_are_the_same_looked_at_by_bucket_or_all_at_once(
    ours: list[int], theirs: list[list[int]]
) -> None:
    # One payment and at most two charges an amount: no bucket is crowded under a limit of two.
    left = [{"party": "cus_1", "amount": n, "occurred_at": at * SECOND} for n, at in enumerate(ours)]
    right = [
        {"party": "cus_1", "amount": n, "occurred_at": at * SECOND} for n, times in enumerate(theirs) for at in times
    ]
    by_bucket, at_once = (items(left, right, (WindowPass(bucket_limit=limit),)) for limit in (2, 10_000))
    assert by_bucket == at_once


def test_a_crowded_bucket_is_left_to_a_person_whole() -> None:
    alike = [{"party": "cus_1"}] * 3
    found = items(alike, alike, (WindowPass(bucket_limit=2),))
    assert [row[5] for row in found] == ["ambiguous"] * 6


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(charges, max_size=14), window=st.integers(0, 5).map(lambda n: n * 60 * SECOND))
def test_the_neighbours_of_a_charge_are_those_next_to_it_in_time(rows: Rows, window: int) -> None:
    right = side([{"key": f"ch_{n:02}", **row} for n, row in enumerate(rows)])
    alike: dict[tuple[Any, ...], Rows] = {}
    for row in right.sort("occurred_at", "key").iter_rows(named=True):
        if row["party"] and row["status"] != "failed":
            alike.setdefault((row["party"], row["amount"], row["currency"]), []).append(row)
    expected: dict[int, list[int | None]] = {}
    for same in alike.values():
        for before, after in pairwise(same):
            if after["occurred_at"] - before["occurred_at"] <= window:
                expected.setdefault(before["id"], [None, None])[1] = after["id"]
                expected.setdefault(after["id"], [None, None])[0] = before["id"]
    assert twins(lazy(right), window, pin) == {id_: tuple(near) for id_, near in expected.items()}
