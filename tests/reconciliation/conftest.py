"""Rows in every append-only table."""

import pytest
from django.contrib.auth.models import User
from django.db import connection

from billing.models import (
    Adjustment,
    ImportBatch,
    Payment,
    PaymentVersion,
    ProviderEvent,
    ProviderRecord,
    ProviderRecordVersion,
)
from reconciliation.models import LogCheck, MatchDecision, ReconciliationItem
from tests.billing.statement_rows import one_of_each

from .log_facts import NOW, make_organization, sql, write


@pytest.fixture
def ledger(db: None) -> None:
    """One row or more in every append-only table."""
    organization = make_organization()
    times = {"recorded_at": NOW, "occurred_at": NOW}
    money = {"amount_minor": 100, "currency": "EUR", "status": "succeeded"}
    common = {"organization": organization, "kind": "charge"}
    ImportBatch.objects.create(**common, filename="a.csv", sha256="0" * 64, imported_at=NOW)
    payment = Payment.objects.create(**common, external_id="P-1")
    PaymentVersion.objects.create(payment=payment, organization=organization, **money, **times)
    record = ProviderRecord.objects.create(**common, external_id="ch_1")
    ProviderRecordVersion.objects.create(record=record, organization=organization, **money, **times)
    ProviderEvent.objects.create(
        organization=organization,
        event_id="evt_1",
        content_digest="0",
        type="t",
        created_at=NOW,
        payload={},
        received_at=NOW,
    )
    ReconciliationItem.objects.create(
        **common,
        comparison="payments",
        left_id=payment.pk,
        right_id=record.pk,
        outcome="matched",
        occurred_at=NOW,
        opened_run=1,
    )
    pair = {"organization": organization, "comparison": "payments", "left_id": payment.pk, "right_id": record.pk}
    MatchDecision.objects.create(
        **pair, verdict="match", reason="told by phone", decided_by=User.objects.create_user("bob"), decided_at=NOW
    )
    Adjustment.objects.create(
        **pair, discrepancy_id=1, code="write_off", amount_minor=-5, currency="EUR", reason="a few cents",
        actor="user:bob", created_at=NOW,
    )  # fmt: skip
    LogCheck.objects.create(organization=organization, checked_at=NOW, result="holds", seals=1, rows=2)
    one_of_each(organization, NOW)
    write(organization, 2)
    if connection.vendor == "postgresql":
        sql("SET CONSTRAINTS ALL IMMEDIATE")  # else pending checks, not the triggers, would refuse a TRUNCATE
