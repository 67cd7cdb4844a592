"""The work of a run before and while it is written: read, match, explain, and the items that change."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from reconciliation.comparisons.base import Comparison, Scope, Sides
from reconciliation.core.cases import Finding
from reconciliation.core.changes import item_changes
from reconciliation.core.explain import explain
from reconciliation.core.matching import Matched
from reconciliation.core.parameters import Parameters
from reconciliation.engine import collected, lazy, pin
from reconciliation.frames import LABEL, TEXTS, timestamp, write
from reconciliation.models import ReconciliationItem, ReconciliationRun
from reconciliation.runs.basis import Basis
from reconciliation.runs.reading import STORED, Gathered, gather, gather_connected

Progress = Callable[[str, int], None]
"""Told (stage, percent done) as a run goes on."""
CLOSE_A_QUERY = 5_000


@dataclass(frozen=True)
class Work:
    """What a run worked out, before anything is written."""

    gathered: Gathered
    to_open: pl.DataFrame
    to_close: pl.DataFrame
    rules: Parameters
    journal: str  # where the journal of changes stood before anything was read
    basis: Basis | None = None
    is_nothing: bool = False  # nothing has changed since the run it builds on


def work_out(
    run: ReconciliationRun,
    comparison: Comparison,
    rules: Parameters,
    tell: Progress,
    *,
    basis: Basis | None,
    journal: str,
) -> Work:
    """Reads and matches; writes nothing. With a basis, only what changed since and what is connected to it."""
    tell("reading", 5)
    if basis is not None and basis.is_empty and comparison.explain is None:
        return nothing(rules, basis, journal)
    if basis is not None:
        gathered = gather_connected(
            organization=run.organization, comparison=comparison, changed=basis.changed, rules=rules
        )
    else:
        scope = Scope(run.period_start, run.period_end)
        gathered = gather(organization=run.organization, comparison=comparison, scope=scope, rules=rules)
    tell("explaining", 45)
    if gathered.stored.is_empty():
        return Work(gathered, gathered.found, gathered.stored.select("item_id"), rules, journal, basis)
    to_open, to_close = item_changes(lazy(gathered.found), lazy(gathered.stored), pin)
    return Work(gathered, collected(to_open), collected(to_close), rules, journal, basis)


def nothing(rules: Parameters, basis: Basis, journal: str) -> Work:
    """The work of a run since whose basis nothing has changed. Thousands of small runs an hour are like that."""
    stored = pl.DataFrame(schema=STORED)
    found = stored.drop("item_id")
    edges = found.select("left_id", "right_id")
    side = pl.DataFrame(schema={"id": pl.Int64, "occurred_at": pl.Int64, "currency": LABEL, "amount": pl.Int64})
    gathered = Gathered(Sides(side, side), Matched(lazy(found), lazy(edges)), found, stored)
    return Work(gathered, found, stored.select("item_id"), rules, journal, basis, is_nothing=True)


def findings_of(run: ReconciliationRun, comparison: Comparison, work: Work) -> list[Finding]:
    """Everything found about the items."""
    gathered = work.gathered
    if work.is_nothing:
        return []
    if comparison.explain is not None:
        return comparison.explain(run.organization, gathered.found, gathered.sides, work.rules)
    return explain(
        matched=gathered.matched, items=lazy(gathered.found), left=lazy(gathered.sides.left),
        right=lazy(gathered.sides.right), parameters=work.rules, pin=pin, finders=comparison.finders,
    )  # fmt: skip


def write_items(run: ReconciliationRun, number: int, work: Work) -> None:
    """Writes the items that change."""
    write_rows(run, number, work.to_open, work.to_close)


def write_rows(run: ReconciliationRun, number: int, to_open: pl.DataFrame, to_close: pl.DataFrame) -> None:
    """Closes replaced items, then opens the new ones, in the order of their time: as most lists and indexes have it."""
    ids = to_close["item_id"].to_list()
    for at in range(0, len(ids), CLOSE_A_QUERY):
        ReconciliationItem.objects.filter(pk__in=ids[at : at + CLOSE_A_QUERY]).update(closed_run=number)
    texts = [pl.col(name).fill_null("") for name, dtype in to_open.schema.items() if dtype in TEXTS]

    def stored(numbers: pl.DataFrame) -> pl.DataFrame:
        return to_open[numbers["row"]].with_columns(
            *texts, timestamp("occurred_at"), timestamp("due_at"), organization_id=pl.lit(run.organization_id),
            comparison=pl.lit(run.comparison), opened_run=pl.lit(number),
        )  # fmt: skip

    order = to_open.select(row=pl.arg_sort_by("occurred_at", "left_id", "right_id"))
    write(ReconciliationItem, order, stored)
