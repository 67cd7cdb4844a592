"""Every answer names its request; a caller's own id is kept when it is well formed."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("given", ["a1b2c3d4", "0192f1a0-7b1e-7c3f-9f00-aaaaaaaaaaaa", "x" * 64])
def test_a_well_formed_id_is_kept(client: Client, given: str) -> None:
    assert client.get("/healthz", headers={"x-request-id": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize(
    "given", ["", "short", "x" * 65, "has blank inside", "line\nbreak-12", "ünïcödé-123", "-leading1"]
)
def test_any_other_id_is_replaced(client: Client, given: str) -> None:
    answered = client.get("/healthz", headers={"x-request-id": given}).headers["X-Request-ID"]
    assert answered != given
    assert len(answered) == 32


def test_two_requests_have_two_ids(client: Client) -> None:
    assert client.get("/healthz").headers["X-Request-ID"] != client.get("/healthz").headers["X-Request-ID"]


@pytest.mark.parametrize("address", ["/", "/nowhere", "/admin/login/", "/api/nowhere"])
def test_every_answer_has_one(client: Client, address: str) -> None:
    assert client.get(address).headers["X-Request-ID"]
