"""`bench matching`: the same generated books, matched by Tieout and by its rivals, each in a process of its own."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from reconciliation.bench.children import Children
from reconciliation.bench.machine import load, machine
from reconciliation.bench.results import matching_ratios, summed_up

TITLES: Final = {
    "first_run": "Tieout, first run, everything stored",
    "unchanged": "Tieout, again, nothing changed",
    "full": "Tieout, again with --full",
    "changed": "Tieout, 0.1 % payments changed, 0.1 % new events",
    "django_way": "The usual Django way (key only)",
    "plain_sql": "The best SQL (key only)",
    "bare_load": "Bare load of the same items",
}
Tell = Callable[[str, int, int], None]
"""Told (what is done now, step number, steps in all)."""


def measure(*, database_url: str, database: str, rows: int, repeat: int, folder: Path, tell: Tell) -> dict[str, Any]:
    """Measures everything `repeat` times, in turn, so that a slow spell of the machine touches all alike.

    Raises StepFailed.
    """
    children, kept = Children(database_url), str(folder / "items.parquet")
    samples: dict[str, list[dict[str, Any]]] = defaultdict(list)
    total, done = 2 + repeat * 8 + 1 + repeat, 0

    def step(title: str, name: str, **arguments: Any) -> dict[str, Any]:
        nonlocal done
        tell(title, done, total)
        done += 1
        return children.step(name, **arguments)

    busy = load()
    prepared = step("generating books", "prepare", rows=rows)
    for _turn in range(repeat):
        for measure_name, name in (("first_run", "first_run"), ("unchanged", "next_run"), ("full", "full_run")):
            samples[measure_name].append(step(TITLES[measure_name], name))
        step("keeping the items", "keep", path=kept)
        samples["bare_load"].append(step(TITLES["bare_load"], "copy", path=kept))
        samples["plain_sql"].append(step(TITLES["plain_sql"], "sql"))
        samples["django_way"].append(step(TITLES["django_way"], "orm"))
    step("a run to build on", "first_run")
    changes = {}
    for turn in range(repeat):
        changes = step("changing a few records", "change", rows=rows, turn=turn)
        samples["changed"].append(step(TITLES["changed"], "next_run"))
    tell("done", total, total)
    measures = {name: summed_up(title, samples[name], rows) for name, title in TITLES.items()}
    return {
        "bench": "matching", "rows": rows, "database": database, "repeat": repeat, "machine": machine(),
        "load_before": busy, "settings": prepared["settings"], "sizes": prepared["sizes"], "changes": changes,
        "measures": measures, "ratios": matching_ratios(measures, database=database, rows=rows),
    }  # fmt: skip
