"""Saved views: under a name, for oneself or an organization, changed by nobody else, leading to their list only."""

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from billing.models import Organization, SavedView
from billing.saved_views import filters_of
from tests.people import browser, person

pytestmark = pytest.mark.django_db
QUEUE = "admin:reconciliation_reconciliationdiscrepancy_changelist"
LIST = "reconciliation.reconciliationdiscrepancy"


@pytest.fixture
def acme() -> Organization:
    cache.clear()
    return Organization.objects.create(slug="acme", name="Acme")


def save(client: Client, **given: Any) -> Any:
    return client.post(
        reverse("saved_views"), {"do": "save", "list": LIST, "name": "Big ones", "query": "severity=major", **given}
    )


def tabs(client: Client, **query: str) -> list[tuple[str, bool]]:
    top = client.get(reverse(QUEUE), query).context["list_top"]
    return [(view["name"], view["here"]) for view in top["views"]["all"]]


def said(response: Any) -> str:
    return [str(message) for message in get_messages(response.wsgi_request)][-1]


def test_a_saved_view_is_a_tab_and_marked_while_it_is_shown(acme: Organization) -> None:
    client = browser(person("Operator", acme))
    response = save(client, query="?severity=major&after=0~t1~2&p=3")
    assert response["Location"] == f"{reverse(QUEUE)}?severity=major"
    assert tabs(client, severity="major") == [("Big ones", True)]
    assert tabs(client, severity="minor") == [("Big ones", False)]
    assert said(response) == "View “Big ones” saved."


def test_a_view_is_seen_by_its_owner_alone_until_it_is_shared(acme: Organization) -> None:
    mine, other = browser(person("Operator", acme)), browser(person("Manager", acme))
    stranger = browser(person("Owner", Organization.objects.create(slug="b", name="B")))
    save(mine)
    assert tabs(other) == []
    view = SavedView.objects.get()
    change = {"do": "change", "list": LIST, "view": view.pk, "name": "Huge", "organization": acme.pk}
    mine.post(reverse("saved_views"), change)
    cache.clear()
    assert tabs(other) == [("Huge", False)] == tabs(mine)
    assert tabs(stranger) == []


def test_only_the_owner_changes_or_removes_a_view(acme: Organization) -> None:
    mine, other = browser(person("Operator", acme)), browser(person("Manager", acme))
    save(mine, organization=acme.pk)
    view = SavedView.objects.get()
    for do in ("change", "remove"):
        refused = other.post(reverse("saved_views"), {"do": do, "list": LIST, "view": view.pk, "name": "Mine now"})
        assert said(refused) == "This view is gone, or somebody else's. Save one of your own."
    assert SavedView.objects.get().name == "Big ones"
    mine.post(reverse("saved_views"), {"do": "remove", "list": LIST, "view": view.pk})
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"name": " "}, "Give the view a name"),
        ({"name": "x" * 61}, "Give the view a name"),
        ({"name": "a\nb"}, "Give the view a name"),
        ({"query": "after=1"}, "There is no filter"),
        ({"query": "q=" + "x" * 3000}, "too long"),
        ({"organization": "999999"}, "no such organization"),
        ({"organization": "x"}, "no such organization"),
    ],
)
def test_what_cannot_be_saved_is_refused_in_words(acme: Organization, given: dict[str, str], why: str) -> None:
    response = save(browser(person("Operator", acme)), **given)
    assert response.status_code == 302
    assert why in said(response)
    assert not SavedView.objects.exists()


def test_a_name_is_used_once_a_list(acme: Organization) -> None:
    client = browser(person("Operator", acme))
    save(client)
    assert "already" in said(save(client, query="severity=minor"))
    save(client, list="billing.payment", query="kind=refund")
    assert SavedView.objects.count() == 2


@pytest.mark.parametrize("label", ["", "nonsense", "no.such", "auth.permission", "//evil.example"])
def test_a_view_leads_to_a_list_of_the_desk_and_nowhere_else(acme: Organization, label: str) -> None:
    assert save(browser(person("Operator", acme)), list=label).status_code == 404


def test_lists_that_somebody_may_not_see_have_no_views_for_them(acme: Organization) -> None:
    assert save(browser(person("Operator", acme)), list="auth.user").status_code == 403
    assert Client().post(reverse("saved_views"), {"list": LIST}).status_code == 302


def test_a_views_filters_are_addresses_of_the_list_whatever_was_sent(acme: Organization) -> None:
    client = browser(person("Operator", acme))
    response = save(client, query="severity=%22%3E%3Cscript%3E&x=//evil.example", name='"><script>alert(1)</script>')
    assert response["Location"].startswith(reverse(QUEUE) + "?severity=%22%3E%3Cscript%3E")
    assert "<script>alert(1)" not in client.get(reverse(QUEUE)).content.decode()


def test_filters_are_kept_in_one_order_without_the_place() -> None:
    assert filters_of("?b=2&a=1&after=9&before=8&p=3&empty=") == "a=1&b=2"
