"""The endpoint for Stripe's deliveries."""

from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.db import OperationalError
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


def test_every_refusal_has_a_code() -> None:
    kinds: list[type[WebhookRefused]] = [WebhookRefused, *WebhookRefused.__subclasses__()]
    codes = {one.code for one in kinds}
    assert codes == {"signature_invalid", "timestamp_out_of_range", "body_invalid"}
