"""What a run does to discrepancies: opens, changes, reopens and clears them, each with its log entry."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl
from django.db.models import Q, QuerySet

from reconciliation.action_log import Entry
from reconciliation.core.cases import Finding, Fingerprint
from reconciliation.frames import Schema, read
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationRun

Status = ReconciliationDiscrepancy.Status
CLEARED = "cleared"
CONTENT = (
    "severity", "reason_code", "expected", "actual", "difference_minor", "unexplained_minor", "currency", "explanation",
    "occurred_at",
)  # fmt: skip
STATE = ("status", "resolution_code", "resolved_at", "changed_run", "version")
KEYS_A_QUERY = 5_000
UNRESOLVED: Schema = {"row_id": pl.Int64, "left_id": pl.Int64, "right_id": pl.Int64}
UNRESOLVED_COLUMNS = {"row_id": "id", "left_id": "left_id", "right_id": "right_id"}


@dataclass
class Triage:
    """The changes a run makes to discrepancies."""

    created: list[ReconciliationDiscrepancy] = field(default_factory=list)
    updated: list[ReconciliationDiscrepancy] = field(default_factory=list)
    entries: list[tuple[ReconciliationDiscrepancy, str, dict[str, Any], dict[str, Any], str]] = field(
        default_factory=list
    )

    def __len__(self) -> int:
        return len(self.created) + len(self.updated)


def fingerprint(row: ReconciliationDiscrepancy) -> Fingerprint:
    """What makes a discrepancy the same one when seen again (within an organization and comparison)."""
    return (row.type, row.left_id, row.right_id)


def from_micros(value: int) -> datetime:
    """Microseconds since 1970 as an aware datetime, exactly."""
    return datetime.fromtimestamp(value // 1_000_000, UTC).replace(microsecond=value % 1_000_000)


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
        "occurred_at": from_micros(finding.case.record.occurred_at),
    }


def snapshot(row: ReconciliationDiscrepancy) -> dict[str, Any]:
    """What the log keeps of a discrepancy before and after a step."""
    return {
        "status": row.status, "resolution_code": row.resolution_code, "severity": row.severity,
        "reason_code": row.reason_code, "expected": row.expected, "actual": row.actual,
        "difference_minor": row.difference_minor, "unexplained_minor": row.unexplained_minor, "currency": row.currency,
        "version": row.version,
    }  # fmt: skip


def known_discrepancies(
    run: ReconciliationRun, findings: list[Finding], found: pl.DataFrame, *, whole: bool
) -> dict[Fingerprint, ReconciliationDiscrepancy]:
    """The stored discrepancies that `findings` or the items of `found` may concern.

    `whole`: those of the period, unresolved ones elsewhere that name a record of `found`, and any with a finding's
    fingerprint. Otherwise (`found` is small) those that name a record of `found`.
    """
    base = ReconciliationDiscrepancy.objects.filter(organization=run.organization, comparison=run.comparison)
    if not whole:
        named = {
            side: found.filter(pl.col(side) > 0)[side].unique().sort().to_list() for side in ("left_id", "right_id")
        }
        return {fingerprint(row): row for side, ids in named.items() for row in _where(base, side, ids)}
    period = Q(occurred_at__gte=run.period_start, occurred_at__lt=run.period_end)
    known = {fingerprint(row): row for row in base.filter(period)}
    elsewhere = base.exclude(period)
    if elsewhere.exists():
        unresolved = read(elsewhere.exclude(status=Status.RESOLVED), UNRESOLVED_COLUMNS, UNRESOLVED)
        touched = unresolved.filter(concerned(unresolved, found))
        known |= {fingerprint(row): row for row in _where(elsewhere, "pk", touched["row_id"].to_list())}
        unseen = [finding for finding in findings if finding.fingerprint not in known]
        for side in ("left", "right"):
            ids = sorted({record.id for finding in unseen if (record := getattr(finding.case, side)) is not None})
            known |= {fingerprint(row): row for row in _where(elsewhere, f"{side}_id", ids)}
    return known


def concerned(rows: pl.DataFrame, items: pl.DataFrame) -> pl.Expr:
    """Whether a row with left_id and right_id names a record that `items` names too."""
    sides = [
        (pl.col(name) > 0) & pl.col(name).is_in(items.filter(pl.col(name) > 0)[name].implode())
        for name in ("left_id", "right_id")
    ]
    return pl.any_horizontal(sides)


def _where(
    base: QuerySet[ReconciliationDiscrepancy], name: str, values: list[int]
) -> Iterable[ReconciliationDiscrepancy]:
    for at in range(0, len(values), KEYS_A_QUERY):
        yield from base.filter(**{f"{name}__in": values[at : at + KEYS_A_QUERY]})


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
            _open(triage, finding, run=run, number=number, now=now)
        else:
            _see_again(triage, row, finding, number)
    gone = [row for key, row in known.items() if key not in seen and row.status != Status.RESOLVED]
    became = _what_became(items, gone)
    ended = {side: set(closed[side]) - {0} for side in ("left_id", "right_id")}
    for row in sorted(gone, key=fingerprint):
        item = became.get(("left", row.left_id)) or became.get(("right", row.right_id))
        if item is None and not (row.left_id in ended["left_id"] or row.right_id in ended["right_id"]):
            continue  # a record this run has not looked at says nothing
        _clear(triage, row, item or {}, number=number, now=now)
    return triage


def _open(triage: Triage, finding: Finding, *, run: ReconciliationRun, number: int, now: datetime) -> None:
    type_, left_id, right_id = finding.fingerprint
    row = ReconciliationDiscrepancy(
        organization_id=run.organization_id, comparison=run.comparison, type=type_, left_id=left_id, right_id=right_id,
        opened_at=now, opened_run=number, changed_run=number, **content_of(finding),
    )  # fmt: skip
    triage.created.append(row)
    triage.entries.append((row, "opened", {}, snapshot(row), ""))


def _see_again(triage: Triage, row: ReconciliationDiscrepancy, finding: Finding, number: int) -> None:
    """Unchanged: nothing. Changed: updated, and a proposal under way withdrawn. Resolved: reopened when it came
    back.
    """
    content = content_of(finding)
    changed = any(getattr(row, name) != value for name, value in content.items())
    amount_changed = row.difference_minor != finding.difference_minor
    resolved = row.status == Status.RESOLVED
    if resolved and row.resolution_code != CLEARED and not amount_changed:
        return  # accepted by a person with this very amount
    if not resolved and not changed:
        return
    before = snapshot(row)
    for name, value in content.items():
        setattr(row, name, value)
    action = "changed"
    if resolved:
        row.status, row.resolution_code, row.resolved_at, action = Status.OPEN, "", None, "reopened"
    elif row.status == Status.PENDING_APPROVAL:
        row.status, action = Status.ACKNOWLEDGED, "proposal_withdrawn"
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


def _clear(triage: Triage, row: ReconciliationDiscrepancy, item: dict[str, Any], *, number: int, now: datetime) -> None:
    before = snapshot(row)
    row.status, row.resolution_code, row.resolved_at = Status.RESOLVED, CLEARED, now
    row.version, row.changed_run = row.version + 1, number
    after = snapshot(row) | {"outcome": item.get("outcome") or "", "match_pass": item.get("match_pass") or ""}
    triage.updated.append(row)
    triage.entries.append((row, "cleared", before, after, "cleared_by_run"))


def store(*, triage: Triage, run: ReconciliationRun) -> list[Entry]:
    """Writes the changes and returns the log entries that tell them; call inside the run's transaction."""
    ReconciliationDiscrepancy.objects.bulk_create(triage.created, batch_size=2_000)
    ReconciliationDiscrepancy.objects.bulk_update(triage.updated, [*CONTENT, *STATE], batch_size=200)
    return [
        Entry(
            action=action, actor=f"run:{run.pk}", discrepancy_id=row.pk, run_id=run.pk, before=before, after=after,
            reason=reason,
        )
        for row, action, before, after, reason in triage.entries
    ]  # fmt: skip
