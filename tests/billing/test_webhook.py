"""The endpoint for Stripe's deliveries."""

import json
import random
import sqlite3
import threading
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.db import OperationalError, connection
from django.test import Client

from billing.models import Organization, ProviderEvent
from billing.stripe_client import WebhookRefused

from .provider_facts import NOW, organization, records
from .signing import SECRET, body_of, deliver, signature
from .stripe_facts import Json, charge, event


@pytest.fixture
def acme(db: None, settings: LazySettings) -> Organization:
    settings.STRIPE_WEBHOOK_SECRETS = {"acme": ["whsec_before", SECRET], "other": ["whsec_other"]}
    return organization(stripe_account="acct_own")


def code(response: Any) -> str:
    return str(response.json()["error"]["code"])


def test_a_signed_event_is_stored_and_answered(acme: Organization) -> None:
    response = deliver(body_of(event(charge(), id="evt_1")))
    assert response.status_code == 200
    assert response.json() == {
        "data": {"event_id": "evt_1", "stored": True, "records_created": 1, "records_changed": 0, "problems": []},
        "meta": {"request_id": response["X-Request-ID"]},
    }
    assert len(response["X-Request-ID"]) >= 8
    assert ProviderEvent.objects.get().source == "webhook"
    assert records(acme)["charge", "ch_1"]["amount_minor"] == 1200


def test_a_redelivery_is_answered_and_not_stored_again(acme: Organization) -> None:
    body = body_of(event(charge()))
    assert [deliver(body).json()["data"]["stored"] for _ in range(3)] == [True, False, False]
    assert ProviderEvent.objects.count() == 1


def test_an_event_of_an_unknown_type_is_stored(acme: Organization) -> None:
    response = deliver(body_of(event({"id": "x", "object": "x"}, "x.y")))
    assert (response.status_code, ProviderEvent.objects.count()) == (200, 1)


def test_an_event_whose_object_makes_no_sense_is_stored_and_says_so(acme: Organization) -> None:
    response = deliver(body_of(event(charge(amount="many"))))
    assert response.status_code == 200
    assert "“amount”" in response.json()["data"]["problems"][0]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"livemode": True}, "livemode_mismatch"),
        ({"account": "acct_other"}, "account_mismatch"),
        ({"object": "list"}, "body_invalid"),
        ({"data": {}}, "body_invalid"),
    ],
)
def test_an_event_that_is_not_for_this_organization_is_refused(acme: Organization, fields: Json, expected: str) -> None:
    response = deliver(body_of(event(charge(), **fields)))
    assert (response.status_code, code(response)) == (400, expected)
    assert ProviderEvent.objects.count() == 0


def test_a_live_organization_refuses_test_events(acme: Organization) -> None:
    Organization.objects.update(livemode=True)
    assert code(deliver(body_of(event(charge())))) == "livemode_mismatch"
    assert deliver(body_of(event(charge(livemode=True), livemode=True))).status_code == 200


@pytest.mark.parametrize(("apart", "status"), [(-301, 400), (-290, 200), (290, 200), (301, 400)])
def test_the_clock_may_be_five_minutes_apart(acme: Organization, apart: int, status: int) -> None:
    body = body_of(event(charge()))
    with time_machine.travel(NOW, tick=False):
        response = deliver(body, signature(body, at=NOW.timestamp() + apart))
    assert response.status_code == status
    if status == 400:
        assert code(response) == "timestamp_out_of_range"


def test_an_unsigned_or_wrongly_signed_delivery_is_refused(acme: Organization) -> None:
    body = body_of(event(charge()))
    for header in ("", "t=1,v1=0", signature(body, secret="whsec_other")):
        response = deliver(body, header)
        assert (response.status_code, code(response)) == (400, "signature_invalid")
        assert response.json()["error"]["request_id"] == response["X-Request-ID"]
    assert ProviderEvent.objects.count() == 0


def test_an_organization_without_a_secret_accepts_nothing(acme: Organization) -> None:
    organization("bare")
    body = body_of(event(charge()))
    assert code(deliver(body, to="bare")) == "signature_invalid"


def test_an_unknown_organization_is_not_found_whatever_the_signature(acme: Organization) -> None:
    body = body_of(event(charge()))
    answers = [deliver(body, header, to="nobody") for header in ("", signature(body))]
    assert [one.status_code for one in answers] == [404, 404]
    assert len({code(one) for one in answers}) == 1


def test_a_body_above_one_mebibyte_is_too_large(acme: Organization) -> None:
    near = body_of(event(charge(description="x" * (1024 * 1024 - 5_000))))
    assert deliver(near).status_code == 200
    over = body_of(event(charge(description="x" * (1024 * 1024))))
    response = deliver(over)
    assert (response.status_code, code(response)) == (413, "body_too_large")


def test_only_post_is_answered(acme: Organization) -> None:
    assert Client().get("/api/v1/billing/webhooks/stripe/acme").status_code == 405


def test_no_csrf_token_is_asked_for(acme: Organization) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert deliver(body_of(event(charge())), client=strict).status_code == 200


def test_a_busy_database_is_a_503_that_says_when_to_come_back(
    acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(**_: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("billing.api.webhooks.record_event", locked)
    response = deliver(body_of(event(charge())), client=Client(raise_request_exception=False))
    assert (response.status_code, code(response)) == (503, "busy")
    assert int(response["Retry-After"]) > 0


@pytest.mark.usefixtures("ledger_transactions")
def test_a_really_locked_database_is_a_503_and_the_next_delivery_is_stored(settings: LazySettings) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL locks rows, not the database")
    settings.STRIPE_WEBHOOK_SECRETS = {"acme": [SECRET]}
    organization()
    body = body_of(event(charge()))
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 100")
    name = str(connection.settings_dict["NAME"])
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        other = sqlite3.connect(name, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        held.set()
        release.wait(30)
        other.execute("ROLLBACK")
        other.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    try:
        refused = deliver(body, client=Client(raise_request_exception=False))
    finally:
        release.set()
        thread.join()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 20000")
    assert refused.status_code == 503
    assert deliver(body).json()["data"]["stored"] is True


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


def test_every_refusal_has_a_code() -> None:
    kinds: list[type[WebhookRefused]] = [WebhookRefused, *WebhookRefused.__subclasses__()]
    codes = {one.code for one in kinds}
    assert codes == {"signature_invalid", "timestamp_out_of_range", "body_invalid"}
