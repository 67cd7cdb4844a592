"""One organization chosen for all pages: it narrows, never widens, and never hides the page of a row."""

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Organization
from tests.people import browser, person
from tests.reconciliation.books import Books

pytestmark = pytest.mark.django_db
PAYMENTS = "admin:billing_payment_changelist"


def two() -> tuple[Books, Books, Client]:
    ours, theirs = Books("acme"), Books("birch")
    ours.paid("a-1")
    theirs.paid("b-1")
    return ours, theirs, browser(person("Owner", ours.organization, theirs.organization))


def shown(client: Client) -> list[str]:
    return sorted(row.external_id for row in client.get(reverse(PAYMENTS)).context["cl"].result_list)


def choose(client: Client, organization: object, back: str = "") -> str:
    return client.post(reverse("choose_organization"), {"organization": organization, "next": back})["Location"]


def test_a_choice_narrows_every_list_until_it_is_taken_back() -> None:
    ours, _theirs, client = two()
    assert shown(client) == ["a-1", "b-1"]
    assert choose(client, ours.organization.pk, reverse(PAYMENTS)) == reverse(PAYMENTS)
    assert shown(client) == ["a-1"]
    choose(client, "")
    assert shown(client) == ["a-1", "b-1"]


def test_the_page_of_a_row_opens_whichever_organization_is_chosen() -> None:
    ours, theirs, client = two()
    choose(client, ours.organization.pk)
    page = reverse("admin:billing_payment_change", args=[theirs.paid("b-1", 900).pk])
    assert client.get(page).status_code == 200


@pytest.mark.parametrize("text", ["x", "99999999999999999999", "-1"])
def test_a_choice_that_is_none_means_all(text: str) -> None:
    _ours, _theirs, client = two()
    choose(client, text)
    assert shown(client) == ["a-1", "b-1"]


def test_somebody_elses_organization_cannot_be_chosen() -> None:
    _ours, _theirs, client = two()
    choose(client, Organization.objects.create(slug="c", name="C").pk)
    assert shown(client) == ["a-1", "b-1"]


def test_a_membership_that_ended_ends_the_choice() -> None:
    ours, _theirs, client = two()
    choose(client, ours.organization.pk)
    ours.organization.memberships.all().delete()
    assert shown(client) == ["b-1"]


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_the_way_back_stays_at_the_desk(back: str) -> None:
    _ours, _theirs, client = two()
    assert choose(client, "", back) == reverse("admin:index")


def test_only_whoever_has_several_organizations_is_asked() -> None:
    ours, _theirs, client = two()
    assert 'name="organization" data-submits' in client.get(reverse(PAYMENTS)).content.decode()
    one = browser(person("Operator", ours.organization))
    assert "data-submits" not in one.get(reverse(PAYMENTS)).content.decode()
