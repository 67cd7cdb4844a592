"""What a person sees when an address is wrong or something is not allowed."""

import pytest
from django.template.loader import render_to_string
from django.test import Client

from tests.people import browser, person


def test_a_wrong_address_is_told_with_the_request_id(db: None) -> None:
    response = Client().get("/nowhere")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()
    assert response["X-Request-ID"] in response.content.decode()


def test_what_is_not_allowed_says_whom_to_ask(db: None) -> None:
    response = browser(person("Auditor")).get("/admin/auth/user/")
    assert response.status_code == 403
    assert "Ask an owner" in response.content.decode()


@pytest.mark.parametrize("page", ["403.html", "404.html", "500.html"])
def test_an_error_page_needs_nothing_from_the_request(page: str) -> None:
    assert "Back to Today" in render_to_string(page)


@pytest.mark.urls("tests.config.urls_that_fail")
def test_a_failure_of_ours_is_told_with_the_request_id(db: None) -> None:
    response = Client(raise_request_exception=False).get("/test/crash")
    assert response.status_code == 500
    assert response["X-Request-ID"] in response.content.decode()
    assert "hunter2" not in response.content.decode()
