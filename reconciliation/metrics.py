"""Figures for whoever watches the installation, read from the database: any process may answer them."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Min, OuterRef, Q, Subquery
from django_q.models import OrmQ
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from billing.counters import counters
from billing.models import Organization
from reconciliation.action_log import newest_checks
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationRun, RunLease, SyncJob

PREFIX: Final = "tieout"
DAY: Final = timedelta(days=1)
# What only ever grows is told as a counter, so that its increase shows spikes; the rest can fall.
GROWING: Final = {
    "statements_ingested",
    "disputes_logged",
    "payouts_logged",
    "invoices_logged",
    "observations_synced",
    "ingestions_withdrawn",
}


def exposition(*, organizations: Iterable[int] | None, now: datetime) -> bytes:
    """Every figure in Prometheus' text form, of the given organizations, or of all (None)."""
    registry = CollectorRegistry()
    registry.register(_Figures(organizations, now))
    return generate_latest(registry)


class _Figures(Collector):
    """The figures, in the shape the library asks for."""

    def __init__(self, organizations: Iterable[int] | None, now: datetime) -> None:
        rows = Organization.objects.order_by("slug")
        if organizations is not None:
            rows = rows.filter(pk__in=list(organizations))
        self.slugs = dict(rows.values_list("pk", "slug"))
        self.now = now

    def collect(self) -> Iterator[Metric]:
        """Everything, one family after the other."""
        yield from sources(self.slugs)
        yield from discrepancies(self.slugs, self.now)
        yield from last_times(self.slugs)
        yield from log_checks(self.slugs)
        yield from queue(self.now)


def _family(name: str, text: str, labels: list[str]) -> Any:
    """A counter or a gauge, by its name."""
    kind: Callable[..., Any] = CounterMetricFamily if name in GROWING else GaugeMetricFamily
    return kind(f"{PREFIX}_{name}", text, labels=labels)


def sources(slugs: dict[int, str]) -> Iterator[Metric]:
    """What was fetched and logged."""
    families: dict[str, Any] = {}
    for one in counters():
        if one.organization in slugs.values():
            family = families.setdefault(one.name, _family(one.name, one.help, ["organization"]))
            family.add_metric([one.organization], one.value)
    yield from families.values()


def discrepancies(slugs: dict[int, str], now: datetime) -> Iterator[Metric]:
    """By comparison and type: found ever, found in the last day (a spike shows there), and open now."""
    labels = ["organization", "comparison", "type"]
    found = CounterMetricFamily(
        f"{PREFIX}_discrepancies_found", "Discrepancies found, resolved ones too.", labels=labels
    )
    recent = GaugeMetricFamily(f"{PREFIX}_discrepancies_last_day", "Discrepancies found in 24 hours.", labels=labels)
    still = GaugeMetricFamily(f"{PREFIX}_discrepancies_open", "Discrepancies not resolved.", labels=labels)
    rows = ReconciliationDiscrepancy.objects.filter(organization__in=slugs).order_by()
    groups = rows.values_list("organization_id", "comparison", "type").annotate(
        every=Count("pk"),
        lately=Count("pk", filter=Q(opened_at__gt=now - DAY)),
        unresolved=Count("pk", filter=~Q(status="resolved")),
    )
    for organization, comparison, type_, every, lately, unresolved in groups:
        names = [slugs[organization], comparison, type_]
        for family, value in ((found, every), (recent, lately), (still, unresolved)):
            family.add_metric(names, value)
    yield from (found, recent, still)


def last_times(slugs: dict[int, str]) -> Iterator[Metric]:
    """When each comparison and each sweep last ended well, and whether the last sweep failed."""
    runs = ReconciliationRun.objects.filter(
        organization=OuterRef("organization"), comparison=OuterRef("comparison"), status__in=["ok", "break"]
    )
    told = GaugeMetricFamily(
        f"{PREFIX}_last_run_timestamp_seconds", "When a comparison last ended.", labels=["organization", "comparison"]
    )
    leases = RunLease.objects.filter(organization__in=slugs)
    newest = leases.annotate(ended=Subquery(runs.order_by("-id").values("finished_at")[:1]))
    for organization, comparison, ended in newest.values_list("organization_id", "comparison", "ended"):
        if ended is not None:
            told.add_metric([slugs[organization], comparison], ended.timestamp())
    yield told
    swept = GaugeMetricFamily(
        f"{PREFIX}_last_sweep_timestamp_seconds", "When a sweep last ended.", labels=["organization"]
    )
    failed = GaugeMetricFamily(
        f"{PREFIX}_last_sweep_failed", "1 when a step of the last sweep failed.", labels=["organization"]
    )
    for organization, ended, status in last_sweeps(slugs):
        swept.add_metric([slugs[organization]], ended.timestamp())
        failed.add_metric([slugs[organization]], int(status == "failed"))
    yield from (swept, failed)


def last_sweeps(organizations: Iterable[int]) -> list[tuple[int, datetime, str]]:
    """Organization, end and status of the last ended sweep of each; those never swept are left out."""
    ended = SyncJob.objects.filter(organization=OuterRef("pk"), kind="sweep", status__in=["done", "failed"])
    last = ended.order_by("-id")
    rows = Organization.objects.filter(pk__in=list(organizations)).annotate(
        ended=Subquery(last.values("finished_at")[:1]), outcome=Subquery(last.values("status")[:1])
    )
    return [row for row in rows.values_list("pk", "ended", "outcome") if row[1] is not None]


def log_checks(slugs: dict[int, str]) -> Iterator[Metric]:
    """When each action log was last checked as a whole, and whether it did not hold or could not be checked."""
    checked = GaugeMetricFamily(
        f"{PREFIX}_last_log_check_timestamp_seconds", "When an action log was last checked.", labels=["organization"]
    )
    failed = GaugeMetricFamily(
        f"{PREFIX}_last_log_check_failed", "1 when the last check did not find the log sound.", labels=["organization"]
    )
    for check in newest_checks(slugs):
        checked.add_metric([slugs[check.organization_id]], check.checked_at.timestamp())
        failed.add_metric([slugs[check.organization_id]], int(check.result != "holds"))
    yield from (checked, failed)


def queue(now: datetime) -> Iterator[Metric]:
    """How many jobs wait for a worker, and for how long the oldest has."""
    waiting = OrmQ.objects.filter(lock__lte=now)
    yield GaugeMetricFamily(f"{PREFIX}_queue_jobs_waiting", "Jobs that no worker has taken.", value=waiting.count())
    oldest = waiting.aggregate(oldest=Min("lock"))["oldest"]
    age = (now - oldest).total_seconds() if oldest else 0
    yield GaugeMetricFamily(f"{PREFIX}_queue_oldest_seconds", "Age of the oldest waiting job.", value=max(0.0, age))
