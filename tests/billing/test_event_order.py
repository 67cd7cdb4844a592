"""Neither the order of events nor who brings them first changes what becomes of them."""

import itertools
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from billing.events import Outcome, record_event, store_rows
from billing.models import Organization, ProviderEvent, ProviderRecordVersion
from billing.observations import event_rows

from .provider_facts import NOW, organization, records
from .stripe_facts import T0, Json, charge, event, intent, refund

WEBHOOK = ProviderEvent.Source.WEBHOOK


@pytest.fixture
def acme(db: None) -> Organization:
    return organization()


def take(of: Organization, *events: Json, now: datetime = NOW) -> list[Outcome]:
    return [record_event(organization=of, event=one, source=WEBHOOK, now=now) for one in events]


FIVE = [
    event(charge(status="pending", balance_transaction=None), "charge.pending", created=T0),
    event(charge(), "charge.succeeded", created=T0),
    event(charge(status="failed"), "charge.failed", created=T0),
    event(charge(amount_refunded=500), "charge.refunded", created=T0 + 1),
    event(charge(amount_refunded=500, customer="cus_2"), "charge.updated", created=T0 + 1),
]


@pytest.mark.parametrize("times", [(0, 0, 0, 0, 0), (0, 0, 0, 1, 1)], ids=["one second", "two seconds"])
def test_all_orders_of_five_events_end_in_one_state(db: None, times: tuple[int, ...]) -> None:
    events = [one | {"created": T0 + second} for one, second in zip(FIVE, times, strict=True)]
    states = []
    for number, order in enumerate(itertools.permutations(events)):
        own = organization(f"o-{number}")
        take(own, *order)
        states.append(records(own))
    assert len(states) == 120
    assert all(state == states[0] for state in states)
    assert states[0]["charge", "ch_1"]["needs_fetch"] is True


def many_events(count: int, seed: int) -> list[Json]:
    """Events about a few dozen objects, with shared seconds, repetitions and records inside records."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        number, second = rng.randrange(count // 6 + 1), T0 + rng.randrange(5)
        one = charge(
            id=f"ch_{number}",
            payment_intent=f"pi_{number}",
            status=rng.choice(["pending", "succeeded", "succeeded", "failed"]),
            disputed=rng.random() < 0.2,
        )
        item = rng.choice(
            [one, one, intent(id=f"pi_{number}", latest_charge=one), refund(id=f"re_{number}", charge=f"ch_{number}")]
        )
        made.append(event(item, created=second))
    return made + rng.sample(made, count // 5)


def test_many_at_once_give_the_same_state_as_one_by_one(acme: Organization) -> None:
    events, bulk = many_events(300, seed=7), organization("bulk")
    for one in events:
        take(acme, one)
    random.Random(8).shuffle(events)
    total = Outcome()
    with transaction.atomic():
        for start in range(0, len(events), 100):
            rows = [
                event_rows(organization=bulk, event=one, source=WEBHOOK, now=NOW) for one in events[start : start + 100]
            ]
            store_rows(organization=bulk, rows=rows, now=NOW, total=total)
    assert records(bulk) == records(acme)
    assert (total.stored, total.known) == (300, 60)


@pytest.mark.usefixtures("ledger_transactions")
def test_events_sent_four_times_at_once_are_stored_once(together: Callable[..., list[Any]]) -> None:
    own = organization()
    events = [event(charge(id=f"ch_{number}"), created=T0 + number) for number in range(10)]

    def send(sender: int) -> list[int]:
        return [one.stored for one in take(own, *events, now=NOW + timedelta(seconds=sender))]

    results = together(send, list(range(4)))
    assert all(isinstance(result, list) for result in results), results
    assert [sum(one) for one in zip(*results, strict=True)] == [1] * 10
    assert (ProviderEvent.objects.count(), ProviderRecordVersion.objects.count()) == (10, 10)


@pytest.mark.usefixtures("ledger_transactions")
def test_first_events_of_one_object_at_once_miss_nothing(together: Callable[..., list[Any]]) -> None:
    own = organization()
    for number in range(8):
        states = [charge(id=f"ch_{number}", status="pending"), charge(id=f"ch_{number}"), intent(id=f"pi_{number}")]
        states.append(intent(id=f"pi_{number}", latest_charge=charge(id=f"ch_{number}", disputed=True)))
        events = [event(item, created=T0 + second) for second, item in enumerate(states)]
        results = together(lambda one: take(own, one), events)
        assert not [one for one in results if isinstance(one, Exception)]
        current = records(own)["charge", f"ch_{number}"]
        assert (current["status"], current["detail"].get("disputed")) == ("succeeded", True)
