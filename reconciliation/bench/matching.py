"""`bench matching`: the same generated books, matched by Tieout and by its rivals, each in a process of its own."""

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
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
FIRST: Final = "first_run"
STEPS: Final = {
    "unchanged": "next_run", "full": "full_run", "bare_load": "copy", "plain_sql": "sql", "django_way": "orm",
}  # fmt: skip
"""Measure → the step that takes it. `unchanged` and `full` need the first run's items, the others leave their own."""
Tell = Callable[[str, int, int], None]
"""Told (what is done now, step number, steps in all)."""


@dataclass(frozen=True)
class Step:
    """One thing a child process does; `measure` names the measure it is a sample of, if any."""

    title: str
    name: str
    arguments: dict[str, Any]
    measure: str = ""


def plan(*, rows: int, repeat: int, kept: str, only: Collection[str]) -> list[Step]:
    """Everything to be done after the books are generated; `only`: the measures wanted besides the first run."""
    steps: list[Step] = []
    for _turn in range(repeat):
        steps.append(Step(TITLES[FIRST], FIRST, {}, FIRST))
        for measure_name, name in STEPS.items():
            if measure_name not in only:
                continue
            arguments = {}
            if measure_name == "bare_load":
                arguments = {"path": kept}
                steps.append(Step("keeping the items", "keep", arguments))
            steps.append(Step(TITLES[measure_name], name, arguments, measure_name))
    if "changed" in only:
        steps.append(Step("a run to build on", FIRST, {}))
        for turn in range(repeat):
            steps.append(Step("changing a few records", "change", {"rows": rows, "turn": turn}))
            steps.append(Step(TITLES["changed"], "next_run", {}, "changed"))
    return steps


def measure(
    *,
    database_url: str,
    database: str,
    rows: int,
    repeat: int,
    folder: Path,
    tell: Tell,
    only: Collection[str] = tuple(TITLES),
) -> dict[str, Any]:
    """Measures everything (or the first run and `only` some) `repeat` times, in turn, so that a slow spell of the
    machine touches all alike.

    Raises StepFailed.
    """
    children, busy = Children(database_url), load()
    steps = plan(rows=rows, repeat=repeat, kept=str(folder / "items.parquet"), only=only)
    tell("generating books", 0, len(steps) + 1)
    prepared = children.step("prepare", rows=rows)
    samples: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for done, step in enumerate(steps, start=1):
        tell(step.title, done, len(steps) + 1)
        samples[step.measure].append(children.step(step.name, **step.arguments))
    measures = {name: summed_up(title, samples[name], rows) for name, title in TITLES.items() if samples[name]}
    return {
        "bench": "matching", "rows": rows, "database": database, "repeat": repeat, "machine": machine(),
        "load_before": busy, "settings": prepared["settings"], "sizes": prepared["sizes"], "measures": measures,
        "ratios": matching_ratios(measures, database=database, rows=rows),
    }  # fmt: skip
