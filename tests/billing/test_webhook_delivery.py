"""A delivery answered 2xx is stored, once: many senders, and a server that is killed again and again."""

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from billing import observations
from billing.events import record_event
from billing.models import Organization, ProviderEvent, ProviderRecordVersion

from .provider_facts import NOW, organization, records
from .signing import body_of
from .stripe_facts import T0, Json, charge, event
from .webhook_server import Server

pytestmark = pytest.mark.usefixtures("ledger_transactions")
SENDERS = 8


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path)
    running.start()
    yield running
    running.kill()


class Delivery:
    """Deliveries of events by eight senders; one that got no answer is sent again, as Stripe does."""

    def __init__(self, server: Server, events: list[Json], rng: random.Random) -> None:
        queue = [one for one in events for _ in range(rng.randrange(1, 4))]
        rng.shuffle(queue)
        self.server, self.queue = server, deque((one["id"], body_of(one)) for one in queue)
        self.total, self.statuses, self.acknowledged = len(queue), Counter[int | None](), set[str]()

    def send(self) -> None:
        while True:
            try:
                name, body = self.queue.popleft()
            except IndexError:
                return
            status = self.server.deliver(body)
            self.statuses[status] += 1
            if status is None:
                self.queue.append((name, body))
                time.sleep(0.02)
            elif status == 200:
                self.acknowledged.add(name)

    def run(self, kills: int) -> None:
        """Deliver all of it, killing the server `kills` times on the way, evenly spread."""
        threads = [threading.Thread(target=self.send) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        for number in range(1, kills + 1):
            while sum(self.statuses.values()) < self.total * number / (kills + 1) and self.queue:
                time.sleep(0.005)
            self.server.kill()
            self.server.start()
        for thread in threads:
            thread.join(timeout=1_800)
        assert not any(thread.is_alive() for thread in threads)


def delivered_and_killed(server: Server, *, count: int, kills: int, seed: int) -> None:
    own, rng = organization(), random.Random(seed)
    events = [
        event(charge(id=f"ch_{number // 3}", disputed=number % 3 == 2), created=T0 + number % 3, id=f"evt_d{number}")
        for number in range(count)
    ]
    delivery = Delivery(server, events, rng)
    delivery.run(kills)
    assert set(delivery.statuses) <= {200, None}, f"seed {seed}: {delivery.statuses} {server.log.read_text()[-3000:]}"
    stored = Counter(ProviderEvent.objects.values_list("event_id", flat=True))
    assert delivery.acknowledged <= stored.keys()
    assert stored == Counter(one["id"] for one in events), f"seed {seed}"
    assert kills == 0 or delivery.statuses[None] > 0, "no delivery was under way when the server was killed"
    found = records(own)
    assert len(found) == -(-count // 3)
    assert all(found["charge", f"ch_{number}"]["detail"].get("disputed") for number in range(count // 3))


def test_deliveries_to_a_server_that_is_killed_are_stored_once(server: Server) -> None:
    delivered_and_killed(server, count=120, kills=2, seed=11)


@pytest.mark.trust
def test_ten_thousand_deliveries_survive_twenty_kills(server: Server) -> None:
    delivered_and_killed(server, count=10_000, kills=20, seed=12)


def four_at_once(together: Callable[..., list[Any]], own: Organization, count: int) -> Counter[str]:
    """Each of `count` events handed in four times at the same moment; how often each is stored."""
    events = [event(charge(id=f"ch_{number}"), id=f"evt_q{number}") for number in range(count)]
    barrier = threading.Barrier(4)

    def send(_sender: int) -> int:
        stored = 0
        for one in events:
            barrier.wait(timeout=120)
            stored += record_event(organization=own, event=one, source="webhook", now=NOW).stored
        return stored

    results = together(send, [0, 1, 2, 3])
    assert all(isinstance(result, int) for result in results), results
    rows = Counter(ProviderEvent.objects.values_list("event_id", flat=True))
    assert sum(results) == sum(rows.values())
    return rows


def test_an_event_handed_in_four_times_at_once_is_stored_once(together: Callable[..., list[Any]]) -> None:
    rows = four_at_once(together, organization(), 60)
    assert set(rows.values()) == {1}
    assert ProviderRecordVersion.objects.count() == len(rows) == 60


@pytest.mark.trust
def test_five_hundred_events_four_times_at_once_are_stored_once(together: Callable[..., list[Any]]) -> None:
    rows = four_at_once(together, organization(), 500)
    assert (len(rows), set(rows.values())) == (500, {1})


def without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The unique key holds nothing together once every delivery has a digest of its own."""
    monkeypatch.setattr(observations, "_digest", lambda *_: uuid4().hex * 2)


def test_without_the_unique_key_events_would_be_stored_again(
    together: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_the_key(monkeypatch)
    rows = four_at_once(together, organization(), 20)
    assert sum(times > 1 for times in rows.values()) >= 16


@pytest.mark.trust
def test_without_the_unique_key_four_hundred_of_five_hundred_would_be_stored_again(
    together: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_the_key(monkeypatch)
    rows = four_at_once(together, organization(), 500)
    assert sum(times > 1 for times in rows.values()) >= 400
