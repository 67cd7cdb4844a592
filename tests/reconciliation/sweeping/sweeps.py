"""Organizations with a merchant on a loopback Stripe, and their sweeps."""

from datetime import timedelta
from typing import Any

from billing.models import Organization, Payment, StatementLineVersion
from billing.provider_api import KeyRefused
from billing.stripe_access import Access
from reconciliation.models import ReconciliationRun, SyncJob
from reconciliation.sweeping import Settings, open_job, work_job
from tests.billing.stripe.desk import Desk, days_ago

HOUR = timedelta(hours=1)


def stock(desk: Desk, payments: int = 3) -> None:
    """Payments of the last days, one of them disputed and one refunded, an invoice, and a payout of them all."""
    charges = [desk.merchant.charge(1_000 + place, days_ago(4) + place) for place in range(payments)]
    desk.merchant.dispute(charges[0], days_ago(3))
    desk.merchant.refund(charges[1], 500, days_ago(3))


def told(desk: Desk) -> Settings:
    return Settings(opener=lambda _organization: desk.access, days=7, months=2)


def without_key(organization: Organization) -> Access:
    raise KeyRefused(f"There is no API key for {organization.slug}.", "key_missing")


def asked(desk: Desk, kind: str = "sweep", **more: Any) -> SyncJob:
    return open_job(organization=desk.organization, kind=kind, by=None, via="test", now=desk.clock(), **more)


def swept(desk: Desk, job: SyncJob | None = None, **more: Any) -> SyncJob:
    return work_job(job=job or asked(desk), told=more.pop("told", told(desk)), clock=desk.clock, **more)


def step(job: SyncJob, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in job.steps if one["name"] == name)
    return found


def content(desk: Desk) -> dict[str, Any]:
    """What sweeps leave behind, without ids and times: the same after a clean one and after any trouble."""
    organization = desk.organization
    lines = StatementLineVersion.objects.filter(organization=organization)
    runs = ReconciliationRun.objects.filter(organization=organization, status__in=["ok", "break"])
    reports = {(run.comparison, run.period_start): run.report_digest for run in runs.order_by("number")}
    return {
        "lines": sorted(lines.values_list("line__external_id", "number", "net_minor", "kind", "tenant_answer")),
        "payments": Payment.objects.filter(organization=organization).count(),
        "reports": reports,
        "unfinished": ReconciliationRun.objects.filter(organization=organization, finished_at=None).count(),
    }
