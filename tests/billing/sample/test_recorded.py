"""The recorded payments restate their source truly."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from billing.events import record_objects
from billing.imports.payments import import_payments
from billing.models import Organization, ProviderRecordVersion
from billing.sample import recorded
from billing.stripe_objects import RecordState, record_state

FOLDER = "stripe-recordings-cc0"


def states(objects: list[dict[str, Any]]) -> dict[str, RecordState | None]:
    return {item["id"]: record_state(item, ["payin_id"]) for item in objects}


def test_restated_objects_say_what_the_recorded_ones_say(raw_sample: Callable[[str], Path]) -> None:
    raw = json.loads(raw_sample(f"{FOLDER}/objects.json").read_text())
    settled = raw["balance_transactions"]
    objects = [item for kind in ("charges", "payment_intents", "refunds") for item in raw[kind].values()]
    expanded = [
        {**item, "balance_transaction": settled.get(item.get("balance_transaction"), item.get("balance_transaction"))}
        for item in objects
    ]
    assert states(recorded.stripe_objects()) == states(expanded)


def test_payment_rows_are_the_recorded_requests(raw_sample: Callable[[str], Path]) -> None:
    with raw_sample(f"{FOLDER}/internal_requests_with_truth.csv").open(newline="") as file:
        requests = {row["payin_id"]: row for row in csv.DictReader(file)}
    rows = {row["external_id"]: row for row in recorded.payment_rows()}
    assert rows.keys() == requests.keys()
    for name, row in rows.items():
        request = requests[name]
        assert row["provider_reference"] == request["response_id"]
        assert row["currency"] == request["currency"].upper()
        assert row["occurred_at"] == request["requested_at"]
        assert row["amount"].replace(".", "") == request["amount"]


def test_the_outcomes_are_those_of_the_source() -> None:
    rows = recorded.payment_rows()
    assert Counter(row["status"] for row in rows) == {"succeeded": 14, "pending": 4, "failed": 1}
    assert [row["external_id"] for row in rows if not row["provider_reference"]] == ["2272"]


@pytest.mark.django_db
def test_everything_goes_in_through_the_imports() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    organization = Organization.objects.create(slug=recorded.SLUG, **recorded.FIELDS)
    file = io.BytesIO(recorded.payments_csv())
    result = import_payments(organization=organization, file=file, filename="r.csv", by="test", now=now)
    record_objects(organization=organization, objects=recorded.stripe_objects(), source="object_import", now=now)
    kinds = Counter(ProviderRecordVersion.objects.values_list("record__kind", flat=True))
    excluded = ProviderRecordVersion.objects.filter(excluded_reason="destination_payment").count()
    assert result.created == 19
    assert kinds == {"charge": 28, "payment_intent": 19, "refund": 2}
    assert excluded == 9
