"""Working a bulk action: some rows a transaction, each by the step of the workflow that a person would take alone."""

import logging
from collections import defaultdict
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db import DatabaseError, OperationalError, transaction
from django.db.models import F

from billing.access import organization_ids
from reconciliation import workflow
from reconciliation.models import BulkAction, BulkRow, ReconciliationDiscrepancy
from reconciliation.workflow import (
    InvalidStep,
    NotAllowed,
    StaleDiscrepancy,
    StepRefused,
    UnknownDiscrepancy,
    WrongState,
)
from reconciliation.workflow.batch import Batch, collecting
from reconciliation.workflow.steps import write_batch

logger = logging.getLogger(__name__)
Result = BulkRow.Result
State = BulkAction.State
ROWS_A_CHUNK = 1_000


class HalfTaken(Exception):
    """A step was refused after it had begun to write."""


class Outcome(NamedTuple):
    """What became of a row, the refusal's code, and what more there is to say."""

    result: str
    why: str = ""
    detail: str = ""


def work_chunk(*, bulk_id: int, now: datetime, size: int = ROWS_A_CHUNK) -> bool:
    """Works the next rows of a confirmed bulk action in one transaction. Returns whether others may be left.

    Rows, results, log and progress are committed together, so that a killed worker leaves nothing half done and a
    second delivery finds only what still waits. Two deliveries at once take turns.
    """
    with transaction.atomic():
        under_way = BulkAction.objects.select_for_update().filter(pk=bulk_id, state__in=[State.QUEUED, State.WORKING])
        bulk = under_way.first()
        if bulk is None:
            return False
        rows = list(BulkRow.objects.filter(bulk=bulk, result=Result.WAITING).order_by("discrepancy_id")[:size])
        store(bulk, work_rows(bulk, rows, now), now, ended=len(rows) < size)
    return len(rows) == size


def work_rows(bulk: BulkAction, rows: list[BulkRow], now: datetime) -> dict[int, Outcome]:
    """What became of each row, by its id: all written together, or, where that fails, each for itself, so that a row
    that is at fault stands alone. An OperationalError ends the whole transaction; the job tries again.
    """
    try:
        with transaction.atomic():
            return attempt(bulk, rows, now, together=True)
    except OperationalError:
        raise
    except Exception:
        logger.warning("rows of a bulk action are worked one by one", exc_info=True, extra={"bulk": bulk.pk})
    return attempt(bulk, rows, now, together=False)


def attempt(bulk: BulkAction, rows: list[BulkRow], now: datetime, *, together: bool) -> dict[int, Outcome]:
    """Takes the step about every row and writes what that leaves; `together`: without a savepoint a row."""
    by = User.objects.get(pk=bulk.created_by_id)  # afresh: a role taken away meanwhile counts
    take = work_with_others if together else work_alone
    with collecting(held(rows, by), together=together) as batch:
        given = {**arguments(bulk, by), "now": now}
        outcomes = {row.pk: take(bulk, row, given, batch) for row in rows}
    write_batch(batch, now)
    return outcomes


def held(rows: list[BulkRow], by: User) -> dict[int, ReconciliationDiscrepancy]:
    """The discrepancies of the rows, those of the person's organizations, locked until the end of the transaction."""
    found = ReconciliationDiscrepancy.objects.select_for_update(of=("self",))
    found = found.select_related("organization", "proposed_by").filter(organization__in=organization_ids(by))
    return {row.pk: row for row in found.filter(pk__in=[row.discrepancy_id for row in rows]).order_by("pk")}


def arguments(bulk: BulkAction, by: User) -> dict[str, Any]:
    """What every row's step is taken with, in the words of the workflow's functions."""
    given = {"by": by, "request_id": bulk.request_id, **bulk.given}
    if bulk.action == BulkAction.Action.ANNOTATE:
        given["text"] = given.pop("reason", "")
    elif bulk.action == BulkAction.Action.ASSIGN:
        given.pop("reason", None)
        given["to"] = User.objects.filter(pk=given.get("to") or 0).first()
    elif bulk.action == BulkAction.Action.ACKNOWLEDGE:
        given.pop("reason", None)
    return given


def step(bulk: BulkAction, row: BulkRow, given: dict[str, Any]) -> None:
    """Takes the step about one row. Raises StepRefused."""
    if bulk.action != BulkAction.Action.ANNOTATE:  # notes go with any version
        given = {**given, "expected_version": row.version}
    getattr(workflow, bulk.action)(discrepancy_id=row.discrepancy_id, **given)


def work_with_others(bulk: BulkAction, row: BulkRow, given: dict[str, Any], batch: Batch) -> Outcome:
    """Takes the step about one row, or tells why not. Raises HalfTaken where it is refused too late."""
    mark = batch.mark()
    try:
        step(bulk, row, given)
    except StepRefused as refusal:
        if batch.mark() != mark:
            raise HalfTaken from refusal
        return told(refusal)
    return Outcome(Result.DONE)


def work_alone(bulk: BulkAction, row: BulkRow, given: dict[str, Any], batch: Batch) -> Outcome:
    """Takes the step about one row, or tells why not; then nothing of it is saved."""
    mark = batch.mark()
    try:
        with transaction.atomic():
            step(bulk, row, given)
    except StepRefused as refusal:
        batch.back_to(mark)
        return told(refusal)
    except OperationalError:
        raise  # a deadlock or a lost connection
    except Exception as error:
        batch.back_to(mark)
        logger.exception("a row of a bulk action failed", extra={"bulk": bulk.pk, "row": row.discrepancy_id})
        return Outcome(Result.FAILED, "refused_by_database" if isinstance(error, DatabaseError) else "broken")
    return Outcome(Result.DONE)


def told(refusal: StepRefused) -> Outcome:
    """A refusal as a result."""
    if isinstance(refusal, StaleDiscrepancy):
        last = refusal.changes[-1] if refusal.changes else None
        detail = f"{last.actor} {last.at:%Y-%m-%d %H:%M:%S} UTC" if last else ""
        return Outcome(Result.CHANGED, refusal.code, detail)
    if isinstance(refusal, WrongState):
        return Outcome(Result.CHANGED, refusal.code)
    if isinstance(refusal, NotAllowed | UnknownDiscrepancy):
        return Outcome(Result.NOT_ALLOWED, refusal.code)
    field = refusal.field if isinstance(refusal, InvalidStep) else ""
    return Outcome(Result.FAILED, f"{refusal.code}_{field}" if field else refusal.code)


def store(bulk: BulkAction, outcomes: dict[int, Outcome], now: datetime, *, ended: bool) -> None:
    """Writes results and progress."""
    alike: dict[Outcome, list[int]] = defaultdict(list)
    for pk, outcome in outcomes.items():
        alike[outcome].append(pk)
    counts: dict[str, int] = defaultdict(int)
    for outcome, ids in alike.items():
        BulkRow.objects.filter(pk__in=ids).update(result=outcome.result, why=outcome.why, detail=outcome.detail)
        counts[f"rows_{outcome.result}"] += len(ids)
    values: dict[str, Any] = {name: F(name) + count for name, count in counts.items()}
    values |= {"state": State.ENDED, "finished_at": now} if ended else {"state": State.WORKING}
    BulkAction.objects.filter(pk=bulk.pk).update(beat_at=now, **values)
