"""Measurements summed up: medians, spread, ratios against goals."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final

GB: Final = 10**9
MILLION: Final = 1_000_000
Measures = dict[str, dict[str, Any]]


def summed_up(title: str, samples: Sequence[dict[str, Any]], rows: int) -> dict[str, Any]:
    """One measure from its repeated samples: seconds (median, lowest, highest), rows a second, the highest peak."""
    seconds = [sample["seconds"] for sample in samples]
    middle = median(seconds)
    stages: dict[str, float] = {}
    for name in {name for sample in samples for name in sample.get("stages", {})}:
        stages[name] = round(median(sample.get("stages", {}).get(name, 0.0) for sample in samples), 4)
    last = samples[-1]
    return {
        "title": title,
        "seconds": round(middle, 4),
        "lowest": round(min(seconds), 4),
        "highest": round(max(seconds), 4),
        "samples": [round(value, 4) for value in seconds],
        "cpu_seconds": round(median(sample["cpu_seconds"] for sample in samples), 4),
        "rows_per_second": round(rows / middle) if middle else 0,
        "peak_bytes": max(sample["peak_bytes"] for sample in samples),
        "stages": dict(sorted(stages.items(), key=lambda pair: -pair[1])),
        **{name: last[name] for name in ("written", "counts", "discrepancies", "rows", "created") if name in last},
    }


@dataclass(frozen=True)
class Ratio:
    """A figure, the goal set for it (blank: none), and whether it is met (None: no goal)."""

    name: str
    value: float
    unit: str
    goal: str
    met: bool | None


def _over(upper: str, lower: str) -> Callable[[Measures], float]:
    return lambda measures: float(measures[upper]["seconds"]) / max(float(measures[lower]["seconds"]), 1e-9)


def _goal(name: str, value: float, unit: str, *, most: float | None = None, least: float | None = None) -> Ratio:
    if most is not None:
        return Ratio(name, value, unit, f"≤ {most:g}", value <= most)
    if least is not None:
        return Ratio(name, value, unit, f"≥ {least:g}", value >= least)
    return Ratio(name, value, unit, "", None)


def matching_ratios(measures: Measures, *, database: str, rows: int) -> list[dict[str, Any]]:
    """The promises about matching, set for 1,000,000 rows on two cores; at other sizes they only show the way.

    On SQLite a single one is set: the first run against plain SQL.
    """
    postgres = database == "postgres"
    peak_goal = 1.0 if rows <= MILLION else 1.5
    times = (
        ("first run / plain SQL", "first_run", "plain_sql", 1.3 if postgres else 1.5),
        ("first run / bare load", "first_run", "bare_load", None),
        ("nothing changed / first run", "unchanged", "first_run", 0.1 if postgres else None),
        ("--full, nothing changed / first run", "full", "first_run", 0.8 if postgres else None),
        ("few changes / first run", "changed", "first_run", 0.05 if postgres else None),
    )
    ratios = [
        _goal(name, _over(upper, lower)(measures), "×", most=most)
        for name, upper, lower, most in times
        if upper in measures and lower in measures
    ]
    if "django_way" in measures:
        value = _over("django_way", "first_run")(measures)
        ratios.append(_goal("Django way / first run", value, "×", least=8 if postgres else None))
    written = [sum(measures[name]["written"].values()) for name in ("unchanged", "full") if name in measures]
    if written:
        ratios.append(_goal("rows written where nothing changed", sum(written), "", most=0))
    peak_gb = measures["first_run"]["peak_bytes"] / GB
    ratios.append(_goal("peak of the first run", peak_gb, "GB", most=peak_goal if postgres else None))
    return [asdict(ratio) for ratio in ratios]


def import_ratios(measures: Measures) -> list[dict[str, Any]]:
    """The promises about imports: memory that does not grow with the file; speed is shown beside the rival's."""
    ratios = []
    for name in ("payments", "events"):
        ratios += [
            _goal(f"{name}: bulk_create / import", _over(f"{name}_bulk_create", name)(measures), "×"),
            _goal(f"{name}: import again / import", _over(f"{name}_again", name)(measures), "×"),
            _goal(
                f"{name}: peak / peak with a tenth of the rows",
                measures[name]["peak_bytes"] / measures[f"{name}_tenth"]["peak_bytes"], "×", most=1.25,
            ),
        ]  # fmt: skip
    return [asdict(ratio) for ratio in ratios]


def small_ratios(measures: Measures, sizes: Sequence[int]) -> list[dict[str, Any]]:
    """The promises about many small organizations: milliseconds of one, and that one takes no longer among many."""
    smallest, largest = sizes[0], sizes[-1]
    ratios = []
    for name, title, most in (("first", "first run", 100), ("again", "nothing changed", 30)):
        each = {size: 1_000 * measures[f"{name}_{size}"]["seconds"] / size for size in (smallest, largest)}
        ratios.append(_goal(f"an organization of {largest:,}, {title}", each[largest], "ms", most=most))
        grown = each[largest] / each[smallest]
        ratios.append(_goal(f"one of {largest:,} / one of {smallest:,}, {title}", grown, "×", most=1.25))
    return [asdict(ratio) for ratio in ratios]
