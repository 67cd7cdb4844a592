"""The landing page: what it warns of, and what it says when there is nothing to count."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from reconciliation.models import ReconciliationRun
from tests.people import browser, person
from tests.reconciliation.admin.desk_books import CANARY, books_of_somebody_else, books_with_everything
from tests.reconciliation.books import LATER, Books


@pytest.fixture
def books(db: None) -> Books:
    return books_with_everything()


def test_nothing_of_another_organization_shows(books: Books) -> None:
    books_of_somebody_else().run()
    books.run()
    page = browser(person("Owner", books.organization)).get(reverse("admin:index"))
    assert CANARY not in page.content.decode()
    assert [run["organization"] for run in page.context["runs"]] == ["Acme"]


def test_a_late_run_is_warned_of(books: Books) -> None:
    books.run()
    user = person("Operator", books.organization)
    for hours, late in ((25, False), (27, True)):
        with time_machine.travel(LATER + timedelta(hours=hours), tick=False):
            warning = browser(user).get(reverse("admin:index")).context["runs"][0]["warning"]
        assert ("Last compared" in warning) is late


def test_a_run_that_compared_nothing_is_warned_of(db: None) -> None:
    books = Books()
    books.run()
    with time_machine.travel(LATER, tick=False):
        page = browser(person("Operator", books.organization)).get(reverse("admin:index"))
    assert "compared nothing" in page.context["runs"][0]["warning"]


def test_a_failed_run_is_warned_of(books: Books) -> None:
    books.run()
    ReconciliationRun.objects.update(status="error")
    page = browser(person("Operator", books.organization)).get(reverse("admin:index"))
    assert "It failed" in page.context["runs"][0]["warning"]


def test_an_empty_installation_says_what_to_do_next(db: None) -> None:
    page = browser(person("superuser")).get(reverse("admin:index")).content.decode()
    assert "create_organization" in page
    assert "make demo" in page


def test_an_organization_without_runs_is_told_the_next_step(books: Books) -> None:
    steps = browser(person("Operator", books.organization)).get(reverse("admin:index")).context["steps"]
    assert [command.split()[1] for _text, command in steps] == ["reconcile"]


def test_somebody_without_a_role_is_told_whom_to_ask(db: None, django_user_model: type) -> None:
    user = django_user_model.objects.create_user("new", is_staff=True)  # type: ignore[attr-defined]
    client = Client()
    client.force_login(user)
    assert "You have no role yet" in client.get(reverse("admin:index")).content.decode()


def test_the_page_takes_few_queries(books: Books) -> None:
    books.run()
    client = browser(person("Owner", books.organization))
    client.get(reverse("admin:index"))  # badges and what is told of past days are kept
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("admin:index"))
    assert len(queries) <= 30
