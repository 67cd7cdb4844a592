"""`manage.py bench` as it is called: child processes, a database of its own, JSON; and it leaves nothing behind."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciliation.bench.importing import MEASURES
from reconciliation.bench.matching import TITLES
from tests.conftest import ROOT

Environment = Callable[..., dict[str, str]]


def bench(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "manage.py"), "bench", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)


def measured(environment: dict[str, str], what: str, folder: Path, rows: int, *more: str) -> dict[str, Any]:
    options = ("--rows", str(rows), "--repeat", "1", "--folder", str(folder), "--json")
    done = bench(environment, what, *options, *more)
    assert done.returncode == 0, done.stderr
    results: dict[str, Any] = json.loads(done.stdout)
    return results


def sound(results: dict[str, Any], measures: set[str]) -> None:
    assert set(results["measures"]) == measures
    for one in results["measures"].values():
        assert one["lowest"] <= one["seconds"] <= one["highest"]
        assert one["peak_bytes"] > 10_000_000


def test_matching_is_measured_in_a_database_of_its_own(child_environment: Environment, tmp_path: Path) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    results = measured(child_environment(), "matching", folder, 1_000, "--only", "full", "bare_load")
    sound(results, {"first_run", "full", "bare_load"})
    assert results["settings"]["synchronous"] == "2"
    assert results["measures"]["full"]["written"] == {"items": 0, "discrepancies": 0, "log": 0}
    assert os.listdir(folder) == []
    assert not (tmp_path / "tieout.sqlite3").exists(), "the operator's database was opened"


@pytest.mark.trust
def test_matching_is_measured_beside_every_other_way(child_environment: Environment, tmp_path: Path) -> None:
    results = measured(child_environment(), "matching", tmp_path, 1_000)
    sound(results, set(TITLES))
    assert len(results["ratios"]) == 8


@pytest.mark.trust
def test_imports_are_measured_beside_bulk_create(child_environment: Environment, tmp_path: Path) -> None:
    results = measured(child_environment(), "imports", tmp_path, 300)
    every = {f"{kind}{ending}" for kind in ("payments", "events") for ending in (*MEASURES, "_tenth")}
    assert set(results["measures"]) == every
    created = {name: one.get("created") for name, one in results["measures"].items()}
    assert created["payments"] == created["payments_bulk_create"] == 300
    assert created["events"] == created["events_bulk_create"] == 300
    assert created["payments_again"] == created["events_again"] == 0


def test_a_size_that_is_none_is_refused_in_one_line(child_environment: Environment) -> None:
    done = bench(child_environment(), "matching", "--rows", "many")
    assert done.returncode == 2
    assert "“many” is not a whole number above zero." in done.stderr


def test_the_page_is_written_from_kept_measurements(child_environment: Environment, tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        facts = {"cores": "2", "processor": "p", "memory": "m", "system": "s", "python": "3"}
        one = {
            "bench": "imports", "rows": 10, "database": "sqlite", "repeat": 1, "machine": facts, "load_before": "0",
            "settings": {}, "measures": {}, "ratios": [],
        }  # fmt: skip
        (tmp_path / name).write_text(json.dumps(one))
    page = tmp_path / "benchmarks.md"
    done = bench(
        child_environment(), "document", str(tmp_path / "a.json"), str(tmp_path / "b.json"), "--output", str(page)
    )
    assert done.returncode == 0, done.stderr
    assert page.read_text().count("## Imports, 10 rows, SQLite") == 2


@pytest.mark.postgres
def test_matching_is_measured_on_the_server_it_is_given(child_environment: Environment, tmp_path: Path) -> None:
    environment = child_environment(same_database=True)
    chosen = ("--database", "postgres", "--only", "bare_load")
    results = measured(environment, "matching", tmp_path, 1_000, *chosen)
    assert results["settings"]["fsync"] in ("on", "off")
    assert results["measures"]["first_run"]["written"]["items"] > 1_000
