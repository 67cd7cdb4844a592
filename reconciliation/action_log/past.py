"""Discrepancies as they stood: the last step of each that the log knows at a time."""

from datetime import datetime

from django.db.models import Count, Max, QuerySet

from reconciliation.models import ReconciliationActionLog, ReconciliationRun

UNRESOLVED = ("open", "acknowledged", "pending_approval")


def last_steps(*, organization_id: int, at: datetime) -> QuerySet[ReconciliationActionLog]:
    """The last log row of each discrepancy at or before `at`; its `after` says where the discrepancy stood then."""
    rows = ReconciliationActionLog.objects.filter(
        organization=organization_id, at__lte=at, discrepancy__isnull=False, after__has_key="status"
    )
    newest = rows.order_by().values("discrepancy").annotate(last=Max("pk")).values("last")
    return ReconciliationActionLog.objects.filter(pk__in=newest)


def unresolved_at(*, organization_id: int, comparison: str, at: datetime) -> QuerySet[ReconciliationActionLog]:
    """Of these, those that were not resolved then."""
    steps = last_steps(organization_id=organization_id, at=at)
    return steps.filter(discrepancy__comparison=comparison, after__status__in=UNRESOLVED)


def types_at(*, organization_id: int, comparison: str, at: datetime) -> dict[str, int]:
    """How many were not resolved at `at`, by type, whatever their period."""
    return _by_type(unresolved_at(organization_id=organization_id, comparison=comparison, at=at))


def types_left_by(run: ReconciliationRun) -> dict[str, int]:
    """How many of the run's period were not resolved when it had written, by type, told by the log alone.

    The run's own rows carry the time it began with; a step that a person took while it was writing is not among them.
    """
    if run.finished_at is None:
        return {}
    steps = unresolved_at(organization_id=run.organization_id, comparison=run.comparison, at=run.finished_at)
    return _by_type(
        steps.filter(discrepancy__occurred_at__gte=run.period_start, discrepancy__occurred_at__lt=run.period_end)
    )


def _by_type(steps: QuerySet[ReconciliationActionLog]) -> dict[str, int]:
    counted = steps.order_by().values_list("discrepancy__type").annotate(n=Count("pk"))
    return dict(sorted(counted))
