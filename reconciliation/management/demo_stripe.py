"""The demo's shop with a Stripe account: its month is fetched from a stand-in on this machine through the real code."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from billing.imports.invoices import import_invoices
from billing.imports.payments import import_payments
from billing.models import ImportBatch, Organization
from billing.organizations import save_organization
from billing.sample.loading import Loaded
from billing.sandbox.month import DAYS, Month, generated_month, invoices_csv
from billing.sandbox.own_books import payments_csv
from billing.sandbox.server import running
from billing.stripe_access import Access, open_access
from billing.walks import Clock
from billing.wording import count_text
from reconciliation.core.fees import Terms
from reconciliation.models import SyncJob
from reconciliation.sweeping import Settings, open_job, work_job
from reconciliation.sweeping.words import step_words
from reconciliation.workflow.fee_terms import set_terms

SLUG: Final = "harbour"
ACCOUNT: Final = "acct_1Harbour000000"
KEY: Final = "rk_test_demo"
FIELDS: Final[dict[str, Any]] = {
    "name": "Harbour Books",
    "timezone": "Europe/Paris",
    "currency": "EUR",
    "stripe_account": ACCOUNT,
    "refunds": "always",
}
PAYMENTS: Final = 300
BY: Final = "demo"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Shop:
    """The shop with its month, and the jobs that fetched it (as stored, when the demo was loaded before)."""

    loaded: Loaded
    jobs: list[SyncJob]


def load_shop(*, now: datetime, clock: Clock, say: Say) -> Shop:
    """The shop's own books from files, everything else from the stand-in; what was loaded before stays as it is."""
    organization = save_organization(slug=SLUG, fields=FIELDS, now=now).organization
    first = ImportBatch.objects.filter(organization=organization, kind="payments").order_by("id").first()
    zone = ZoneInfo(organization.timezone)
    today = (first.imported_at if first else now).astimezone(zone).date()
    start = datetime.combine(today - timedelta(days=DAYS), time.min, zone)
    loaded = Loaded(organization, start, datetime.combine(today + timedelta(days=1), time.min, zone))
    jobs = list(SyncJob.objects.filter(organization=organization, requested_via=BY).order_by("pk"))
    if [job.kind for job in jobs if job.status == "done"] == ["missing", "sweep"]:
        return Shop(loaded, jobs)
    say(_("Harbour Books: its own invoices and %s payments") % count_text(PAYMENTS))
    month = demo_month(start)
    _own_books(organization, month, now)
    with running({KEY: month.shelf}) as sandbox:

        def opener(one: Organization) -> Access:
            return open_access(organization=one, keys={SLUG: KEY}, base=sandbox.address)

        told = Settings(opener=opener, days=DAYS + 1, months=2)
        # The first one reaches back to where events are listed no more.
        asked = {"missing": {"from": start.isoformat()}, "sweep": {}}
        jobs = [
            open_job(organization=organization, kind=kind, by=None, via=BY, now=clock(), parameters=parameters)
            for kind, parameters in asked.items()
        ]
        return Shop(loaded, [_worked(job, told, clock, say) for job in jobs])


def demo_month(start: datetime) -> Month:
    """The same month whenever it is asked for with the same start."""
    return generated_month(payments=PAYMENTS, start=start, seed=7, workspace=SLUG, account=ACCOUNT)


def _own_books(organization: Organization, month: Month, now: datetime) -> None:
    common: dict[str, Any] = {"organization": organization, "by": BY, "now": now}
    import_invoices(file=io.BytesIO(invoices_csv(month)), filename="harbour_invoices.csv", **common)
    import_payments(file=io.BytesIO(payments_csv(month)), filename="harbour_payments.csv", **common)
    for line_type in ("charge", "payment"):
        set_terms(terms=Terms("EUR", line_type, month.merchant.fee_ppm, month.merchant.fee_fixed), **common)


def _worked(job: SyncJob, told: Settings, clock: Clock, say: Say) -> SyncJob:
    """The job, done as the worker would do it, here and now."""

    def tell(step: str, rows: int | None) -> None:
        say(f"Harbour Books: {step_words(step)}" + (f", {count_text(rows)}" if rows else ""))

    return work_job(job=job, told=told, clock=clock, stay_seconds=None, tell=tell)
