"""The recorded dispute chain, as webhooks tell it: one discrepancy that walks over the board."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from billing.events import record_event
from billing.models import ProviderEvent
from billing.strict_json import loads
from reconciliation import disputes, workflow
from reconciliation.admin.dispute_page import dispute_page
from reconciliation.models import Dispute
from tests.people import person
from tests.reconciliation.invoice_books import InvoiceBooks

pytestmark = pytest.mark.django_db
NOW = datetime(2021, 7, 9, tzinfo=UTC)
NAME = "dp_1JAyTwJSZQVUcJYgPqasUEn1"


def test_the_recorded_chain_is_one_discrepancy_from_its_first_event_to_the_last(
    raw_sample: Callable[[str], Path],
) -> None:
    events: dict[str, Any] = loads(raw_sample("webhook-events-mit/events_dump.json").read_bytes())
    books = InvoiceBooks(stripe_account="")
    operator = person("Operator", books.organization)

    def told(name: str) -> tuple[str, int]:
        event = events[f"FAKE_EVENT_DISPUTE_{name}"]
        record_event(organization=books.organization, event=event, source=ProviderEvent.Source.WEBHOOK, now=NOW)
        books.run(now=NOW, start=NOW - timedelta(days=400), end=NOW + timedelta(days=1))
        ((where, (card,)),) = ((c, s) for c, s in disputes.cards([books.organization.pk], NOW).items() if s)
        assert (card.name, card.amount_minor, card.currency) == (NAME, 1_000, "USD")
        return where, Dispute.objects.get().difference_minor or 0

    assert told("CREATED") == ("acknowledge", -1_000)
    row = Dispute.objects.get()
    assert row.due_at == datetime(2021, 7, 17, 23, 59, 59, tzinfo=UTC)
    workflow.acknowledge(discrepancy_id=row.pk, expected_version=row.version, by=operator, now=NOW)
    assert told("FUNDS_WITHDRAWN") == ("gather", -1_000)
    assert told("FUNDS_REINSTATED_FULL") == ("submitted", 0)
    assert told("CLOSED")[0] == "closed"
    page = dispute_page(Dispute.objects.get(), NOW)
    said = [state["what"] for state in page["states"]]
    assert (said[0], said[-1]) == ("Won", "First seen: Needs a response")
    assert Dispute.objects.get().pk == row.pk
