"""What the last part finds about its items, lot by lot, and what becomes of discrepancies by it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from typing import Self

import polars as pl

from reconciliation import action_log
from reconciliation.connections import apart
from reconciliation.core.cases import Finding, Fingerprint
from reconciliation.core.explain import Surroundings, explain_some
from reconciliation.core.tally import Tally
from reconciliation.engine import lazy, pin
from reconciliation.frames import read
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationRun
from reconciliation.runs import discrepancies, triage
from reconciliation.runs.reading import STORED
from reconciliation.runs.shards.matching import Job
from reconciliation.runs.shards.ranges import PAIR
from reconciliation.runs.shards.rest import Rest
from reconciliation.runs.triage import fingerprint
from reconciliation.runs.working import Progress

ROWS_AT_ONCE = 60_000
UNRESOLVED = {"row_id": pl.Int64, "type": pl.String, "left_id": pl.Int64, "right_id": pl.Int64}
NONE_CLOSED = pl.DataFrame(schema=STORED)
Status = ReconciliationDiscrepancy.Status


@dataclass
class Written:
    """What the last part has written so far."""

    tally: Tally
    opened: int = 0
    closed: int = 0
    discrepancies: int = 0
    log: int = 0
    unsealed: list[action_log.Unsealed] = field(default_factory=list)


@dataclass(frozen=True)
class Ending:
    """The last part of a run under way."""

    run: ReconciliationRun
    fence: int
    job: Job
    now: datetime
    tell: Progress


@dataclass
class Known:
    """What was stored before: whether `any` discrepancy was, and which are `unresolved` (row_id, type, left_id,
    right_id). `seen`: the fingerprints that this run has found.
    """

    any: bool
    unresolved: pl.DataFrame
    seen: list[pl.DataFrame] = field(default_factory=list)

    @classmethod
    def of(cls, run: ReconciliationRun) -> Self:
        """What is stored in the run's organization and comparison."""
        rows = ReconciliationDiscrepancy.objects.filter(organization=run.organization, comparison=run.comparison)
        columns = {"row_id": "id", "type": "type", "left_id": "left_id", "right_id": "right_id"}
        return cls(rows.exists(), read(rows.exclude(status=Status.RESOLVED), columns, UNRESOLVED))

    def see(self, findings: list[Finding]) -> None:
        """Notes what was found again, where anything may be."""
        if self.unresolved.is_empty():
            return
        fingerprints = sorted({finding.fingerprint[:3] for finding in findings})
        self.seen.append(pl.DataFrame(fingerprints, schema=self.unresolved.select("type", *PAIR).schema, orient="row"))

    def gone(self) -> pl.DataFrame:
        """The unresolved ones that were not found again."""
        nothing = self.unresolved.select("type", *PAIR).clear()
        found = pl.concat([nothing, *self.seen])
        return self.unresolved.join(found, on=["type", *PAIR], how="anti").sort("type", *PAIR)


@dataclass(frozen=True)
class Touched:
    """Found and closed items that name a record of an unresolved discrepancy."""

    found: pl.DataFrame
    closed: pl.DataFrame


@dataclass(frozen=True)
class Lot:
    """Some items with what was found about them; `decided`: what that changes, where nothing was known before."""

    items: pl.DataFrame
    findings: list[Finding]
    decided: triage.Triage | None = None


@dataclass
class Explainer:
    """Explains lots of items in any thread. `apart`: it may ask the database, over a connection of that thread."""

    ending: Ending
    rest: Rest
    known: Known
    apart: bool

    @cached_property
    def around(self) -> Surroundings:
        """What all lots have in common."""
        return Surroundings(
            matched=self.rest.matched, left=lazy(self.rest.left), right=lazy(self.rest.right),
            parameters=self.ending.job.rules, pin=pin,
        )  # fmt: skip

    def __call__(self, items: pl.DataFrame) -> Lot:
        """Everything found about items; and decided, where nothing is known."""
        findings = explain_some(self.around, lazy(items), self.ending.job.comparison.finders)
        if self.known.any:
            return Lot(items, findings)
        decided = decide(self.ending, findings, {})
        if self.apart:
            apart(partial(discrepancies.make_ready, decided, self.ending.run, self.ending.now))
            decided.created, decided.entries = [], []  # as rows and in the batch they take a third of the memory
        return Lot(items.clear(), [], decided)


def decide(
    ending: Ending, findings: list[Finding], known: dict[Fingerprint, ReconciliationDiscrepancy]
) -> triage.Triage:
    """What findings change of `known` discrepancies, each of which is among them."""
    return triage.decide(
        run=ending.run, number=ending.fence, findings=findings, known=known, items=NONE_CLOSED.drop("item_id"),
        closed=NONE_CLOSED, now=ending.now,
    )  # fmt: skip


def store_lots(ending: Ending, lots: Iterator[Lot], known: Known, written: Written) -> None:
    """Opens, changes and reopens the discrepancies of some lots, and writes that into the log."""
    for lot in lots:
        if lot.decided is not None:
            store(ending, lot.decided, written)
            continue
        known.see(lot.findings)
        store_decided(ending, partial(decide_again, ending, lot), written)


def decide_again(ending: Ending, lot: Lot) -> triage.Triage:
    """What a lot changes of what is stored by now."""
    known = discrepancies.known_discrepancies(ending.run, lot.findings, lot.items, whole=False)
    found = {finding.fingerprint for finding in lot.findings}
    return decide(ending, lot.findings, {key: row for key, row in known.items() if key in found})


def clear_gone(ending: Ending, known: Known, touched: Touched, written: Written) -> None:
    """Clears the discrepancies that were not found again."""
    for some in known.gone().iter_slices(ROWS_AT_ONCE):

        def clear(some: pl.DataFrame = some) -> triage.Triage:
            rows = ReconciliationDiscrepancy.objects.in_bulk(some["row_id"].to_list())
            return triage.decide(
                run=ending.run, number=ending.fence, findings=[], items=touched.found, closed=touched.closed,
                known={fingerprint(row): row for row in rows.values()}, now=ending.now,
            )  # fmt: skip

        store_decided(ending, clear, written)


def store_decided(ending: Ending, decide: Callable[[], triage.Triage], written: Written) -> None:
    """Decides until nobody has changed a row meanwhile, and writes it with its log."""
    changes = decide()
    while discrepancies.overtaken(changes):
        changes = decide()
    store(ending, changes, written)


def store(ending: Ending, changes: triage.Triage, written: Written) -> None:
    """Writes changes with their log, which is to be sealed in the end."""
    batch = discrepancies.store(triage=changes, run=ending.run, now=ending.now)
    if batch is not None:
        written.unsealed.append(action_log.write_rows(batch))
    written.discrepancies += len(changes)
    written.log += len(batch or ())
