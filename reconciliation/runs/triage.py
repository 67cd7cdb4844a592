"""What a run does to discrepancies: opens, changes, reopens and clears them, each with its log entry."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from reconciliation.action_log import Batch, snapshot
from reconciliation.core.cases import Finding, Fingerprint
from reconciliation.core.deadlines import due_at
from reconciliation.core.parameters import from_micros
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationRun
from reconciliation.models.discrepancies import CLEARED, NO_RESOLUTION
from reconciliation.open_totals import Changes

Status = ReconciliationDiscrepancy.Status
CONTENT = (
    "severity", "reason_code", "expected", "actual", "difference_minor", "unexplained_minor", "currency", "explanation",
    "occurred_at",
)  # fmt: skip
STATE = ("status", "investigated_at", *NO_RESOLUTION, "queued_at", "due_at", "changed_run", "version")


@dataclass
class Triage:
    """The changes a run makes to discrepancies."""

    created: list[ReconciliationDiscrepancy] = field(default_factory=list)
    rows: pl.DataFrame | None = None  # the created ones as they go into the table, once made ready
    batch: Batch | None = None  # `entries` as they go into the log, once made ready
    updated: list[ReconciliationDiscrepancy] = field(default_factory=list)
    entries: list[tuple[ReconciliationDiscrepancy, str, dict[str, Any], dict[str, Any], str]] = field(
        default_factory=list
    )
    totals: Changes = field(default_factory=Changes)

    def __len__(self) -> int:
        return (len(self.created) if self.rows is None else len(self.rows)) + len(self.updated)


def fingerprint(row: ReconciliationDiscrepancy) -> Fingerprint:
    """What makes a discrepancy the same one when seen again (within an organization and comparison)."""
    return (row.type, row.left_id, row.right_id, row.reference)


def content_of(finding: Finding) -> dict[str, Any]:
    """The columns of a discrepancy that a finding decides."""
    return {
        "severity": finding.severity,
        "reason_code": finding.reason_code,
        "expected": finding.expected[:300],
        "actual": finding.actual[:300],
        "difference_minor": finding.difference_minor,
        "unexplained_minor": finding.unexplained_minor,
        "currency": finding.currency,
        "explanation": finding.explanation(),
        "occurred_at": from_micros(finding.occurred_at),
    }


def due(finding: Finding, queued_at: datetime) -> datetime:
    """Until when a discrepancy that came into the queue at `queued_at` should be resolved."""
    deadline = None if finding.deadline is None else from_micros(finding.deadline)
    return due_at(finding.severity, queued_at, deadline)


def forget_resolution(row: ReconciliationDiscrepancy) -> None:
    """Empties the resolution's columns: the proposal or resolution no longer holds."""
    for name, value in NO_RESOLUTION.items():
        setattr(row, name, value)


def decide(
    *,
    run: ReconciliationRun,
    number: int,
    findings: list[Finding],
    known: dict[Fingerprint, ReconciliationDiscrepancy],
    items: pl.DataFrame,
    closed: pl.DataFrame,
    now: datetime,
) -> Triage:
    """Compares findings with stored discrepancies.

    `items`: everything found, to say what a cleared one became; `closed`: the stored items that ended, since a record
    may leave the comparison altogether (a payment intent once its charge is known).
    """
    triage = Triage()
    seen: set[Fingerprint] = set()
    for finding in findings:
        seen.add(finding.fingerprint)
        row = known.get(finding.fingerprint)
        if row is None:
            row = _open(triage, finding, run=run, number=number, now=now)
        elif not finding.settled:
            _see_again(triage, row, finding, number, now)
        if finding.settled and row.status != Status.RESOLVED:
            _clear(triage, row, {}, number=number, now=now, content=content_of(finding))
    gone = [row for key, row in known.items() if key not in seen and row.status != Status.RESOLVED]
    became = _what_became(items, gone)
    ended = {side: set(closed[side]) - {0} for side in ("left_id", "right_id")}
    for row in sorted(gone, key=fingerprint):
        item = became.get(("left", row.left_id)) or became.get(("right", row.right_id))
        looked_at = row.reference or row.left_id in ended["left_id"] or row.right_id in ended["right_id"]
        if item is None and not looked_at:
            continue  # a record this run has not looked at says nothing
        _clear(triage, row, item or {}, number=number, now=now)
    return triage


