"""Medians, spread, ratios and goals; the page made of them."""

from typing import Any

import pytest

from reconciliation.bench.document import document
from reconciliation.bench.holding import held_by
from reconciliation.bench.results import import_ratios, matching_ratios, summed_up

SAMPLES = [
    {"seconds": 3.0, "cpu_seconds": 1.0, "peak_bytes": 10, "stages": {"reading": 1.0}},
    {"seconds": 1.0, "cpu_seconds": 1.0, "peak_bytes": 30, "stages": {"reading": 3.0}},
    {"seconds": 2.0, "cpu_seconds": 1.0, "peak_bytes": 20, "stages": {"reading": 2.0, "writing": 1.0}},
]
SECONDS = {
    "first_run": 5.0, "unchanged": 0.4, "full": 4.5, "changed": 0.25, "django_way": 45.0, "plain_sql": 4.0,
    "bare_load": 2.5,
}  # fmt: skip


def measures(**changed: float) -> dict[str, dict[str, Any]]:
    """Measures whose seconds are those of SECONDS but for `changed`."""
    return {
        name: summed_up(name, [sample(seconds)], 1_000_000) for name, seconds in {**SECONDS, **changed}.items()
    }  # fmt: skip


def sample(seconds: float) -> dict[str, Any]:
    return {
        "seconds": seconds, "cpu_seconds": seconds, "peak_bytes": 900_000_000, "stages": {"reading": seconds},
        "written": {"items": 0, "discrepancies": 0, "log": 0},
    }  # fmt: skip


def verdicts(ratios: list[dict[str, Any]]) -> dict[str, bool | None]:
    return {ratio["name"]: ratio["met"] for ratio in ratios}


def test_a_measure_is_the_median_with_its_spread_and_the_highest_peak() -> None:
    found = summed_up("reading", SAMPLES, 1_000)
    assert (found["seconds"], found["lowest"], found["highest"]) == (2.0, 1.0, 3.0)
    assert (found["rows_per_second"], found["peak_bytes"]) == (500, 30)
    assert found["stages"] == {"reading": 2.0, "writing": 0.0}


def test_each_goal_is_met_or_missed_by_its_own_figure() -> None:
    found = verdicts(matching_ratios(measures(), database="postgres", rows=1_000_000))
    assert found == {
        "first run / plain SQL": True,
        "first run / bare load": None,
        "nothing changed / first run": True,
        "--full, nothing changed / first run": False,
        "few changes / first run": True,
        "Django way / first run": True,
        "rows written where nothing changed": True,
        "peak of the first run": True,
    }


@pytest.mark.parametrize(
    ("name", "seconds", "missed"),
    [
        ("plain_sql", 3.8, "first run / plain SQL"),
        ("unchanged", 0.51, "nothing changed / first run"),
        ("changed", 0.26, "few changes / first run"),
        ("django_way", 39.0, "Django way / first run"),
    ],
)
def test_a_goal_just_missed_is_said_to_be_missed(name: str, seconds: float, missed: str) -> None:
    ratios = matching_ratios(measures(**{name: seconds}), database="postgres", rows=1_000_000)
    assert verdicts(ratios)[missed] is False


def test_sqlite_has_a_goal_of_its_own() -> None:
    ratios = matching_ratios(measures(plain_sql=3.5), database="sqlite", rows=1_000_000)
    assert verdicts(ratios)["first run / plain SQL"] is True
    assert {ratio["name"] for ratio in ratios if ratio["goal"]} == {
        "first run / plain SQL", "rows written where nothing changed",
    }  # fmt: skip


def test_memory_of_imports_must_not_grow_with_the_file() -> None:
    names = [f"{kind}{ending}" for kind in ("payments", "events") for ending in ("", "_again", "_bulk_create")]
    found = {name: {"seconds": 1.0, "peak_bytes": 130} for name in names}
    found |= {"payments_tenth": {"peak_bytes": 120}, "events_tenth": {"peak_bytes": 100}}
    memory = [ratio["met"] for ratio in import_ratios(found) if ratio["goal"]]
    assert memory == [True, False]


def test_the_page_tells_machine_medians_spread_goals_and_stages() -> None:
    facts = {"cores": "2", "processor": "some", "memory": "8 GB", "system": "Linux 6", "python": "3.11.7"}
    one = {
        "bench": "matching", "rows": 1_000_000, "database": "postgres", "repeat": 3, "machine": facts,
        "load_before": "0.1", "settings": {"fsync": "on"}, "measures": measures(),
        "ratios": matching_ratios(measures(), database="postgres", rows=1_000_000),
    }  # fmt: skip
    ten = {**one, "rows": 10_000_000, "measures": measures(first_run=60.0)}
    page = document([ten, one])
    assert "## Matching, 1,000,000 rows, PostgreSQL" in page
    assert "| first_run | 5.00 | 5.00 – 5.00 | 200,000 | 900 |" in page
    assert "| --full, nothing changed / first run | 0.9 × | ≤ 0.8 | ✗ |" in page
    assert "fsync on" in page
    assert "python 3.11.7" in page
    assert "takes 12.0 × that of 1,000,000 rows; goal ≤ 11" in page
    assert "What holds it: of 60.0 s, reading 60.0 s (100 %)." in page


def test_a_missed_goal_names_the_stages_that_hold_it_and_a_met_one_says_nothing() -> None:
    slow = measures(first_run=6.0)
    slow["first_run"]["stages"] = {"writing": 4.0, "reading": 1.5, "explaining (while items are written)": 0.7}
    facts = {"measures": slow, "ratios": matching_ratios(slow, database="postgres", rows=1_000_000)}
    told = list(held_by(facts))
    assert told[:2] == [
        (
            "What holds first run / plain SQL 1.5 × instead of ≤ 1.3; Django way / first run 7.5 × instead of ≥ 8: "
            "of 6.0 s, writing 4.0 s (67 %), reading 1.5 s (25 %). "
            "Another 0.7 s of work is done while items are written."
        ),
        "Loading the same rows and doing nothing else takes 2.5 s; plain SQL pays for them as well.",
    ]
    fast = measures(full=3.0)
    assert list(held_by({"measures": fast, "ratios": matching_ratios(fast, database="postgres", rows=1_000_000)})) == []
