"""Closing thresholds: owners set them for their own organizations, in the currency's digits, and the log tells."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reconciliation import action_log
from reconciliation.models import ClosingThreshold, ReconciliationActionLog
from tests.people import ROLES, browser, person
from tests.reconciliation.books import Books

LIST = "admin:reconciliation_closingthreshold_changelist"
ADD = "admin:reconciliation_closingthreshold_add"
CHANGE = "admin:reconciliation_closingthreshold_change"


@pytest.fixture
def books(db: None) -> Books:
    return Books()


@pytest.fixture
def owner(books: Books) -> Client:
    return browser(person("Owner", books.organization))


def add(client: Client, books: Books, currency: str, limit: str) -> Any:
    given = {"organization": books.organization.pk, "currency": currency, "limit": limit}
    return client.post(reverse(ADD), given)


def logged() -> list[tuple[str, Any, Any]]:
    entries = ReconciliationActionLog.objects.filter(action="threshold_set").order_by("pk")
    return [(entry.actor, entry.before["closing_limit_minor"], entry.after["closing_limit_minor"]) for entry in entries]


@pytest.mark.parametrize(
    ("currency", "limit", "minor"), [("EUR", "10.50", 1050), ("jpy", "500", 500), ("KWD", "1.234", 1234)]
)
def test_a_limit_is_an_amount_of_its_currency(
    owner: Client, books: Books, currency: str, limit: str, minor: int
) -> None:
    assert add(owner, books, currency, limit).status_code == 302
    row = ClosingThreshold.objects.get()
    assert (row.currency, row.limit_minor) == (currency.upper(), minor)


@pytest.mark.parametrize(
    ("currency", "limit", "message"),
    [
        ("EUR", "10.501", "10.501"),
        ("EUR", "-1", "0 or more"),
        ("EUR", "ten", "ten"),
        ("JPY", "1.5", "1.5"),
        ("EURO", "1", ""),
        ("XXQ", "1", "XXQ"),
    ],
)
def test_what_is_no_amount_is_refused_with_what_was_typed(
    owner: Client, books: Books, currency: str, limit: str, message: str
) -> None:
    response = add(owner, books, currency, limit)
    assert response.status_code == 200
    assert message in str(response.context["errors"])
    assert not ClosingThreshold.objects.exists()


def test_every_change_is_on_record(owner: Client, books: Books) -> None:
    add(owner, books, "EUR", "10")
    row = ClosingThreshold.objects.get()
    owner.post(reverse(CHANGE, args=[row.pk]), {"limit": "20"})
    owner.post(reverse(CHANGE, args=[row.pk]), {"limit": "20"})
    owner.post(reverse("admin:reconciliation_closingthreshold_delete", args=[row.pk]), {"post": "yes"})
    assert logged() == [("user:owner", None, 1000), ("user:owner", 1000, 2000), ("user:owner", 2000, None)]
    assert not ClosingThreshold.objects.exists()
    assert action_log.verify(organization=books.organization).ok
    assert owner.get(reverse("admin:reconciliation_reconciliationactionlog_changelist")).status_code == 200


def test_only_owners_set_thresholds(books: Books) -> None:
    for role in ROLES:
        if role != "Owner":
            assert add(browser(person(role, books.organization)), books, "EUR", "10").status_code == 403, role
    assert logged() == []


def test_an_owner_sets_no_threshold_of_another_organization(owner: Client, books: Books) -> None:
    others = Books("others")
    row = ClosingThreshold.objects.create(organization=others.organization, currency="EUR", limit_minor=5)
    assert add(owner, others, "USD", "10").status_code == 200
    assert owner.post(reverse(CHANGE, args=[row.pk]), {"limit": "99"}).status_code == 302
    row.refresh_from_db()
    assert row.limit_minor == 5
    assert ClosingThreshold.objects.count() == 1
    assert list(owner.get(reverse(LIST)).context["cl"].result_list) == []
