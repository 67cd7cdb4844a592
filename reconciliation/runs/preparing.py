"""A run worked out before anything is written: read, matched, explained, and what is to be written decided."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl

from billing import changes as changes_journal
from reconciliation.comparisons import COMPARISONS
from reconciliation.core import report as reports
from reconciliation.core.cases import Finding, Fingerprint
from reconciliation.core.parameters import Tolerance
from reconciliation.core.tally import Tally, Totals
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationRun
from reconciliation.runs import discrepancies, triage
from reconciliation.runs.basis import basis
from reconciliation.runs.figures import figures, header, rules_of
from reconciliation.runs.working import Progress, Work, findings_of, work_out

NEVER = 2**31 - 1  # the number of a run that is not stored: after every other


@dataclass(frozen=True)
class Prepared:
    """A run worked out but not written."""

    run: ReconciliationRun
    work: Work
    findings: list[Finding]
    known: dict[Fingerprint, ReconciliationDiscrepancy]
    changes: triage.Triage
    tally: Tally
    read: Totals

    def report(self, unresolved: list[dict[str, Any]]) -> dict[str, Any]:
        """The report body, given the period's open discrepancies."""
        return reports.body(
            header=header(self.run, self.work.rules), tally=self.tally, read=self.read, discrepancies=unresolved
        )

    def written(self, log: int) -> dict[str, int]:
        """How many rows the run writes."""
        items = len(self.work.to_open) + len(self.work.to_close)
        return {"items": items, "discrepancies": len(self.changes), "log": log}


def look(
    run: ReconciliationRun, now: datetime, tell: Progress, *, full: bool, tolerance: Tolerance | None = None
) -> Work:
    """Reads and matches."""
    comparison = COMPARISONS[run.comparison]
    journal = changes_journal.position(run.organization)  # first of all: what comes in from here on counts as new later
    rules = comparison.parameters(run.organization, run.period_start, run.period_end, now)
    rules = rules if tolerance is None else replace(rules, tolerance=tolerance)
    found_basis = None if full else basis(run, comparison, rules_of(rules), now)
    return work_out(run, comparison, rules, tell, basis=found_basis, journal=journal)


def judge(run: ReconciliationRun, work: Work, now: datetime) -> Prepared:
    """Explains what was matched, decides what becomes of discrepancies, and adds everything up."""
    number = run.number or NEVER
    findings = findings_of(run, COMPARISONS[run.comparison], work)
    known, changes = decide(run, number, work, findings, now)
    tally, read = figures(run, number, work)
    return Prepared(run, work, findings, known, changes, tally, read)


def decide(
    run: ReconciliationRun, number: int, work: Work, findings: list[Finding], now: datetime
) -> tuple[dict[Fingerprint, ReconciliationDiscrepancy], triage.Triage]:
    """The discrepancies as stored now that the work may concern, and what becomes of them."""
    if work.is_nothing:
        return {}, triage.Triage()
    found = work.gathered.found
    closed = work.gathered.stored.join(work.to_close, on="item_id", how="semi")
    pair = ["left_id", "right_id"]
    touched = pl.concat([found.select(pair), closed.select(pair)])
    known = discrepancies.known_discrepancies(run, findings, touched, whole=work.basis is None)
    changes = triage.decide(run=run, number=number, findings=findings, known=known, items=found, closed=closed, now=now)
    return known, changes


def metrics_of(prepared: Prepared) -> dict[str, Any]:
    """What a run has read and written, as its page and the next run need it."""
    work = prepared.work
    read = {
        side: sum(sides.get(side, {}).get("count", 0) for sides in prepared.read.values()) for side in ("left", "right")
    }
    return {
        "left_read": read["left"],
        "right_read": read["right"],
        "left_matched_again": len(work.gathered.sides.left),
        "right_matched_again": len(work.gathered.sides.right),
        "items_opened": len(work.to_open),
        "items_closed": len(work.to_close),
        "built_on": work.basis.run.pk if work.basis else None,
    }
