"""The endpoint under bodies that somebody with the secret could send."""

import json
import random
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from billing.models import Organization, ProviderEvent

from .provider_facts import organization, records
from .signing import SECRET, deliver
from .stripe_facts import charge, event


@pytest.fixture
def acme(db: None, settings: LazySettings) -> Organization:
    settings.STRIPE_WEBHOOK_SECRETS = {"acme": [SECRET]}
    return organization()


def test_text_that_one_database_refuses_is_stored_on_both(acme: Organization) -> None:
    body = rb'{"id": "evt_1", "object": "event", "type": "charge.updated", "created": 1767225600, "livemode": false,'
    body += rb' "data": {"object": {"id": "ch_1", "object": "charge", "amount": 100, "currency": "eur",'
    body += rb' "created": 1767225600, "status": "succeeded", "customer": "a\u0000b\ud800c", "n": 1.0,'
    body += b' "x": ' + b"9" * 4000 + b"}}}"
    assert deliver(body).status_code == 200
    assert records(acme)["charge", "ch_1"]["customer"] == "a\ufffdb\ufffdc"
    assert deliver(body).json()["data"]["stored"] is False


ODD: list[Any] = [
    *(None, True, -1, 0, 10**30, 1.5, 1e300, "", "10.00", "1,000", "NaN", "\x00", "\ud800", "x" * 300, "１０"),
    *([], {}, [[]], {"object": "charge"}, {"id": {"id": "ch_1"}}, [None, {"object": "refund"}]),
    *({"data": [charge()]}, {"object": "list", "data": "no"}, charge(), event(charge())),
]


def hostile_bodies(count: int, seed: int) -> list[bytes]:
    """Bodies somebody with the secret could send: odd values anywhere, cut, bit-flipped, deeply nested, not JSON."""
    rng = random.Random(seed)
    bodies = []
    for _ in range(count):
        whole: Any = event(charge(refunds={"object": "list", "data": []}), id=f"evt_{rng.randrange(10**9)}")
        for _ in range(rng.randrange(1, 4)):
            place = rng.choice([whole, whole["data"]["object"] if isinstance(whole.get("data"), dict) else whole])
            if isinstance(place, dict):
                place[rng.choice([*place, "latest_charge", "charges", "source", "payment_intent"])] = rng.choice(ODD)
            if not (isinstance(whole.get("data"), dict) and isinstance(whole["data"].get("object"), dict)):
                break
        text = json.dumps(whole)
        kind = rng.randrange(8)
        if kind == 0:
            text = text[: rng.randrange(len(text))]
        elif kind == 1:
            text = text.replace("1200", rng.choice(["NaN", "1e999", "-Infinity", "9" * 5000, "1E2", "0x10"]), 1)
        elif kind == 2:
            depth = rng.choice([50, 200, 5_000])
            text = text.replace('"cus_1"', "[" * depth + "]" * depth, 1)
        bodies.append(text.encode())
    return bodies


def answers_to(bodies: list[bytes]) -> dict[int, int]:
    """How often each status was answered."""
    client = Client(raise_request_exception=False)
    counts: dict[int, int] = {}
    for body in bodies:
        response = deliver(body, client=client)
        counts[response.status_code] = counts.get(response.status_code, 0) + 1
        if response.status_code == 200:
            assert ProviderEvent.objects.filter(event_id=response.json()["data"]["event_id"]).exists()
    return counts


def test_no_hostile_body_breaks_the_endpoint(acme: Organization) -> None:
    counts = answers_to(hostile_bodies(400, seed=3))
    assert set(counts) == {200, 400}, counts


@pytest.mark.trust
def test_none_of_ten_thousand_hostile_bodies_breaks_the_endpoint(acme: Organization) -> None:
    counts = answers_to(hostile_bodies(10_000, seed=4))
    assert set(counts) == {200, 400}, counts


def test_bytes_that_are_no_text_are_refused(acme: Organization) -> None:
    for body in (b"\xff\xfe{}", bytes(range(256)), b"\x00" * 100):
        response = deliver(body, "t=1,v1=" + "0" * 64)
        assert response.status_code == 400
