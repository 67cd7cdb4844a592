"""Measurements as tables for a terminal."""

from typing import Any, Final

from rich.console import Console
from rich.table import Table

from reconciliation.bench.pages import page_rows

MARKS: Final = {True: "✓", False: "✗", None: ""}
GOALS_AT: Final = 1_000_000
PAGE_HEADINGS: Final = ("page", "queries", "ms", "ms over 1,000", "times", "kept")


def figure(value: float) -> str:
    """A ratio or size with three significant digits."""
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3g}"


def print_results(console: Console, results: dict[str, Any]) -> None:
    """Every measure, then every ratio with its goal."""
    console.print(
        f"{results['bench']}, {results['rows']:,} rows on {results['database']}, {results['repeat']} of each; "
        f"{results['machine']['cores']} cores, load before {results['load_before']}",
        soft_wrap=True,
    )
    console.print("Settings: " + ", ".join(f"{k} {v}" for k, v in results["settings"].items()), soft_wrap=True)
    if "pages" in results:
        print_pages(console, results)
        return
    if results["rows"] < GOALS_AT:
        console.print(f"Goals are set for {GOALS_AT:,} rows; at this size they only show the way.")
    table = Table()
    table.add_column("")
    for heading in ("seconds", "from – to", "rows/s", "peak MB"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in results["measures"].values():
        table.add_row(*cells(one))
    console.print(table)
    print_stages(console, results["measures"])
    goals = Table()
    goals.add_column("")
    for heading in ("", "goal", ""):
        goals.add_column(heading, justify="right", no_wrap=True)
    for ratio in results["ratios"]:
        value = f"{figure(ratio['value'])} {ratio['unit']}".strip()
        goals.add_row(ratio["name"], value, ratio["goal"], MARKS[ratio["met"]])
    console.print(goals)


def print_pages(console: Console, results: dict[str, Any]) -> None:
    """Every page of the desk."""
    table = Table()
    table.add_column("")
    for heading in PAGE_HEADINGS[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in page_rows(results):
        table.add_row(*row)
    console.print(table)


def print_stages(console: Console, measures: dict[str, dict[str, Any]]) -> None:
    """Where the seconds of the first run went, longest first; nothing where no run was measured."""
    stages = measures.get("first_run", {}).get("stages", {})
    if not stages:
        return
    table = Table("first run, stage", "seconds")
    for stage, seconds in stages.items():
        if seconds >= 0.005:
            table.add_row(stage, f"{seconds:.2f}")
    console.print(table)


def cells(one: dict[str, Any]) -> tuple[str, ...]:
    """A measure as text."""
    return (
        one["title"],
        f"{one['seconds']:.2f}",
        f"{one['lowest']:.2f} – {one['highest']:.2f}",
        f"{one['rows_per_second']:,}",
        f"{one['peak_bytes'] / 10**6:,.0f}",
    )
