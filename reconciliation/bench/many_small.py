"""Many small organizations swept one after the other: loaded, and run."""

import time
from typing import Any, Final

from django.db import transaction

from billing.changes import note_import
from billing.models import Organization, Payment, PaymentVersion, ProviderRecord, ProviderRecordVersion, SourceChange
from reconciliation.bench.books import END, NOW, START, slice_of
from reconciliation.bench.loading import batch_of, move_sequences, unchecked_references, write_payments, write_records
from reconciliation.bench.stages import timed_stages
from reconciliation.bench.sweeping import PAYMENTS_EACH
from reconciliation.runs import reconcile

SLUG: Final = "small-"


def load(organizations: int) -> dict[str, int]:
    """Adds organizations of 500 payments each until there are `organizations`; says how many records there are."""
    there = Organization.objects.filter(slug__startswith=SLUG).count()
    total = organizations * PAYMENTS_EACH
    payments, records = Payment.objects.count(), ProviderRecord.objects.count()
    with unchecked_references(), transaction.atomic():
        for number in range(there, organizations):
            organization = Organization.objects.create(
                slug=f"{SLUG}{number}", name=f"Small {number}", timezone="UTC", currency="EUR",
                reference_keys=["order_id"],
            )  # fmt: skip
            ours = batch_of(organization, "payments", "payments.csv", PAYMENTS_EACH)
            theirs = batch_of(organization, "provider_records", "records.csv", PAYMENTS_EACH)
            some = slice_of(number * PAYMENTS_EACH, PAYMENTS_EACH, total)
            write_payments(some, organization.pk, ours.pk, payments)
            write_records(some, organization.pk, theirs.pk, records)
            payments, records = payments + len(some.payments), records + len(some.records)
            note_import(organization=organization, source=SourceChange.Source.PAYMENT, batch_id=ours.pk)
            note_import(organization=organization, source=SourceChange.Source.PROVIDER_RECORD, batch_id=theirs.pk)
    move_sequences([Payment, PaymentVersion, ProviderRecord, ProviderRecordVersion])
    return {"organizations": organizations, "payments": payments, "records": records}


def sweep() -> dict[str, Any]:
    """Reconciles every organization, one after the other; items written, seconds of the slowest, seconds by stage."""
    written, slowest = 0, 0.0
    with timed_stages() as stages:
        for organization in Organization.objects.filter(slug__startswith=SLUG).order_by("pk"):
            begun = time.perf_counter()
            result = reconcile(organization=organization, start=START, end=END, by=None, now=NOW, via="bench")
            slowest = max(slowest, time.perf_counter() - begun)
            if result.error:
                raise RuntimeError(f"The run of {organization.slug} ended in an error: {result.error}")
            written += result.written["items"]
    return {"items": written, "slowest": slowest, "stages": stages}
