"""Events and objects that other projects recorded, dirty as they are; the files live outside this project."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command

from billing.events import record_event, record_objects
from billing.models import Organization, ProviderEvent

from .provider_facts import NOW, organization, records
from .stripe_facts import Json

Raw = Callable[[str], Path]
MIT, DIRTY = "webhook-events-mit/events_dump.json", "webhook-events-dirty-apache/events.json"


@pytest.fixture
def acme(db: None) -> Organization:
    return organization()


def load(path: Path) -> list[Json]:
    return list(json.loads(path.read_text()).values())


@pytest.mark.parametrize(("name", "count"), [(MIT, 59), (DIRTY, 19)])
def test_every_recorded_event_loads(acme: Organization, raw_sample: Raw, name: str, count: int) -> None:
    out: list[str] = []
    call_command("import_events", str(raw_sample(name)), "--organization", "acme", "--json", stdout=_Lines(out))
    summary = json.loads("".join(out))
    assert (summary["rows"], summary["created"] + summary["unchanged"], summary["unusable"]) == (count, count, 0)
    again: list[str] = []
    call_command("import_events", str(raw_sample(name)), "--organization", "acme", "--json", stdout=_Lines(again))
    assert json.loads("".join(again))["unchanged"] == count


@pytest.mark.parametrize("name", [MIT, DIRTY])
def test_recorded_events_end_in_the_same_state_in_any_order(acme: Organization, raw_sample: Raw, name: str) -> None:
    events, states = load(raw_sample(name)), []
    for seed in range(6):
        own = organization(f"shuffled-{seed}")
        order = events + events[:5]
        random.Random(seed).shuffle(order)
        for one in order:
            record_event(organization=own, event=one, source="webhook", now=NOW)
        states.append(records(own))
    assert all(state == states[0] for state in states)
    assert len(states[0]) >= 3


def test_an_object_is_believed_whatever_the_events_name(acme: Organization, raw_sample: Raw) -> None:
    for one in load(raw_sample(DIRTY)):
        record_event(organization=acme, event=one, source="webhook", now=NOW)
    found = records(acme)
    # Sent as charge.captured, charge.updated and charge.pending; sent as payment_intent.succeeded.
    assert found["charge", "ch_3KtoMeJDPojXS6LN0igeffJ6"]["status"] == "failed"
    assert found["payment_intent", "pi_1IqxJOJDPojXS6LN9uOebAea"]["status"] != "succeeded"


def test_recorded_objects_load_in_any_order_and_amounts_as_text_are_major_units(
    acme: Organization, raw_sample: Raw
) -> None:
    items, states = load(raw_sample("webhook-events-mit/objects_dump.json")), []
    for seed in range(4):
        own = organization(f"shuffled-{seed}")
        random.Random(seed).shuffle(items)
        outcome = record_objects(organization=own, objects=items, source="object_import", now=NOW)
        assert outcome.problems == []
        assert outcome.stored + outcome.known == 103
        states.append(records(own))
    assert all(state == states[0] for state in states)
    assert states[0]["charge", "ch_1JHRCWJSZQVUcJYgOCavbxio"]["amount_minor"] == 1000
    # One dispute stands there in five contradicting states.
    assert states[0]["dispute", "dp_1JAyTwJSZQVUcJYgPqasUEn1"]["needs_fetch"] is False


def test_recorded_stripe_payments_load_with_their_fees(acme: Organization, raw_sample: Raw) -> None:
    path = raw_sample("stripe-recordings-cc0/objects.json")
    call_command("import_objects", str(path), "--organization", "acme", "--json", stdout=_Lines([]))
    raw, found = json.loads(path.read_text()), records(acme)
    assert sum(kind == "charge" for kind, _ in found) == len(raw["charges"]) == 28
    assert sum(kind == "payment_intent" for kind, _ in found) == 19
    excluded = [one for one in found.values() if one["excluded_reason"] == "destination_payment"]
    assert len(excluded) == 9
    settled = [item for item in raw["charges"].values() if item["balance_transaction"]]
    assert len(settled) == 23
    for item in settled:
        row, one = raw["balance_transactions"][item["balance_transaction"]], found["charge", item["id"]]
        assert one["fee_minor"] == (row["fee"] if row["currency"] == item["currency"] else None)
    assert ProviderEvent.objects.filter(object_type="transfer").count() == 9


class _Lines:
    """A stream that keeps what a command writes."""

    def __init__(self, kept: list[str]) -> None:
        self.kept = kept

    def write(self, text: str) -> None:
        self.kept.append(text)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return False
