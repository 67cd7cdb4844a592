"""One row or more in every table that statements, payouts and invoices are kept in."""

from datetime import datetime
from typing import Any

from billing.models import (
    Invoice,
    InvoicePayment,
    InvoicePaymentVersion,
    InvoiceVersion,
    Organization,
    Payout,
    PayoutVersion,
    ProviderBalance,
    ProviderFetch,
    StatementLine,
    StatementLineVersion,
    StatementWithdrawal,
)


def one_of_each(organization: Organization, now: datetime) -> None:
    """A withdrawn ingestion with a line, a payout, an invoice and its payment."""
    own: dict[str, Any] = {"organization": organization}
    seen = {**own, "observed_at": now, "recorded_at": now, "currency": "EUR"}
    fetch = ProviderFetch.objects.create(**own, kind="statements", started_at=now, updated_at=now)
    line = StatementLine.objects.create(**own, external_id="txn_1")
    StatementLineVersion.objects.create(
        **own, line=line, fetch=fetch, content_digest="0", kind="charge", gross_minor=100, fee_minor=3, net_minor=97,
        currency="EUR", occurred_at=now, recorded_at=now,
    )  # fmt: skip
    StatementWithdrawal.objects.create(**own, fetch=fetch, reason="twice", withdrawn_by="a", withdrawn_at=now)
    payout = Payout.objects.create(**own, external_id="po_1")
    PayoutVersion.objects.create(**seen, payout=payout, amount_minor=97, status="paid", created_at=now)
    ProviderBalance.objects.create(**own, currency="EUR", held_minor=97, observed_at=now)
    invoice = Invoice.objects.create(**own, external_id="in_1")
    InvoiceVersion.objects.create(**seen, invoice=invoice, total_minor=100, status="paid", issued_at=now)
    payment = InvoicePayment.objects.create(**own, external_id="inpay_1")
    InvoicePaymentVersion.objects.create(
        **seen, payment=payment, invoice_reference="in_1", payment_reference="pi_1", amount_minor=100
    )
