"""docs/benchmarks.md from the measurements' JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from reconciliation.bench.holding import held_by, where_it_goes
from reconciliation.bench.pages import page_rows
from reconciliation.bench.printing import MARKS, PAGE_HEADINGS, cells, figure

HEAD = """# Benchmarks

Written by `make bench` from measurements; not edited by hand. Every figure is the median of several measurements, each
in a fresh process, with the page cache warm and statistics fresh. The rivals (`reconciliation/bench/orm_loop.py`,
`plain_sql.py`, `bare_copy.py`) write to the same table with the same indexes; they match by key only and store no
discrepancies, no log and no report. Goals are set for 1,000,000 rows on two cores.
"""
TENFOLD = 11.0


def document(every: Sequence[dict[str, Any]]) -> str:
    """The page: one section for each set of measurements, larger sizes after smaller ones."""
    ordered = sorted(every, key=lambda one: (one["bench"] != "matching", one["database"], one["rows"]))
    lines = [HEAD]
    for one in ordered:
        lines += section(one)
    lines += growth(ordered)
    return "\n".join(lines).rstrip() + "\n"


def section(one: dict[str, Any]) -> Iterator[str]:
    """One set of measurements."""
    database = {"postgres": "PostgreSQL", "sqlite": "SQLite"}[one["database"]]
    yield f"## {one['bench'].title()}, {one['rows']:,} rows, {database}\n"
    facts = one["machine"]
    versions = ", ".join(f"{k} {v}" for k, v in facts.items() if k not in ("cores", "memory", "processor", "system"))
    yield f"{facts['cores']} cores ({facts['processor']}), {facts['memory']} of memory, {facts['system']}; {versions}."
    yield f"Measured {one['repeat']} times; load of the machine before: {one['load_before']}."
    yield "Database settings: " + ", ".join(f"{name} {value}" for name, value in one["settings"].items()) + ".\n"
    if "pages" in one:
        yield from page_table(one)
        return
    yield "| | seconds (median) | from – to | rows a second | peak memory (MB) |"
    yield "|---|--:|--:|--:|--:|"
    for measure in one["measures"].values():
        yield f"| {' | '.join(cells(measure))} |"
    yield "\n| | | goal | met |"
    yield "|---|--:|--:|:-:|"
    for ratio in one["ratios"]:
        value = f"{figure(ratio['value'])} {ratio['unit']}".strip()
        yield f"| {ratio['name']} | {value} | {ratio['goal']} | {MARKS[ratio['met']]} |"
    yield ""
    yield from held_by(one)
    yield from profile(one)


def page_table(one: dict[str, Any]) -> Iterator[str]:
    """The pages of the desk, with the promise each keeps or not."""
    yield f"{', '.join(f'{count:,} {name}' for name, count in one['sizes'].items())}.\n"
    yield f"| {' | '.join(PAGE_HEADINGS)} |"
    yield "|---|--:|--:|--:|--:|:-:|"
    for row in page_rows(one):
        yield f"| {' | '.join(row)} |"
    yield ""


def profile(one: dict[str, Any]) -> Iterator[str]:
    """Where the seconds of Tieout's runs go."""
    measured = {name: measure for name, measure in one["measures"].items() if measure["stages"]}
    if not measured:
        return
    stages = sorted(
        {stage for measure in measured.values() for stage in measure["stages"]},
        key=lambda stage: -max(measure["stages"].get(stage, 0.0) for measure in measured.values()),
    )
    yield "Where the time goes, in seconds:\n"
    yield f"| stage | {' | '.join(name.replace('_', ' ') for name in measured)} |"
    yield f"|---|{'--:|' * len(measured)}"
    for stage in stages:
        values = (f"{measure['stages'].get(stage, 0.0):.2f}" for measure in measured.values())
        yield f"| {stage} | {' | '.join(values)} |"
    yield ""


def growth(ordered: Sequence[dict[str, Any]]) -> Iterator[str]:
    """How the first run grows from one million rows to ten, where both were measured."""
    sizes = {(one["database"], one["rows"]): one for one in ordered if one["bench"] == "matching"}
    for (database, rows), larger in sizes.items():
        smaller = sizes.get((database, rows // 10))
        if rows < 10_000_000 or smaller is None:
            continue
        times = larger["measures"]["first_run"]["seconds"] / smaller["measures"]["first_run"]["seconds"]
        yield f"## Ten times the rows ({database})\n"
        yield f"The first run of {rows:,} rows takes {times:.1f} × that of {rows // 10:,} rows; goal ≤ {TENFOLD:g} "
        yield f"{MARKS[times <= TENFOLD]}.\n"
        if times > TENFOLD:
            yield f"What holds it: {where_it_goes(larger['measures']['first_run'])}\n"
