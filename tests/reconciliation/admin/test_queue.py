"""The queue: tabs whose numbers are their rows, filters, pages that lose and repeat nothing, what matches."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing.admin.keyset import Walk, page_rows
from reconciliation import open_totals, workflow
from reconciliation.admin import queue_list
from reconciliation.models import ReconciliationDiscrepancy
from tests.people import browser, person, undrawn
from tests.reconciliation.books import Books
from tests.reconciliation.workflow.cases import Desk

pytestmark = pytest.mark.django_db
URL = "admin:reconciliation_reconciliationdiscrepancy_changelist"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def made(rows_of_module: None) -> Desk:
    """A queue with something under every tab; the operator has two of its rows."""
    desk, now = Desk(), timezone.now()
    desk.person("Operator")
    soon, late = {"due_at": now + 30 * HOUR}, {"due_at": now - HOUR}
    for facts in (
        {"severity": "minor", **soon}, {"severity": "major", **soon}, {"severity": "minor", **late},
        {"severity": "major", **late},
        {"severity": "major", "due_at": now + 90 * HOUR}, {"severity": "none", **late},
        {"type": "AmbiguousMatch", "difference_minor": None, **soon},
        {"currency": "JPY", "difference_minor": 700, **soon}, {"currency": "KWD", "difference_minor": -7000, **soon},
        {"queued_at": now - timedelta(days=5), **soon}, {"assigned_to": desk.person("Operator"), **soon},
        {"assigned_to": desk.person("Operator"), **late},
    ):  # fmt: skip
        given: dict[str, Any] = {"queued_at": now, **facts}
        desk.discrepancy(**given)
    desk.discrepancy("pending_approval", queued_at=now, **soon)
    desk.discrepancy("resolved")
    return desk


@pytest.fixture
def desk(made: Desk) -> Desk:
    """That queue, with a memory of its own for whoever comes to the desk."""
    return deepcopy(made)


def rows(desk: Desk, **query: Any) -> list[ReconciliationDiscrepancy]:
    return list(undrawn(browser(desk.people["operator"]), reverse(URL), query)["cl"].result_list)


def top(desk: Desk, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = undrawn(browser(desk.people["operator"]), reverse(URL), query)["list_top"]
    return found


def test_each_tab_shows_the_number_of_rows_behind_it(desk: Desk) -> None:
    client = browser(desk.people["operator"])
    for tab in top(desk)["tabs"]:
        found = undrawn(client, reverse(URL) + tab["url"])
        assert len(found["cl"].result_list) == int(tab["count"]), tab["name"]
        assert [each["name"] for each in found["list_top"]["tabs"] if each["here"]] == [tab["name"]]
        assert found["list_top"]["matching"]["count"].startswith(tab["count"])
    assert {tab["name"]: tab["count"] for tab in top(desk)["tabs"]} | {"today": ""} == {
        "mine": "2", "unassigned": "11", "overdue": "4", "today": "", "ambiguous": "1", "approval": "1", "all": "13",
    }  # fmt: skip


def test_overdue_comes_first_then_severity_then_what_is_due_soonest(desk: Desk) -> None:
    now = timezone.now()
    keys = [(row.due_at > now, row.severity, row.due_at, row.pk) for row in rows(desk)]
    assert keys == sorted(keys)
    assert len({key[:2] for key in keys}) == 5


@pytest.mark.parametrize("at_once", [0, 1_000])
def test_pages_lose_and_repeat_nothing_forwards_and_backwards(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(queue_list, "AT_ONCE", at_once)
    monkeypatch.setattr("reconciliation.admin.discrepancies.DiscrepancyAdmin.list_per_page", 3)
    client, whole = browser(desk.people["operator"]), [row.pk for row in all_in_order(desk)]
    url, last, forward = "", "", []
    for _page in range(5):
        cl = undrawn(client, reverse(URL) + url)["cl"]
        forward.append([row.pk for row in cl.result_list])
        last, url = cl.previous_url, cl.next_url
    assert [pk for page in forward for pk in page] == whole
    assert url == ""
    backward = [forward[-1]]
    while last:
        cl = undrawn(client, reverse(URL) + last)["cl"]
        backward.insert(0, [row.pk for row in cl.result_list])
        last = cl.previous_url
    assert backward == forward


def all_in_order(desk: Desk) -> list[ReconciliationDiscrepancy]:
    now = timezone.now()
    found = ReconciliationDiscrepancy.objects.exclude(status="resolved")
    return sorted(found, key=lambda row: (row.due_at > now, row.severity, row.due_at, row.pk))


def test_a_page_is_the_same_while_rows_before_it_go(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciliation.admin.discrepancies.DiscrepancyAdmin.list_per_page", 4)
    client = browser(desk.people["operator"])
    first = undrawn(client, reverse(URL))["cl"]
    second = [row.pk for row in undrawn(client, reverse(URL) + first.next_url)["cl"].result_list]
    ReconciliationDiscrepancy.objects.filter(pk=first.result_list[1].pk).update(due_at=timezone.now() + 99 * HOUR)
    assert [row.pk for row in undrawn(client, reverse(URL) + first.next_url)["cl"].result_list] == second


@pytest.mark.parametrize("way", ["after", "before"])
def test_a_place_typed_wrong_is_the_top_of_the_list(desk: Desk, way: str) -> None:
    top_of_list = [row.pk for row in rows(desk)]
    for cursor in ("x", "9~1", "0~t1", "0~t1~99999999999999999999", "0~t99999999999999999999~1", "~"):
        assert [row.pk for row in rows(desk, **{way: cursor})] == top_of_list, cursor


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ({"who": "me"}, 2), ({"who": "nobody"}, 11), ({"who": "7777777"}, 0), ({"who": "x"}, 0),
        ({"age": "day"}, 12), ({"age": "week"}, 1), ({"age": "x"}, 0), ({"queue": "x"}, 0),
        ({"currency": "JPY"}, 1), ({"comparison": "payments"}, 13), ({"status": "resolved"}, 1),
        ({"status": "all"}, 14),
        ({"amount_from": "700"}, 1), ({"amount_from": "7", "amount_to": "7"}, 1), ({"amount_to": "0.5"}, 10),
        ({"amount_from": "0,51"}, 2), ({"amount_from": "abc"}, 0), ({"queue": "overdue", "severity": "major"}, 2),
    ],
)  # fmt: skip
def test_filters_leave_the_rows_they_name_and_tell_their_number(desk: Desk, query: dict[str, str], number: int) -> None:
    shown = undrawn(browser(desk.people["operator"]), reverse(URL), query)
    assert len(shown["cl"].result_list) == number
    assert shown["list_top"]["matching"]["count"] == f"{number} match{'es' if number == 1 else ''}"


def test_what_matches_is_summed_per_currency_and_never_across(desk: Desk) -> None:
    sums = " ".join(top(desk, queue="all")["matching"]["sums"])
    assert "700 " in sums
    assert "7.000 " in sums
    assert sums.count("amount") == 3


def test_numbers_that_totals_cannot_tell_are_counted_up_to_a_limit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_list, "MOST_COUNTED", 5)
    found = top(desk, amount_from="0.1")["matching"]
    assert (found["count"], found["sums"]) == ("5+ match", [])
    assert top(desk, severity="major")["matching"]["count"] == "10 match"


def test_filters_are_kept_when_the_page_turns_and_the_page_is_left_when_a_filter_changes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciliation.admin.discrepancies.DiscrepancyAdmin.list_per_page", 3)
    client = browser(desk.people["operator"])
    cl = client.get(reverse(URL), {"severity": "major"}).context["cl"]
    assert "severity=major" in cl.next_url
    cl = client.get(reverse(URL) + cl.next_url).context["cl"]
    assert [chip["without"] for chip in cl.chips()] == ["?"]


def test_the_queue_tells_when_it_was_compared(db: None) -> None:
    books = Books("compared")
    books.run()
    client = browser(person("Operator", books.organization, name="of-another-desk"))
    assert "R-" in client.get(reverse(URL)).context["list_top"]["compared"]
    assert Client().get(reverse(URL)).status_code == 302


def test_an_empty_queue_says_where_there_is_something_to_do(desk: Desk) -> None:
    desk.person("Manager")
    page = browser(desk.people["manager"]).get(reverse(URL), {"queue": "mine"}).content.decode()
    assert "Nothing is assigned to you" in page
    assert "11 are unassigned." in page
    filtered = browser(desk.people["manager"]).get(reverse(URL), {"queue": "mine", "severity": "none"}).content.decode()
    assert "Nothing matches" in filtered


def test_a_glance_shows_the_sum_and_keeps_to_own_organizations(desk: Desk) -> None:
    row, stranger = rows(desk)[0], person("Owner", Books("other").organization, name="stranger")
    url = reverse("admin:reconciliation_reconciliationdiscrepancy_peek", args=[row.pk])
    page = browser(desk.people["operator"]).get(url)
    assert page.status_code == 200
    assert "Unexplained" in page.content.decode()
    assert browser(stranger).get(url).status_code == 404


def test_letters_are_offered_for_what_a_role_may_do(desk: Desk) -> None:
    desk.person("Auditor")
    desk.person("Manager")
    keys = {
        who: "".join(
            step["button"].key for step in browser(desk.people[who]).get(reverse(URL)).context["list_top"]["row_steps"]
        )
        for who in ("operator", "manager", "auditor")
    }
    assert keys == {"operator": "ampni", "manager": "ampynir", "auditor": ""}


def test_a_page_of_the_queue_takes_few_queries(desk: Desk) -> None:
    client = browser(desk.people["operator"])
    for query, most in (({}, 12), ({"queue": "mine"}, 12), ({"amount_from": "1"}, 12), ({"q": "p3"}, 32)):
        client.get(reverse(URL), query)  # badges, names and views are kept for a minute
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse(URL), query)
        assert len(queries) <= most, [each["sql"] for each in queries]
        assert not [each["sql"] for each in queries if "COUNT(" in each["sql"].upper()]


def test_a_step_moves_the_row_between_the_tabs(desk: Desk) -> None:
    row = rows(desk, queue="unassigned")[0]
    operator = desk.person("Operator")
    workflow.assign(discrepancy_id=row.pk, expected_version=row.version, to=operator, by=operator, now=timezone.now())
    assert row.pk in [each.pk for each in rows(desk, queue="mine")]
    assert row.pk not in [each.pk for each in rows(desk, queue="unassigned")]
    assert open_totals.kept(desk.organization.pk) == open_totals.counted(desk.organization.pk)


def test_the_walk_asks_no_segment_after_the_page_is_full(desk: Desk, django_assert_num_queries: Any) -> None:
    class Request:
        GET: dict[str, str] = {}
        META: dict[str, Any] = {}

    with django_assert_num_queries(1):
        page_rows(ReconciliationDiscrepancy.objects.all(), Walk(queue_list.segments(Request())), None, 2)  # type: ignore[arg-type]
