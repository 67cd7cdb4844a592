"""The page of a discrepancy: sums that add up, fields, candidates, links, history."""

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from reconciliation.admin.compared import compared_fields, without_amounts
from reconciliation.core import findings
from reconciliation.models import ReconciliationDiscrepancy
from tests.people import browser, person
from tests.reconciliation.admin.desk_books import books_with_everything
from tests.reconciliation.books import Books


@pytest.fixture(scope="module")
def books(rows_of_module: None) -> Books:
    books = books_with_everything()
    books.run()
    return books


@pytest.fixture
def operator(db: None, books: Books) -> Client:
    return browser(person("Operator", books.organization))


def page(client: Client, row: ReconciliationDiscrepancy) -> Any:
    return client.get(reverse("admin:reconciliation_reconciliationdiscrepancy_change", args=[row.pk]))


def minors(response: Any) -> list[int]:
    return [int(number) for number in re.findall(r'data-minor="(-?\d+)"', response.content.decode())]


def test_every_type_of_discrepancy_has_a_page(books: Books, operator: Client) -> None:
    rows = list(ReconciliationDiscrepancy.objects.all())
    assert {row.type for row in rows} == set(findings.TYPES)
    for row in rows:
        assert page(operator, row).status_code == 200


def test_each_sum_adds_up_from_the_page_itself(books: Books, operator: Client) -> None:
    summed = 0
    for row in ReconciliationDiscrepancy.objects.exclude(difference_minor=None):
        ours, theirs, difference, *parts, rest = minors(page(operator, row))
        assert theirs - ours == difference
        assert difference - sum(parts) == rest
        summed += 1
    assert summed >= 5


def test_money_that_never_moved_counts_as_nothing_in_the_sum(books: Books, operator: Client) -> None:
    row = ReconciliationDiscrepancy.objects.get(reason_code="missing.no_money_moved")
    assert minors(page(operator, row)) == [0, 0, 0, 0]


def test_a_fee_that_explains_everything_leaves_no_rest(books: Books, operator: Client) -> None:
    row = ReconciliationDiscrepancy.objects.get(reason_code="amount.fee_deducted")
    assert minors(page(operator, row)) == [2000, 1950, -50, -50, 0]


def test_the_field_that_differs_comes_first_and_is_marked(books: Books, operator: Client) -> None:
    response = page(operator, books.only(findings.STATUS))
    assert [(field.name, field.mark) for field in response.context["loud"]] == [("Status", "≠")]
    assert response.context["agreeing"] >= 4


def test_candidates_stand_side_by_side(books: Books, operator: Client) -> None:
    response = page(operator, books.only(findings.AMBIGUOUS))
    assert response.context["candidates"]["names"] == ["ch_this", "ch_that"]
    amounts = next(row for row in response.context["candidates"]["rows"] if row["name"] == "Amount")
    assert [cell.mark for cell in amounts["cells"]] == ["=", "="]


def test_links_lead_to_the_payment_the_record_and_the_result(books: Books, operator: Client) -> None:
    links = page(operator, books.only(findings.STATUS)).context["links"]
    assert len(links) == 4
    for text, url in links:
        assert operator.get(url).status_code == 200, text


def test_the_history_tells_what_a_run_did(books: Books, operator: Client) -> None:
    books.charged("ch_declined", 5000, customer="cus_5")
    books.run()
    row = books.only(findings.STATUS)
    steps = page(operator, row).context["history"]
    assert [step["what"] for step in steps] == ["Cleared", "Opened"]
    assert "Open → Resolved" in steps[0]["change"]
    assert steps[0]["reason"] == "A run no longer found it."


def test_the_queue_shows_what_is_not_resolved_major_first(books: Books, operator: Client) -> None:
    books.charged("ch_declined", 5000, customer="cus_5")
    books.run()
    url = reverse("admin:reconciliation_reconciliationdiscrepancy_changelist")
    rows = operator.get(url).context["cl"].result_list
    assert "resolved" not in {row.status for row in rows}
    assert [row.severity for row in rows] == sorted(row.severity for row in rows)
    assert {row.status for row in operator.get(url, {"status": "resolved"}).context["cl"].result_list} == {"resolved"}


def test_active_filters_are_chips_that_can_be_removed(books: Books, operator: Client) -> None:
    url = reverse("admin:reconciliation_reconciliationdiscrepancy_changelist")
    response = operator.get(url, {"type": findings.AMOUNT, "severity": "minor"})
    assert [chip["text"] for chip in response.context["cl"].chips()] == ["type: Amount differs", "severity: minor"]
    assert response.context["cl"].chips()[0]["without"] == "?severity=minor"
    assert {row.type for row in response.context["cl"].result_list} == {findings.AMOUNT}


def test_a_search_that_is_taken_back_leaves_the_queue_chosen(books: Books, operator: Client) -> None:
    url = reverse("admin:reconciliation_reconciliationdiscrepancy_changelist")
    chips = operator.get(url, {"q": "ch_less", "queue": "all"}).context["cl"].chips()
    assert [chip["without"] for chip in chips if chip["text"] == "Id: ch_less"] == ["?queue=all"]


def test_a_period_means_days_of_the_organization(books: Books, operator: Client) -> None:
    url = reverse("admin:reconciliation_reconciliationdiscrepancy_changelist")
    everything = {"occurred_at_from": "2026-10-10", "occurred_at_to": "2026-10-10"}
    assert len(operator.get(url, everything).context["cl"].result_list) == len(
        operator.get(url).context["cl"].result_list
    )
    assert len(operator.get(url, {"occurred_at_to": "2026-10-09"}).context["cl"].result_list) == 0


def test_a_decision_by_hand_stands_on_the_page_until_a_run_follows_it(books: Books, operator: Client) -> None:
    row = books.only(findings.AMBIGUOUS)
    assert "Decided by hand" not in page(operator, row).content.decode()
    step = reverse("admin:reconciliation_reconciliationdiscrepancy_step_match", args=[row.pk])
    given = {"other": "ch_that", "reason": "they told us", "version": str(row.version), "_form_submitted": "True"}
    assert operator.post(step, given)["HX-Refresh"] == "true"
    shown = page(operator, row).content.decode()
    assert re.search(r"Decided by hand.*ch_that: belong together", shown)
    assert "The next run follows it." in shown


def test_money_given_back_is_not_compared_with_the_amount_of_the_invoice() -> None:
    own = {"currency": "EUR", "occurred_at": 0, "party": "", "own": "INV-1", "invoice": "", "key": ""}
    left, right = {**own, "amount_minor": 9_000}, {**own, "amount_minor": -9_000}
    fields = compared_fields(left, right, ZoneInfo("UTC"), timedelta(days=3), "statements")
    assert fields[0].state == "differs"
    amount = next(field for field in without_amounts(fields) if field.name == "Amount")
    assert (amount.state, str(amount.note)) == ("one-sided", "not compared")
