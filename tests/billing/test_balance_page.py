"""The page of a balance: days that add up from left to right, from the text of the page itself."""

import re
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from billing.admin.balance_chart import balance_line, places
from tests.people import browser, person
from tests.reconciliation.payout_books import PayoutBooks

pytestmark = pytest.mark.django_db
OCTOBER = {"first": "2026-10-01", "last": "2026-10-31"}


@pytest.fixture
def books() -> PayoutBooks:
    return PayoutBooks()


@pytest.fixture
def client(books: PayoutBooks) -> Client:
    return browser(person("Auditor", books.organization))


def page(client: Client, **asked: str) -> str:
    response = client.get(reverse("admin:billing_balance"), {**OCTOBER, **asked})
    assert response.status_code == 200
    return response.content.decode()


def rows(text: str) -> list[list[int]]:
    return [[int(minor) for minor in found.split()] for found in re.findall(r'<tr data-minor="([^"]*)"', text)]


def test_every_row_adds_up_and_opens_where_the_one_before_closed(books: PayoutBooks, client: Client) -> None:
    books.line("txn_old", 5_000)
    books.sent()
    books.returned()
    text = page(client)
    *days, total = rows(text)
    assert len(days) == 3
    assert all(sum(row[:-1]) == row[-1] for row in [*days, total])
    assert [row[0] for row in days[1:]] == [row[-1] for row in days[:-1]]
    assert total[-1] == days[-1][-1] == 14_500
    assert "✓ Opening + activity − payouts = closing" in text


def test_a_gap_is_told_in_words(books: PayoutBooks, client: Client) -> None:
    books.sent()
    books.payout("po_1", 9_000)
    text = page(client)
    assert "verdict-gap" in text
    assert "po_1 says 90.00 EUR was sent, the statement says 95.00 EUR." in text


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        ("yesterday", "2026-10-31", "A day is written as 2026-11-01."),
        ("2026-10-31", "2026-10-01", "The first day is after the last one."),
        ("2020-01-01", "2026-10-01", "Ask for 400 days at most."),
        ("9999-12-01", "9999-12-31", "Choose a day between 2000 and 2199."),
        ("0001-01-01", "0001-01-05", "Choose a day between 2000 and 2199."),
    ],
)
def test_days_that_cannot_be_used_are_told(client: Client, first: str, last: str, told: str) -> None:
    assert told in page(client, first=first, last=last)


def test_without_lines_the_page_says_what_to_do(client: Client) -> None:
    assert "manage.py ingest_statements --organization acme" in page(client)


def test_somebody_elses_balance_does_not_exist(client: Client) -> None:
    other = PayoutBooks("other")
    for asked in (str(other.organization.pk), "99999999", "x"):
        assert client.get(reverse("admin:billing_balance"), {"organization": asked}).status_code == 404


def test_without_a_role_there_is_no_balance(books: PayoutBooks) -> None:
    user = person("Operator", books.organization)
    user.groups.clear()
    assert browser(user).get(reverse("admin:billing_balance")).status_code == 403


def test_the_line_holds_zero_and_stays_inside() -> None:
    points, zero = places([100, -50, 20])
    assert (min(y for _x, y in points), max(y for _x, y in points)) == (12.0, 130.0)
    assert points[0][1] < zero < points[1][1]
    drawn = balance_line([(date(2026, 10, 1), 0)], "EUR")
    assert "nan" not in drawn
    assert "2026-10-01" in drawn
