"""`bench imports`: the product's imports against `bulk_create`, each in a process of its own."""

from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from reconciliation.bench.children import Children
from reconciliation.bench.machine import load, machine
from reconciliation.bench.matching import Tell
from reconciliation.bench.results import import_ratios, summed_up

KINDS: Final = {"payments": "payments", "events": "Stripe events"}
MEASURES: Final[dict[str, tuple[str, str, bool]]] = {
    "": ("import of {}", "", True),
    "_again": ("import of {}, the same file again", "", False),
    "_bulk_create": ("bulk_create(update_conflicts) of {}", "_bulk_create", True),
    "_parsed": ("reading and checking {} alone", "_parsed", True),
}
"""Ending of a measure's name → its title, the ending of the way it is done, whether tables are emptied before."""


def measure(*, database_url: str, database: str, rows: int, repeat: int, folder: Path, tell: Tell) -> dict[str, Any]:
    """Measures every way `repeat` times, in turn; then the product's with a tenth of the rows, for its memory.

    Raises StepFailed.
    """
    children, tenth = Children(database_url), folder / "tenth"
    tenth.mkdir()
    samples: dict[str, list[dict[str, Any]]] = defaultdict(list)
    total, done = 3 + repeat * len(KINDS) * len(MEASURES) + len(KINDS), 0

    def step(title: str, name: str, **arguments: Any) -> dict[str, Any]:
        nonlocal done
        tell(title, done, total)
        done += 1
        return children.step(name, **arguments)

    busy = load()
    prepared = step("making the tables", "prepare", rows=0)
    sizes = step("writing the files", "files", folder=str(folder), rows=rows)
    step("writing smaller files", "files", folder=str(tenth), rows=max(rows // 10, 1))
    titles: dict[str, str] = {}
    for kind, plural in KINDS.items():
        for _turn in range(repeat):
            for ending, (title, way, fresh) in MEASURES.items():
                name = titles[kind + ending] = title.format(plural)
                answer = step(name, "import_file", way=kind + way, path=str(folder), fresh=fresh)
                samples[kind + ending].append(answer)
        name = titles[f"{kind}_tenth"] = f"import of {plural}, a tenth of the rows"
        samples[f"{kind}_tenth"].append(step(name, "import_file", way=kind, path=str(tenth), fresh=True))
    tell("done", total, total)
    measures = {
        name: summed_up(title, samples[name], rows // 10 if name.endswith("_tenth") else rows)
        for name, title in titles.items()
    }
    return {
        "bench": "imports", "rows": rows, "database": database, "repeat": repeat, "machine": machine(),
        "load_before": busy, "settings": prepared["settings"], "sizes": sizes, "measures": measures,
        "ratios": import_ratios(measures),
    }  # fmt: skip
