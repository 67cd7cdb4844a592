"""Books for tests: payments here and records at the provider, in a line each."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from billing.changes import note_records
from billing.models import (
    Organization,
    Payment,
    PaymentVersion,
    ProviderRecord,
    ProviderRecordVersion,
)
from reconciliation.models import ReconciliationActionLog, ReconciliationDiscrepancy, ReconciliationItem
from reconciliation.runs import RunResult, reconcile

START = datetime(2026, 10, 1, tzinfo=UTC)
END = datetime(2026, 11, 1, tzinfo=UTC)
NOON = datetime(2026, 10, 10, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 20, tzinfo=UTC)


class Books:
    """An organization's two sides, written straight to the tables."""

    def __init__(self, slug: str = "acme", **rules: Any) -> None:
        self.organization = Organization.objects.create(slug=slug, name=slug.title(), **rules)

    def paid(self, own: str, amount: int = 1000, key: str = "", *, at: datetime = NOON, **facts: Any) -> Payment:
        """Books a payment here, or a new version of it. Amounts in minor units."""
        kind = facts.pop("kind", "charge")
        payment, new = Payment.objects.get_or_create(organization=self.organization, kind=kind, external_id=own)
        number = 1 if new else payment.current_number + 1
        facts = {"currency": "EUR", "status": "succeeded", **facts}
        PaymentVersion.objects.create(
            payment=payment, organization=self.organization, number=number, provider_reference=key, amount_minor=amount,
            occurred_at=at, recorded_at=at, **facts,
        )  # fmt: skip
        if not new:
            Payment.objects.filter(pk=payment.pk).update(current_number=number)
        note_records(organization=self.organization, source="payment", identity_ids=[payment.pk])
        return payment

    def charged(self, key: str, amount: int = 1000, *, at: datetime = NOON, **facts: Any) -> ProviderRecord:
        """Records a provider object, or a new version of it."""
        kind = facts.pop("kind", "charge")
        record, new = ProviderRecord.objects.get_or_create(organization=self.organization, kind=kind, external_id=key)
        number = 1 if new else record.current_number + 1
        facts = {"currency": "EUR", "status": "succeeded", **facts}
        ProviderRecordVersion.objects.create(
            record=record, organization=self.organization, number=number, amount_minor=amount, occurred_at=at,
            recorded_at=at, **facts,
        )  # fmt: skip
        if not new:
            ProviderRecord.objects.filter(pk=record.pk).update(current_number=number)
        note_records(organization=self.organization, source="provider_record", identity_ids=[record.pk])
        return record

    def run(self, *, now: datetime = LATER, start: datetime = START, end: datetime = END, **options: Any) -> RunResult:
        """Reconciles the books."""
        result = reconcile(organization=self.organization, start=start, end=end, by=None, now=now, **options)
        assert result.error == ""
        return result

    def outcomes(self) -> dict[str, int]:
        """Open items by outcome, only those there are."""
        found: dict[str, int] = {}
        for item in ReconciliationItem.objects.filter(organization=self.organization, closed_run=None):
            found[item.outcome] = found.get(item.outcome, 0) + 1
        return found

    def open(self) -> dict[str, list[str]]:
        """Open discrepancies: type → reason codes."""
        found: dict[str, list[str]] = {}
        rows = ReconciliationDiscrepancy.objects.filter(organization=self.organization).exclude(status="resolved")
        for row in rows.order_by("type", "reason_code"):
            found.setdefault(row.type, []).append(row.reason_code)
        return found

    def only(self, type_: str) -> ReconciliationDiscrepancy:
        """The one discrepancy of a type."""
        return ReconciliationDiscrepancy.objects.get(organization=self.organization, type=type_)


def minutes(number: float) -> timedelta:
    """A span for tests."""
    return timedelta(minutes=number)


def filled(books: Books, order: random.Random | None = None) -> Books:
    """Books with a case of every kind, written in any order."""
    steps = [
        lambda: books.paid("p1", key="ch_1", customer="cus_1"),
        lambda: books.charged("ch_1", customer="cus_1"),
        lambda: books.charged("ch_1b", customer="cus_1", at=NOON + minutes(2)),
        lambda: books.paid("p2", 2000, key="ch_2"),
        lambda: books.charged("ch_2", 1900, fee_minor=100),
        lambda: books.paid("p3", key="ch_gone"),
        lambda: books.charged("ch_4", 777, at=NOON + timedelta(days=3)),
        lambda: books.paid("p5", key="ch_5", currency="JPY"),
        lambda: books.charged("ch_5"),
        lambda: books.paid("p6", 300, customer="cus_6"),
        lambda: books.charged("ch_6a", 300, customer="cus_6", at=NOON + timedelta(hours=2)),
        lambda: books.charged("ch_6b", 300, customer="cus_6", at=NOON + timedelta(hours=9)),
        lambda: books.paid("p7", key="ch_7", at=LATER - timedelta(days=20)),
        lambda: books.charged("ch_7", status="pending", at=LATER - timedelta(days=20)),
        lambda: books.charged("py_8", excluded_reason="destination_payment"),
    ]
    if order:
        order.shuffle(steps)
    for step in steps:
        step()
    return books


def rows_written() -> tuple[int, int, int, int]:
    """How many rows runs have written."""
    return (
        ReconciliationItem.objects.count(),
        ReconciliationItem.objects.exclude(closed_run=None).count(),
        ReconciliationDiscrepancy.objects.count(),
        ReconciliationActionLog.objects.count(),
    )
