"""Guessing passwords is slow, however many guess at once and whatever address they claim."""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import hashers
from django.test import Client, RequestFactory
from django.utils import timezone

from config.login import forms
from config.login.lockout import client_address
from tests.people import PASSWORD, browser, person

LOGIN = "/admin/login/"
LIMIT = 5


def attempt(name: str, password: str, **headers: Any) -> int:
    return Client().post(LOGIN, {"username": name, "password": password}, **headers).status_code


@pytest.fixture
def guesses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password that was really compared with a stored one."""
    compared: list[str] = []
    verify = hashers.MD5PasswordHasher.verify

    def counted(self: Any, password: str, encoded: str) -> bool:
        compared.append(password)
        threading.Event().wait(0.02)  # as a real hash takes its time, so that attempts overlap
        return verify(self, password, encoded)

    monkeypatch.setattr(hashers.MD5PasswordHasher, "verify", counted)
    return compared


@pytest.mark.django_db
def test_after_five_wrong_passwords_the_right_one_is_refused_too(guesses: list[str]) -> None:
    person("Operator")
    answers = [attempt("operator", "wrong") for _each in range(LIMIT)]
    assert answers == [200] * (LIMIT - 1) + [429]
    answer = Client().post(LOGIN, {"username": "operator", "password": PASSWORD})
    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    assert "closed for 15 minutes" in answer.content.decode()
    assert guesses == ["wrong"] * LIMIT


@pytest.mark.django_db
def test_a_locked_name_opens_by_itself_and_waiting_is_not_prolonged_by_trying() -> None:
    person("Operator")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _each in range(LIMIT):
            attempt("operator", "wrong")
        clock.shift(timedelta(minutes=10))
        assert attempt("operator", PASSWORD) == 429
        clock.shift(timedelta(minutes=6))
        assert attempt("operator", PASSWORD) == 302


@pytest.mark.django_db
def test_spoofed_forwarding_headers_and_other_browsers_do_not_help(guesses: list[str]) -> None:
    person("Operator")
    for number in range(20):
        spoofed = {
            "HTTP_X_FORWARDED_FOR": f"203.0.113.{number}, 10.0.0.{number}",
            "HTTP_X_REAL_IP": f"198.51.100.{number}",
            "HTTP_FORWARDED": f"for=192.0.2.{number}",
            "HTTP_USER_AGENT": f"browser {number}",
        }
        attempt("operator", "wrong", **spoofed)
    assert len(guesses) == LIMIT


@pytest.mark.django_db
def test_one_address_that_tries_many_names_is_locked(guesses: list[str]) -> None:
    answers = [attempt(f"name-{number}", "wrong") for number in range(40)]
    assert answers.index(429) == 5 * LIMIT - 1
    assert set(answers[5 * LIMIT :]) == {429}


@pytest.mark.django_db
def test_another_name_at_the_same_office_still_signs_in() -> None:
    person("Operator")
    person("Manager")
    for _each in range(LIMIT):
        attempt("operator", "wrong")
    assert attempt("manager", PASSWORD) == 302


def simultaneous(together: Callable[..., list[Any]], attempts: int) -> list[int]:
    return together(lambda number: attempt("operator", f"guess {number}"), list(range(attempts)))


def test_simultaneous_guesses_never_pass_the_limit(
    ledger_transactions: None, together: Callable[..., list[Any]], guesses: list[str]
) -> None:
    person("Operator")
    answers = simultaneous(together, 24)
    assert len(guesses) == LIMIT
    assert set(answers) <= {200, 429}


@pytest.mark.trust
def test_two_hundred_simultaneous_guesses_never_pass_the_limit(
    ledger_transactions: None, together: Callable[..., list[Any]], guesses: list[str]
) -> None:
    person("Operator")
    answers = [each for _round in range(5) for each in simultaneous(together, 40)]
    assert len(guesses) == LIMIT
    assert set(answers) <= {200, 429}


def test_without_waiting_for_each_other_they_would(
    ledger_transactions: None,
    together: Callable[..., list[Any]],
    guesses: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forms, "one_at_a_time", lambda *_names: nullcontext())
    person("Operator")
    simultaneous(together, 24)
    assert len(guesses) > LIMIT


@pytest.mark.parametrize(
    ("proxies", "written", "expected"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (2, "203.0.113.9, 198.51.100.7, 10.0.0.1", "198.51.100.7"),
        (2, "198.51.100.7", "198.51.100.7"),
        (1, "", "192.0.2.1"),
    ],
)
def test_only_what_our_own_proxies_wrote_is_believed(settings: Any, proxies: int, written: str, expected: str) -> None:
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": proxies}
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=written)
    assert client_address(request) == expected


@pytest.mark.django_db
def test_a_superuser_sees_failed_logins_and_unlocks_a_name() -> None:
    person("Operator")
    for _each in range(LIMIT):
        attempt("operator", "wrong")
    admin = browser(person("superuser"))
    page = admin.get("/admin/axes/accessattempt/")
    assert "operator" in page.content.decode()
    rows = [str(row.pk) for row in page.context["cl"].result_list]
    admin.post("/admin/axes/accessattempt/", {"action": "unlock", "_selected_action": rows})
    assert attempt("operator", PASSWORD) == 302
