"""Errors of the API have one shape wherever they arise, and carry the request's id."""

from typing import Any

import pytest
from django.test import Client

pytestmark = [pytest.mark.urls("tests.config.urls_that_fail"), pytest.mark.django_db]


@pytest.fixture
def caller() -> Client:
    return Client(raise_request_exception=False)


def error_of(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/json"
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "details", "request_id"}
    assert body["error"]["request_id"] == response.headers["X-Request-ID"]
    assert body["error"]["message"]
    assert "hunter2" not in str(body)
    return dict(body["error"])


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/api/nowhere", 404, "not_found"),
        ("/api/test/view/crash", 500, "server_error"),
        ("/api/test/view/denied", 403, "permission_denied"),
        ("/api/test/plain/crash", 500, "server_error"),
        ("/api/test/plain/denied", 403, "permission_denied"),
        ("/api/test/closed", 403, "not_authenticated"),
    ],
)
def test_an_error_names_its_code_and_the_request(caller: Client, address: str, status: int, code: str) -> None:
    assert error_of(caller.get(address), status)["code"] == code


def test_a_method_nobody_answers_is_a_405(caller: Client) -> None:
    assert error_of(caller.delete("/api/test/view/crash"), 405)["code"] == "method_not_allowed"


def test_faulty_fields_are_told_one_by_one(caller: Client) -> None:
    body = {"currency": "EURO", "parts": [1, "x"]}
    error = error_of(caller.post("/api/test/view/x", body, content_type="application/json"), 400)
    assert error["code"] == "invalid"
    assert [(detail["field"], detail["code"]) for detail in error["details"]] == [
        ("currency", "max_length"),
        ("parts.1", "invalid"),
    ]


def test_a_body_that_is_no_json_is_a_400(caller: Client) -> None:
    error = error_of(caller.post("/api/test/view/x", b"{", content_type="application/json"), 400)
    assert error["code"] == "parse_error"


def test_a_refused_host_name_is_a_400(caller: Client) -> None:
    assert error_of(caller.get("/api/nowhere", headers={"host": "evil.example.com"}), 400)["code"] == "bad_request"


def test_a_missing_csrf_token_is_a_403(caller: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert error_of(strict.post("/api/test/plain/denied"), 403)["code"] == "csrf_failed"


@pytest.mark.parametrize(("address", "status"), [("/nowhere", 404), ("/test/crash", 500)])
def test_outside_the_api_errors_stay_pages(caller: Client, address: str, status: int) -> None:
    response = caller.get(address)
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("text/html")
    assert response.headers["X-Request-ID"]


def test_errors_speak_the_callers_language(caller: Client, settings: Any) -> None:
    assert error_of(caller.get("/api/test/closed", headers={"accept-language": "fr"}), 403)["message"] == (
        "Informations d'authentification non fournies."
    )
