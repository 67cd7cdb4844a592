"""`bench many-small`: many organizations of 500 payments each, swept in one go; and how the time of one grows."""

from pathlib import Path
from typing import Any, Final

from reconciliation.bench.children import Children
from reconciliation.bench.machine import load, machine
from reconciliation.bench.matching import Tell
from reconciliation.bench.results import small_ratios, summed_up

PAYMENTS_EACH: Final = 500
TITLES: Final = {"first": "{:,} organizations, first run of each", "again": "{:,} organizations, nothing changed"}


def sizes(rows: int) -> list[int]:
    """How many organizations are swept: a quarter, half and all of those that `rows` payments make."""
    organizations = max(rows // PAYMENTS_EACH, 4)
    return [organizations // 4, organizations // 2, organizations]


def measure(*, database_url: str, database: str, rows: int, repeat: int, folder: Path, tell: Tell) -> dict[str, Any]:
    """Sweeps every size `repeat` times, from nothing stored and again. Raises StepFailed."""
    children, busy = Children(database_url), load()
    prepared = children.step("prepare", rows=0)
    measures: dict[str, dict[str, Any]] = {}
    total, done = len(sizes(rows)) * (1 + 2 * repeat), 0

    def step(title: str, name: str, **arguments: Any) -> dict[str, Any]:
        nonlocal done
        tell(title, done, total)
        done += 1
        return children.step(name, **arguments)

    counted: dict[str, int] = {}
    for organizations in sizes(rows):
        counted = step("generating books", "small_books", organizations=organizations)
        samples: dict[str, list[dict[str, Any]]] = {name: [] for name in TITLES}
        for _turn in range(repeat):
            for name, title in TITLES.items():
                samples[name].append(step(title.format(organizations), "sweep", fresh=name == "first"))
        for name, title in TITLES.items():
            summed = summed_up(title.format(organizations), samples[name], organizations * PAYMENTS_EACH)
            measures[f"{name}_{organizations}"] = summed
    return {
        "bench": "many-small", "rows": rows, "database": database, "repeat": repeat, "machine": machine(),
        "load_before": busy, "settings": prepared["settings"], "sizes": counted, "measures": measures,
        "ratios": small_ratios(measures, sizes(rows)),
    }  # fmt: skip
