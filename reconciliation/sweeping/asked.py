"""What people ask for between sweeps: bring in missing payments, take back a faulty ingestion."""

from datetime import datetime

from django.db import transaction

from billing.fetched_objects import FetchedObjects
from billing.missing import sync_missing
from billing.models import ProviderFetch
from billing.stripe_access import Access
from billing.withdrawals import withdraw_ingestion
from reconciliation import action_log
from reconciliation.models import SyncJob, SyncResult

from .steps import Figures, Job, figures


def missing(job: Job, access: Access) -> Figures:
    """Bring in what is absent of the days asked for (parameters "from", "to"); each id's outcome is stored with it."""
    start, end = (_moment(job.row.parameters.get(name)) for name in ("from", "to"))
    done = sync_missing(
        organization=job.row.organization, access=access, by=job.by, clock=job.clock, start=start, end=end,
        asked_at=job.row.created_at, listener=job.listener, on_page=lambda page: keep(job.row, page),
    )  # fmt: skip
    gap = [moment.isoformat() for moment in done.gap] if done.gap else []
    return figures(*done.fetches) | counted(job.row) | {"gap": gap}


def keep(job: SyncJob, page: FetchedObjects) -> None:
    """Store what became of the ids of a page. An id that could not be used before may be, this time."""
    outcome = SyncResult.Outcome
    rows = [SyncResult(job=job, external_id=one, outcome=outcome.SYNCED) for one in page.synced]
    rows += [SyncResult(job=job, external_id=one, outcome=outcome.ALREADY) for one in page.already]
    ids = [row.external_id for row in rows]
    SyncResult.objects.filter(job=job, outcome=outcome.FAILED, external_id__in=ids).delete()
    rows += [SyncResult(job=job, external_id=one, outcome=outcome.FAILED, why=why) for one, why in page.failed]
    SyncResult.objects.bulk_create(rows, ignore_conflicts=True)


def counted(job: SyncJob) -> Figures:
    """How many ids came to each outcome."""
    results = SyncResult.objects.filter(job=job)
    return {str(outcome): results.filter(outcome=outcome).count() for outcome in SyncResult.Outcome.values}


def withdraw(job: Job) -> Figures:
    """Take back the ingestion the job is about; with its log row in one transaction. Raises WithdrawalRefused."""
    row = job.row
    fetch = ProviderFetch.objects.get(organization=row.organization, pk=row.parameters["fetch"])
    now = job.clock()
    return withdraw_on_record(
        fetch=fetch, by=job.by, user_id=row.requested_by_id, reason=row.reason, now=now, source_job=row.pk
    )


def withdraw_on_record(
    *, fetch: ProviderFetch, by: str, user_id: int | None, reason: str, now: datetime, source_job: int | None = None
) -> Figures:
    """Take back an ingestion and log it, in one transaction. Raises WithdrawalRefused."""
    with transaction.atomic():
        done = withdraw_ingestion(fetch=fetch, by=by, reason=reason, now=now)
        after: dict[str, object] = {"ingestion": fetch.pk, "excluded": done.lines, "restored": done.restored}
        if source_job is not None:
            after["job"] = source_job
        entry = action_log.Entry(
            action="ingestion_withdrawn", actor=f"user:{by}" if user_id else by, actor_user_id=user_id, reason=reason,
            after=after,
        )  # fmt: skip
        action_log.append(organization=fetch.organization, entries=[entry], now=now)
    return {"ingestion": fetch.pk, "excluded": done.lines, "restored": done.restored}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
