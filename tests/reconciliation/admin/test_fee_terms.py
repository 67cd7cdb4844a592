"""Fee terms: owners set them for their own organizations, in percent and in the currency's digits, on record."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reconciliation.core.fees import parse_rate, rate_text
from reconciliation.models import FeeTerms, ReconciliationActionLog
from tests.people import browser, person
from tests.reconciliation.books import Books

LIST, ADD, CHANGE, DELETE = (
    f"admin:reconciliation_feeterms_{view}" for view in ("changelist", "add", "change", "delete")
)


@pytest.fixture
def books(db: None) -> Books:
    return Books()


@pytest.fixture
def owner(books: Books) -> Client:
    return browser(person("Owner", books.organization))


def given(books: Books, **values: str) -> dict[str, Any]:
    common = {"currency": "eur", "line_type": "charge", "rate": "1.5", "fixed": "0.25", "tolerance": ""}
    return {"organization": books.organization.pk, **common, **values}


def logged() -> list[tuple[str, Any, Any]]:
    entries = ReconciliationActionLog.objects.filter(action="fee_terms_set").order_by("pk")
    return [(entry.actor, entry.before.get("rate_ppm"), entry.after.get("rate_ppm")) for entry in entries]


def test_owners_set_change_and_remove_terms_on_record(owner: Client, books: Books) -> None:
    assert owner.post(reverse(ADD), given(books)).status_code == 302
    row = FeeTerms.objects.get()
    assert (row.currency, row.line_type, row.rate_ppm, row.fixed_minor, row.tolerance_minor) == (
        "EUR", "charge", 15_000, 25, 1,
    )  # fmt: skip
    page = reverse(CHANGE, args=[row.pk])
    assert 'value="1.5"' in owner.get(page).content.decode()
    changed = {"rate": "1.4", "fixed": "0.20", "tolerance": "0.02", "currency": "USD"}  # what it is for stays
    assert owner.post(page, changed).status_code == 302
    row = FeeTerms.objects.get()
    assert (row.currency, row.rate_ppm, row.fixed_minor, row.tolerance_minor) == ("EUR", 14_000, 20, 2)
    owner.post(page, changed)  # nothing changes
    assert "1.4 %" in owner.get(reverse(LIST)).content.decode()
    assert owner.post(reverse(DELETE, args=[row.pk]), {"post": "yes"}).status_code == 302
    assert not FeeTerms.objects.exists()
    assert logged() == [("user:owner", None, 15_000), ("user:owner", 15_000, 14_000), ("user:owner", 14_000, None)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rate": "150"}, "not a percentage"),
        ({"rate": "-1"}, "not a percentage"),
        ({"rate": "1.23456"}, "not a percentage"),
        ({"fixed": "0.255"}, "0.255"),
        ({"fixed": "-1"}, "0 or more"),
        ({"tolerance": "x"}, "x"),
        ({"currency": "XXQ"}, "XXQ"),
    ],
)
def test_what_cannot_be_read_is_said_beside_its_field(
    owner: Client, books: Books, values: dict[str, str], message: str
) -> None:
    answer = owner.post(reverse(ADD), given(books, **values))
    assert (answer.status_code, FeeTerms.objects.count()) == (200, 0)
    assert message in str(answer.context["adminform"].form.errors)


def test_terms_for_the_same_lines_are_not_added_twice(owner: Client, books: Books) -> None:
    owner.post(reverse(ADD), given(books))
    assert owner.post(reverse(ADD), given(books, rate="2")).status_code == 200
    assert FeeTerms.objects.get().rate_ppm == 15_000


def test_managers_read_them_and_change_nothing_and_nobody_reaches_another_organization(
    owner: Client, books: Books
) -> None:
    owner.post(reverse(ADD), given(books))
    row, other = FeeTerms.objects.get(), Books("other")
    manager = browser(person("Manager", books.organization))
    assert manager.get(reverse(LIST)).status_code == 200
    assert manager.post(reverse(CHANGE, args=[row.pk]), {"rate": "9"}).status_code == 403
    assert manager.post(reverse(ADD), given(books, line_type="")).status_code == 403
    assert owner.post(reverse(ADD), given(other)).status_code == 200
    stranger = browser(person("Owner", other.organization, name="stranger"))
    assert stranger.post(reverse(CHANGE, args=[row.pk]), {"rate": "9"}).status_code in (302, 404)
    assert FeeTerms.objects.get().rate_ppm == 15_000


@pytest.mark.parametrize("text", ["0", "1.5", "2.9", "0.0001", "100"])
def test_a_rate_is_shown_as_it_is_read(text: str) -> None:
    parts = parse_rate(text)
    assert parts is not None
    assert rate_text(parts) == text
    assert parse_rate(f"{text}%") is None
