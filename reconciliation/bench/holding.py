"""What holds a goal that was missed: the stages that take the time, and what the same rows cost anybody."""

from collections.abc import Iterator
from typing import Any, Final

from reconciliation.bench.printing import figure
from reconciliation.bench.stages import MEANWHILE

MEASURES: Final = {
    "first run / plain SQL": "first_run",
    "Django way / first run": "first_run",
    "few changes / first run": "changed",
    "--full, nothing changed / first run": "full",
}
"""Goal → the measure of Tieout's that misses it."""
MOST: Final = 6


def held_by(one: dict[str, Any]) -> Iterator[str]:
    """A paragraph for each of Tieout's measures that misses a goal; nothing where every goal is met."""
    missed: dict[str, list[str]] = {}
    for ratio in one["ratios"]:
        if ratio["met"] is False and ratio["name"] in MEASURES:
            told = f"{ratio['name']} {figure(ratio['value'])} × instead of {ratio['goal']}"
            missed.setdefault(MEASURES[ratio["name"]], []).append(told)
    for name, goals in missed.items():
        measure = one["measures"][name]
        yield f"What holds {'; '.join(goals)}: {where_it_goes(measure)}"
        if name == "first_run" and "bare_load" in one["measures"]:
            bare = one["measures"]["bare_load"]["seconds"]
            yield f"Loading the same rows and doing nothing else takes {bare:.1f} s; plain SQL pays for them as well."
        yield ""


def where_it_goes(measure: dict[str, Any]) -> str:
    """The largest stages of a measure with their shares, and what was done beside the writing."""
    seconds = measure["seconds"]
    stages = {name: value for name, value in measure["stages"].items() if not name.endswith(MEANWHILE)}
    largest = sorted(stages.items(), key=lambda pair: -pair[1])[:MOST]
    told = ", ".join(f"{name} {value:.1f} s ({100 * value / seconds:.0f} %)" for name, value in largest)
    beside = sum(value for name, value in measure["stages"].items() if name.endswith(MEANWHILE))
    meanwhile = f" Another {beside:.1f} s of work is done while items are written." if beside >= 0.05 else ""
    return f"of {seconds:.1f} s, {told}.{meanwhile}"
