"""Freezing a selection: which discrepancies, at which versions, and which of them the step cannot be taken about."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from billing.access import organization_ids
from reconciliation.frames import write
from reconciliation.models import BulkAction, BulkRow, ReconciliationDiscrepancy
from reconciliation.workflow import BY_ACTION, BY_CODE, StepRefused
from reconciliation.workflow.checks import check_member_can

from .summary import Frozen, summarise

READ = (
    "organization_id", "comparison", "status", "version", "difference_minor", "currency", "resolution_code",
    "proposed_by_id", "assigned_to_id",
)  # fmt: skip
ROWS_A_FETCH = 2_000
PREVIEWS_KEPT = timedelta(days=1)
AGAIN = (BulkRow.Result.FAILED, BulkRow.Result.CHANGED)
NO_AMOUNT = "no_amount"


def freeze(
    *,
    action: str,
    rows: QuerySet[ReconciliationDiscrepancy],
    by: User,
    now: datetime,
    selection: dict[str, Any] | None = None,
    given: dict[str, Any] | None = None,
    retry_of: BulkAction | None = None,
) -> BulkAction:
    """Stores a preview of the step `action` over `rows`: their ids and versions, as they are now.

    Rows of other people's organizations are left out. Raises KeyError for an unknown action. Previews that nobody
    confirmed for a day are thrown away.
    """
    step, own = BY_ACTION[action], organization_ids(by)
    found = rows.filter(organization__in=own).select_related(None).prefetch_related(None)
    narrow = found.order_by("pk").only(*(name.removesuffix("_id") for name in READ))

    def each() -> Iterator[Frozen]:
        for row in narrow.iterator(ROWS_A_FETCH):
            yield Frozen(
                row.pk, row.organization_id, row.version, row.difference_minor, row.currency,
                row.resolution_code, refusal(step, row, by, (given or {}).get("code", "")),
            )  # fmt: skip

    with transaction.atomic():
        frozen = list(each())
        forget_old(by, now)
        chosen = BY_CODE.get((given or {}).get("code", ""))
        summary = {**summarise(frozen), "adjusts": bool(chosen and chosen.adjusts)}
        bulk = BulkAction.objects.create(
            action=action, given=given or {}, selection=selection or {}, summary=summary, retry_of=retry_of,
            created_by=by, created_at=now, rows_frozen=len(frozen), rows_skipped=sum(bool(row.why) for row in frozen),
        )  # fmt: skip
        bulk.organizations.set(sorted({row.organization_id for row in frozen}))
        write(BulkRow, as_frame(bulk.pk, frozen))
    return bulk


def refusal(step: Any, row: ReconciliationDiscrepancy, by: User, code: str = "") -> str:
    """The code of what forbids the step about a row of the person's organization now; "" where nothing does."""
    try:
        check_member_can(step, row, by)
    except StepRefused as refused:
        return refused.code
    chosen = BY_CODE.get(code)
    return NO_AMOUNT if chosen and not chosen.fits(row) else ""


def as_frame(bulk_id: int, rows: list[Frozen]) -> pl.DataFrame:
    """Frozen rows as the table wants them, sorted by discrepancy."""
    skipped, waiting = BulkRow.Result.SKIPPED.value, BulkRow.Result.WAITING.value
    values = [
        (
            bulk_id, row.organization_id, row.discrepancy_id, row.version, row.difference_minor, row.currency,
            skipped if row.why else waiting, row.why, "",
        )
        for row in rows
    ]  # fmt: skip
    schema = {
        "bulk_id": pl.Int64, "organization_id": pl.Int64, "discrepancy_id": pl.Int64, "version": pl.Int64,
        "difference_minor": pl.Int64, "currency": pl.String, "result": pl.String, "why": pl.String,
        "detail": pl.String,
    }  # fmt: skip
    return pl.DataFrame(values, schema=schema, orient="row")


def skip_unfit(bulk: BulkAction, code: str) -> int:
    """Skips the waiting rows of a preview that the resolution `code` cannot resolve, brings back those that an earlier
    choice left out, and sums up again. Returns how many rows are left to work.
    """
    adjusts = BY_CODE[code].adjusts
    rows = BulkRow.objects.filter(bulk=bulk)
    rows.filter(why=NO_AMOUNT).update(result=BulkRow.Result.WAITING, why="")
    if adjusts:
        waiting = rows.filter(result=BulkRow.Result.WAITING)
        waiting.exclude(difference_minor__lt=0).exclude(difference_minor__gt=0).update(
            result=BulkRow.Result.SKIPPED, why=NO_AMOUNT
        )
    names = ("discrepancy_id", "organization_id", "version", "difference_minor", "currency", "why")
    frozen = [
        Frozen(**dict(zip(names, values, strict=True)), code="")
        for values in rows.values_list(*names).iterator(ROWS_A_FETCH)
    ]
    skipped = sum(bool(row.why) for row in frozen)
    BulkAction.objects.filter(pk=bulk.pk).update(rows_skipped=skipped, summary=summarise(frozen))
    return len(frozen) - skipped


def forget_old(by: User, now: datetime) -> None:
    """Throws away the person's previews of more than a day ago."""
    old = BulkAction.objects.filter(created_by=by, created_at__lt=now - PREVIEWS_KEPT)
    old.filter(state__in=[BulkAction.State.PREVIEW, BulkAction.State.DROPPED]).delete()


def retry(*, bulk: BulkAction, by: User, now: datetime) -> BulkAction:
    """A new preview over the rows of `bulk` that failed or had changed, as they are now, with what was given then."""
    left = BulkRow.objects.filter(bulk=bulk, result__in=AGAIN).values("discrepancy_id")
    rows = ReconciliationDiscrepancy.objects.filter(pk__in=left)
    selection = {"kind": "retry", "bulk": bulk.pk}
    return freeze(
        action=bulk.action, rows=rows, by=by, now=now, selection=selection, given=bulk.given, retry_of=bulk
    )  # fmt: skip


def visible_bulk(organizations: Iterable[int]) -> QuerySet[BulkAction]:
    """The bulk actions all of whose rows belong to some of `organizations`; one over several is not shown in part."""
    through = BulkAction.organizations.through
    foreign = through._default_manager.filter(bulkaction_id=OuterRef("pk")).exclude(
        organization_id__in=list(organizations)
    )
    return BulkAction.objects.filter(~Exists(foreign))
