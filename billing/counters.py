"""Counters of what was fetched and logged, read from the database: any process may answer them."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, F

from .models import (
    InvoiceVersion,
    LineKind,
    Organization,
    PayoutVersion,
    ProviderEvent,
    ProviderFetch,
    ProviderRecord,
    StatementLineVersion,
    StatementWithdrawal,
)


@dataclass(frozen=True, slots=True)
class Counter:
    """A figure with its name, what it counts and for whom."""

    name: str
    help: str
    organization: str
    value: int


def counters() -> Iterator[Counter]:
    """Every figure of every organization, by name; organizations without any are told with 0."""
    lines = StatementLineVersion.objects.filter(number=F("line__current_number"))
    current = lines.filter(excluded_reason="")
    synced = [ProviderEvent.Source.EVENT_SYNC, ProviderEvent.Source.OBJECT_SYNC]
    populations = {
        "statements_ingested": (lines, "Statement lines known."),
        "statements_unattached": (current.filter(tenant=None), "Statement lines that belong to no one yet."),
        "statements_unclassified": (current.filter(kind=LineKind.UNKNOWN), "Statement lines of a kind not known."),
        "statements_excluded": (lines.exclude(excluded_reason=""), "Statement lines of withdrawn ingestions."),
        "ingestions_withdrawn": (StatementWithdrawal.objects.all(), "Ingestions taken back."),
        "disputes_logged": (ProviderRecord.objects.filter(kind="dispute"), "Disputes known."),
        "payouts_logged": (PayoutVersion.objects.filter(number=1), "Payouts known."),
        "invoices_logged": (InvoiceVersion.objects.filter(number=1), "Invoices known."),
        "observations_synced": (
            ProviderEvent.objects.filter(source__in=synced),
            "Observations fetched, not delivered.",
        ),
        "fetches_failed": (
            ProviderFetch.objects.filter(status=ProviderFetch.Status.FAILED),
            "Fetches that ended with an error and were not taken up again.",
        ),
    }
    slugs = dict(Organization.objects.values_list("pk", "slug"))
    for name, (rows, text) in populations.items():
        counted = dict(rows.order_by().values_list("organization").annotate(number=Count("pk")))
        for pk, slug in slugs.items():
            yield Counter(name, text, slug, counted.get(pk, 0))
