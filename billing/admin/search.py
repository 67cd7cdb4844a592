"""From an id somebody pasted to the records it names, by indexes only."""

from collections.abc import Sequence

from billing.models import (
    InvoicePaymentVersion,
    Payment,
    PaymentVersion,
    ProviderRecord,
    ProviderRecordVersion,
    StatementLine,
    StatementLineVersion,
)
from billing.models.payments import RecordKind
from billing.models.provider import ProviderKind

# A customer may have very many payments; the newest of them are what a search is for.
MOST = 500


def payment_ids(organizations: Sequence[int], term: str) -> list[int]:
    """Payments whose own id, provider reference, invoice or customer is `term`, newest first, at most `MOST`."""
    found = set(
        Payment.objects.filter(
            organization__in=organizations, kind__in=RecordKind.values, external_id=term
        ).values_list("pk", flat=True)
    )
    versions = PaymentVersion.objects.filter(organization__in=organizations)
    for field in ("provider_reference", "invoice_number", "customer"):
        rows = versions.filter(**{field: term}).order_by("-payment_id").values_list("payment_id", flat=True)
        found.update(rows[:MOST])
    return sorted(found, reverse=True)[:MOST]


def record_ids(organizations: Sequence[int], term: str) -> list[int]:
    """Provider records whose id, parent (payment intent, charge), own reference or customer is `term`, newest first."""
    found = set(
        ProviderRecord.objects.filter(
            organization__in=organizations, kind__in=ProviderKind.values, external_id=term
        ).values_list("pk", flat=True)
    )
    versions = ProviderRecordVersion.objects.filter(organization__in=organizations)
    for field in ("parent_reference", "reference", "customer"):
        rows = versions.filter(**{field: term}).order_by("-record_id").values_list("record_id", flat=True)
        found.update(rows[:MOST])
    return sorted(found, reverse=True)[:MOST]


def invoices_paid_by(organizations: Sequence[int], term: str) -> list[str]:
    """Ids of the invoices that a payment intent, charge or other payment `term` is linked to."""
    rows = InvoicePaymentVersion.objects.filter(organization__in=organizations, payment_reference=term)
    return list(rows.order_by("-pk").values_list("invoice_reference", flat=True)[:MOST])


def line_ids(organizations: Sequence[int], term: str) -> list[int]:
    """Statement lines `term` names: by their id, source, payment intent, invoice or payout, newest first; with a charge
    come its refunds and disputes, through the payment intent they share.
    """
    own = StatementLine.objects.filter(organization__in=organizations, external_id=term)
    found = set(own.values_list("pk", flat=True))
    versions = StatementLineVersion.objects.filter(organization__in=organizations).order_by("-line_id")
    for field in ("source_reference", "intent_reference", "invoice_reference", "payout_reference"):
        found.update(versions.filter(**{field: term}).values_list("line_id", flat=True)[:MOST])
    intents = (
        versions.filter(source_reference=term).exclude(intent_reference="").values_list("intent_reference", flat=True)
    )
    found.update(versions.filter(intent_reference__in=list(intents[:MOST])).values_list("line_id", flat=True)[:MOST])
    return sorted(found, reverse=True)[:MOST]