def _open(
    triage: Triage, finding: Finding, *, run: ReconciliationRun, number: int, now: datetime
) -> ReconciliationDiscrepancy:
    type_, left_id, right_id, reference = finding.fingerprint
    row = ReconciliationDiscrepancy(
        organization_id=run.organization_id, comparison=run.comparison, type=type_, left_id=left_id, right_id=right_id,
        reference=reference, opened_at=now, queued_at=now, due_at=due(finding, now), opened_run=number,
        changed_run=number, **content_of(finding),
    )  # fmt: skip
    triage.created.append(row)
    triage.totals.add(row)
    triage.entries.append((row, "opened", {}, snapshot(row), ""))
    return row


def _see_again(triage: Triage, row: ReconciliationDiscrepancy, finding: Finding, number: int, now: datetime) -> None:
    """Unchanged: nothing. Changed: updated, and a proposal under way withdrawn. Resolved: reopened when it came
    back.
    """
    content = content_of(finding)
    changed = any(getattr(row, name) != value for name, value in content.items())
    amount_changed = (row.difference_minor, row.currency) != (finding.difference_minor, finding.currency)
    resolved = row.status == Status.RESOLVED
    if resolved and row.resolution_code != CLEARED and not amount_changed:
        return  # accepted by a person with this very amount
    if not resolved and not changed:
        return
    before = snapshot(row)
    triage.totals.remove(row)
    for name, value in content.items():
        setattr(row, name, value)
    action = "changed"
    if resolved:
        row.status, row.queued_at, action = Status.OPEN, now, "reopened"
    elif row.status == Status.PENDING_APPROVAL:
        row.status, action = Status.ACKNOWLEDGED, "proposal_withdrawn"
    forget_resolution(row)
    row.investigated_at = None  # what was looked into was something else
    row.due_at = due(finding, row.queued_at)
    triage.totals.add(row)
    row.version, row.changed_run = row.version + 1, number
    triage.updated.append(row)
    triage.entries.append((row, action, before, snapshot(row), ""))


def _what_became(items: pl.DataFrame, gone: list[ReconciliationDiscrepancy]) -> dict[tuple[str, int], dict[str, Any]]:
    """The items that the records of cleared discrepancies are in now."""
    result: dict[tuple[str, int], dict[str, Any]] = {}
    for side, ids in (("left", {row.left_id for row in gone}), ("right", {row.right_id for row in gone})):
        for item in items.filter(pl.col(f"{side}_id").is_in(sorted(ids - {0}))).iter_rows(named=True):
            result[(side, item[f"{side}_id"])] = item
    return result


def _clear(
    triage: Triage,
    row: ReconciliationDiscrepancy,
    item: dict[str, Any],
    *,
    number: int,
    now: datetime,
    content: dict[str, Any] | None = None,
) -> None:
    """Resolves what is gone, or settled: `content` is what is left to say of it then."""
    before = snapshot(row)
    triage.totals.remove(row)
    for name, value in (content or {}).items():
        setattr(row, name, value)
    forget_resolution(row)
    row.status, row.resolution_code, row.resolved_at = Status.RESOLVED, CLEARED, now
    row.closing_rule = ReconciliationDiscrepancy.ClosingRule.RUN
    row.version, row.changed_run = row.version + 1, number
    after = snapshot(row) | {"outcome": item.get("outcome") or "", "match_pass": item.get("match_pass") or ""}
    if row.pk is not None:  # else it is new, and inserted as it is now
        triage.updated.append(row)
    triage.entries.append((row, "cleared", before, after, "cleared_by_run"))
