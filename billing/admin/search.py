"""From an id somebody pasted to the records it names, by indexes only."""

from collections.abc import Sequence

from billing.models import Payment, PaymentVersion, ProviderRecord, ProviderRecordVersion
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
