"""One of everything that is fetched from the provider, for the desk to show."""

from datetime import timedelta
from typing import Any

from billing.models import (
    Invoice,
    InvoicePayment,
    InvoicePaymentVersion,
    InvoiceVersion,
    Organization,
    Payout,
    PayoutVersion,
    ProviderFetch,
    StatementLine,
    StatementLineVersion,
    StatementWithdrawal,
)
from reconciliation.models import SyncJob, SyncResult
from tests.reconciliation.books import LATER, NOON


def sources(organization: Organization, text: str) -> None:
    """A row in each table, with `text` wherever a text can stand."""
    fetch = ProviderFetch.objects.create(
        organization=organization, kind="statements", subject=text, status="failed", error=text, problems=[text],
        refused=1, started_by=text, started_at=NOON, updated_at=NOON, newest=text, cursor=text, account=text[:64],
    )  # fmt: skip
    common = {"organization": organization, "fetch": fetch, "recorded_at": LATER}
    StatementLineVersion.objects.create(
        line=StatementLine.objects.create(organization=organization, external_id=f"txn_{text}"),
        content_digest="3" * 64, kind="charge", gross_minor=1_000, fee_minor=40, net_minor=960, currency="EUR",
        occurred_at=NOON, workspace=text,
        source_reference=f"ch_{text}", invoice_reference=text, payout_reference=f"po_{text}", reason=text,
        fee_details=[{"type": text, "amount": 40, "currency": "eur"}], tenant=organization, tenant_answer="account",
        **common,
    )  # fmt: skip
    StatementLineVersion.objects.create(
        line=StatementLine.objects.create(organization=organization, external_id=f"txn_nobody_{text}"),
        content_digest="4" * 64, kind="unknown", gross_minor=-500, fee_minor=0, net_minor=-500, currency="USD",
        occurred_at=NOON + timedelta(hours=1), **common,
    )  # fmt: skip
    payouts_and_invoices(organization, text, common)
    work(organization, text)


def payouts_and_invoices(organization: Organization, text: str, common: dict[str, Any]) -> None:
    """A payout that failed, and an invoice with its payment."""
    PayoutVersion.objects.create(
        payout=Payout.objects.create(organization=organization, external_id=f"po_{text}"), amount_minor=960,
        currency="EUR", status="failed", created_at=NOON, observed_at=LATER, failure_code=text, **common,
    )  # fmt: skip
    InvoiceVersion.objects.create(
        invoice=Invoice.objects.create(organization=organization, external_id=text), document_number=text,
        total_minor=1_000, paid_minor=None, currency="EUR", status="open", issued_at=NOON, customer=text,
        lines=[{"description": text}], **common,
    )  # fmt: skip
    InvoicePaymentVersion.objects.create(
        payment=InvoicePayment.objects.create(organization=organization, external_id=f"inpay_{text}"),
        invoice_reference=text, payment_reference=f"pi_{text}", amount_minor=1_000, currency="EUR", observed_at=LATER,
        **common,
    )  # fmt: skip


def work(organization: Organization, text: str) -> None:
    """A withdrawn ingestion and a job with a result."""
    withdrawn = ProviderFetch.objects.create(
        organization=organization, kind="statement_file", status="done", started_at=NOON, updated_at=NOON
    )
    StatementWithdrawal.objects.create(
        organization=organization, fetch=withdrawn, lines=1, reason=text, withdrawn_by=text, withdrawn_at=LATER
    )
    job = SyncJob.objects.create(
        organization=organization, kind="missing", status="failed", created_at=NOON, started_at=NOON,
        finished_at=LATER, reason=text, error=text, requested_via=text[:40],
        steps=[{"name": "missing", "status": "failed", "figures": {}, "error": text, "seconds": "1.0"}],
    )  # fmt: skip
    SyncResult.objects.create(job=job, external_id=f"evt_{text}", outcome="failed", why=text)
