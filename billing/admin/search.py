"""From an id somebody pasted to the records it names, by indexes only."""

from collections.abc import Sequence

from django.db.models import Q

from billing.models import (
    Invoice,
    InvoicePaymentVersion,
    InvoiceVersion,
    Payment,
    PaymentVersion,
    Payout,
    PayoutVersion,
    ProviderRecord,
    ProviderRecordVersion,
    StatementLine,
    StatementLineVersion,
)
from billing.models.invoices import InvoiceKind
from billing.models.payments import RecordKind
from billing.models.provider import ProviderKind

# A customer may have very many payments; the newest of them are what a search is for.
MOST = 500


def row_number(text: str) -> int | None:
    """A key as an address or a search gives it, or None when `text` is none that a database could hold."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


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
    """Statement lines `term` names: by their id, source, payment intent, invoice, payout or customer, newest first;
    with a charge come its refunds and disputes, through the payment intent they share.
    """
    own = StatementLine.objects.filter(organization__in=organizations, external_id=term)
    found = set(own.values_list("pk", flat=True))
    versions = StatementLineVersion.objects.filter(organization__in=organizations).order_by("-line_id")
    for field in ("source_reference", "intent_reference", "invoice_reference", "payout_reference", "customer"):
        found.update(versions.filter(**{field: term}).values_list("line_id", flat=True)[:MOST])
    intents = (
        versions.filter(source_reference=term).exclude(intent_reference="").values_list("intent_reference", flat=True)
    )
    found.update(versions.filter(intent_reference__in=list(intents[:MOST])).values_list("line_id", flat=True)[:MOST])
    return sorted(found, reverse=True)[:MOST]


def invoice_ids(organizations: Sequence[int], term: str) -> list[int]:
    """Invoices `term` names: their id, document number, customer, or a payment linked to them, newest first."""
    own = Invoice.objects.filter(organization__in=organizations, kind__in=InvoiceKind.values)
    versions = InvoiceVersion.objects.filter(organization__in=organizations).order_by("-invoice_id")
    found = set(own.filter(external_id=term).values_list("pk", flat=True))
    for field in ("document_number", "customer"):
        found.update(versions.filter(**{field: term}).values_list("invoice_id", flat=True)[:MOST])
    if named := invoices_paid_by(organizations, term):
        found.update(own.filter(external_id__in=named).values_list("pk", flat=True))
    return sorted(found, reverse=True)[:MOST]


def invoices_of_lines(organizations: Sequence[int], term: str) -> list[int]:
    """Invoices that the statement lines are for which `term` names: what paid them, what was given back."""
    lines = StatementLineVersion.objects.filter(line__in=line_ids(organizations, term)).exclude(invoice_reference="")
    named = set(lines.values_list("invoice_reference", flat=True)[:MOST])
    own = Invoice.objects.filter(organization__in=organizations, kind__in=InvoiceKind.values, external_id__in=named)
    return list(own.order_by("-pk").values_list("pk", flat=True)[:MOST])


def payout_ids(organizations: Sequence[int], term: str) -> list[int]:
    """Payouts `term` names: their id, their own line on the statement, or a record that they took to the bank."""
    own = Payout.objects.filter(organization__in=organizations)
    found = set(own.filter(external_id=term).values_list("pk", flat=True))
    if not found:
        versions = PayoutVersion.objects.filter(organization__in=organizations)
        named = versions.filter(Q(line_reference=term) | Q(failure_line_reference=term))
        found.update(named.values_list("payout_id", flat=True))
        lines = StatementLineVersion.objects.filter(line__in=line_ids(organizations, term))
        taken = set(lines.exclude(payout_reference="").values_list("payout_reference", flat=True)[:MOST])
        found.update(own.filter(external_id__in=taken).values_list("pk", flat=True))
    return sorted(found, reverse=True)[:MOST]


def dispute_names(records: Sequence[int]) -> list[str]:
    """Ids of the disputes among provider records."""
    rows = ProviderRecord.objects.filter(pk__in=records, kind=ProviderKind.DISPUTE) if records else None
    return [] if rows is None else list(rows.values_list("external_id", flat=True))
