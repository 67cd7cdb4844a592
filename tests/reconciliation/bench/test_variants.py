"""Each way the bench measures leaves what it should, on the same books; so their times compare the same work."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from billing.append_only import broken_triggers
from reconciliation.bench import bare_copy, changing, loading, orm_loop, plain_sql, stages, tables, tieout_runs
from reconciliation.models import ReconciliationActionLog, ReconciliationDiscrepancy, ReconciliationItem

pytestmark = pytest.mark.django_db
ROWS = 2_000
OF_PARTS = {
    "cutting into parts", "settling parts", "matching the rest", "explaining the rest", "what explaining looks up",
    "ranges of items", "writing ranges", "ending a run of parts", "log of a run of parts",
}  # fmt: skip
NOT_IN_A_FIRST_RUN = {"items to open and close", "reading connected records"} | OF_PARTS
Pairs = set[tuple[int, int, str]]


@pytest.fixture
def sizes() -> dict[str, int]:
    return loading.load(ROWS)


@pytest.fixture
def first(sizes: dict[str, int]) -> dict[str, Any]:
    return tieout_runs.run()


def stored() -> Pairs:
    """Open items as (left, right, outcome)."""
    rows = ReconciliationItem.objects.filter(closed_run=None).values_list("left_id", "right_id", "outcome")
    return set(rows)


def one_to_one_by_reference() -> Pairs:
    """Pairs found by the exact key whose records are in no other item; matched or mismatched."""
    pairs = [row for row in stored() if row[0] and row[1]]
    by_key = set(
        ReconciliationItem.objects.filter(match_pass="reference").values_list("left_id", "right_id", "outcome")
    )
    times: dict[int, int] = {}
    for _left, right, _outcome in pairs:
        times[right] = times.get(right, 0) + 1
    return {pair for pair in pairs if pair in by_key and times[pair[1]] == 1}


def test_the_generated_books_have_work_for_every_pass_and_outcome(first: dict[str, Any]) -> None:
    passes = set(ReconciliationItem.objects.values_list("match_pass", flat=True))
    assert passes >= {"reference", "payment_intent", "own_reference", "invoice", "customer_amount"}
    assert all(first["counts"].values())
    assert len(first["counts"]) == 7
    assert ReconciliationItem.objects.exclude(group_key="").filter(outcome="matched").exists()


def test_two_percent_of_the_generated_rows_differ_by_every_type(first: dict[str, Any]) -> None:
    assert set(first["discrepancies"]) == {
        "AmbiguousMatch", "AmountMismatch", "CurrencyMismatch", "DuplicateChargeSuspected", "MissingInternalRecord",
        "MissingProviderRecord", "StatusMismatch",
    }  # fmt: skip
    # Twenty in a thousand, and the refund that explains a netted amount is not booked either.
    assert sum(first["discrepancies"].values()) == ROWS * 21 // 1000
    assert ReconciliationActionLog.objects.count() == ReconciliationDiscrepancy.objects.count() == ROWS * 21 // 1000


def test_the_books_come_out_the_same_in_one_slice_and_in_many(
    sizes: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    tieout_runs.run()
    whole = stored()
    tables.empty(tables.tables_of("billing", "usage", "reconciliation"))
    monkeypatch.setattr(loading, "ROWS_A_SLICE", 333)
    assert loading.load(ROWS) == sizes
    tieout_runs.run()
    assert stored() == whole


def test_sql_and_orm_find_the_same_pairs_as_the_exact_key_pass(first: dict[str, Any]) -> None:
    ours = one_to_one_by_reference()
    found = {}
    for name, way in (("sql", plain_sql.run), ("orm", orm_loop.run)):
        tables.empty(tables.result_tables())
        assert way()["written"]["items"] == ReconciliationItem.objects.count()
        found[name] = stored()
        assert one_to_one_by_reference() == ours
    assert found["sql"] == found["orm"]
    assert len(ours) > ROWS * 85 // 100


def test_the_bare_load_writes_the_very_items_of_the_run(first: dict[str, Any], tmp_path: Path) -> None:
    every = ReconciliationItem.objects.order_by("left_id", "right_id")
    before = list(every.values())
    bare_copy.keep(tmp_path / "items.parquet")
    tables.empty(tables.result_tables())
    bare_copy.run(bare_copy.kept(tmp_path / "items.parquet"))
    after = list(every.values())
    assert [{**row, "id": 0} for row in after] == [{**row, "id": 0} for row in before]


def test_again_with_nothing_changed_writes_nothing(first: dict[str, Any]) -> None:
    assert tieout_runs.run()["written"] == tieout_runs.run(full=True)["written"]
    assert sum(tieout_runs.run(full=True)["written"].values()) == 0


def test_a_few_changes_are_all_that_a_run_after_them_writes(first: dict[str, Any]) -> None:
    for turn in range(2):
        assert changing.change(ROWS, turn) == {"payments_changed": 2, "events": 2}
        written = tieout_runs.run()["written"]
        assert 0 < written["items"] <= 12
        assert written["discrepancies"] == written["log"] > 0
    assert sum(tieout_runs.run(full=True)["written"].values()) == 0


def test_a_reset_leaves_the_tables_protected(first: dict[str, Any]) -> None:
    tables.empty(tables.result_tables())
    assert not ReconciliationItem.objects.exists()
    assert broken_triggers(connection) == []


def test_the_stages_of_a_run_add_up(first: dict[str, Any]) -> None:
    timed = first["stages"]
    assert set(timed) == {stage for stage, _module, _name in stages.STAGES if stage not in NOT_IN_A_FIRST_RUN} | {
        stages.OTHER
    }
    assert all(seconds >= 0 for seconds in timed.values())


def test_timing_leaves_the_product_as_it_was() -> None:
    before = [getattr(import_module(module), name) for _stage, module, name in stages.STAGES]
    with stages.timed_stages():
        inside = [getattr(import_module(module), name) for _stage, module, name in stages.STAGES]
    assert [getattr(import_module(module), name) for _stage, module, name in stages.STAGES] == before
    assert all(one is not other for one, other in zip(inside, before, strict=True))
