"""The books as they stood: figures equal the stored report, later steps do not show, nothing can be done there."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reconciliation import workflow
from reconciliation.action_log.past import types_at, types_left_by
from reconciliation.admin.as_of import items_left_by
from reconciliation.models import ReconciliationActionLog, ReconciliationDiscrepancy, ReconciliationRun
from tests.emptying import append_only_triggers_off
from tests.people import browser, person
from tests.reconciliation.admin.desk_books import CANARY, books_of_somebody_else, books_with_everything
from tests.reconciliation.books import LATER, Books

pytestmark = pytest.mark.django_db
PAGE = "/admin/as-of/"


@pytest.fixture(scope="module")
def books(rows_of_module: None) -> Books:
    books = books_with_everything()
    books.run()
    return books


@pytest.fixture
def auditor(books: Books) -> Client:
    return browser(person("Auditor", books.organization))


def moment(at: datetime | None) -> str:
    """A time as the form sends it: the organization keeps Paris' time, one hour ahead in November."""
    assert at is not None
    return (at + timedelta(minutes=60)).strftime("%Y-%m-%dT%H:%M:%S")


def just_after(run: ReconciliationRun) -> datetime:
    assert run.finished_at is not None
    return run.finished_at + timedelta(seconds=1)


def resolve_all(books: Books, at: Any) -> None:
    author, approver = (person("Manager", books.organization, name=name) for name in ("author", "approver"))
    for row in ReconciliationDiscrepancy.objects.exclude(status="resolved"):
        take(author, row, "propose", at, code="timing", reason="late")
        row.refresh_from_db()
        take(approver, row, "approve", at)


def take(by: User, row: ReconciliationDiscrepancy, name: str, at: Any, **more: Any) -> None:
    getattr(workflow, name)(discrepancy_id=row.pk, expected_version=row.version, by=by, now=at, **more)


def test_items_and_log_give_the_figures_of_the_stored_report(books: Books) -> None:
    first = ReconciliationRun.objects.get()
    books.paid("less", 1950, "ch_less", customer="cus_2")
    books.paid("new", 10, "ch_new", customer="cus_2")
    books.run(now=LATER + timedelta(hours=1))
    resolve_all(books, LATER + timedelta(hours=2))
    for run in ReconciliationRun.objects.order_by("pk"):
        assert run.report is not None
        assert items_left_by(run) == {name: count for name, count in run.report["items"].items() if count}
        assert types_left_by(run) == run.report["discrepancies"]
    assert types_left_by(first)["AmountMismatch"] == 2


def test_a_later_step_does_not_show(books: Books, auditor: Client) -> None:
    then = types_at(organization_id=books.organization.pk, comparison="payments", at=LATER + timedelta(hours=1))
    resolve_all(books, LATER + timedelta(hours=2))
    at = LATER + timedelta(hours=1)
    assert types_at(organization_id=books.organization.pk, comparison="payments", at=at) == then != {}
    row = ReconciliationDiscrepancy.objects.order_by("pk")[0]
    page = auditor.get(f"{PAGE}{row.pk}/", {"at": moment(at)}).content.decode()
    assert "Resolution proposed" not in page
    after = auditor.get(f"{PAGE}{row.pk}/", {"at": moment(at + timedelta(hours=2))}).content.decode()
    assert "Resolution proposed" in after


def test_the_page_says_that_the_figures_agree_and_offers_nothing_to_do(books: Books, auditor: Client) -> None:
    run = ReconciliationRun.objects.get()
    page = auditor.get(PAGE, {"at": moment(just_after(run))}).content.decode()
    assert "give the figures of the stored report" in page
    assert "Read-only: nothing here can be changed." in page
    main = page.split('class="desk-head"')[1]
    assert re.findall(r"<button[^>]*>(.*?)</button>", main.split("</form>")[1].split("command")[0]) == []
    assert "hx-" not in main.split("</form>")[1].split('id="modal')[0]


def test_figures_that_do_not_agree_are_told(books: Books, auditor: Client) -> None:
    run = ReconciliationRun.objects.get()
    assert run.report is not None
    run.report["discrepancies"]["AmountMismatch"] += 1
    run.save()
    assert "give other figures" in auditor.get(PAGE, {"at": moment(just_after(run))}).content.decode()


def test_before_the_first_run_there_was_nothing(books: Books, auditor: Client) -> None:
    page = auditor.get(PAGE, {"at": "2020-01-01T00:00:00"}).content.decode()
    assert "No report yet at that time" in page
    assert (
        auditor.get(f"{PAGE}{ReconciliationDiscrepancy.objects.all()[0].pk}/", {"at": "2020-01-01"}).status_code == 404
    )


@pytest.mark.parametrize(
    "given",
    [{"at": "yesterday"}, {"at": "9999-12-31T23:59:59"}, {"at": "0001-01-01"}, {"organization": "x"}, {"after": "x"}],
)
def test_odd_moments_are_refused_or_read_without_an_error(books: Books, auditor: Client, given: dict[str, str]) -> None:
    assert auditor.get(PAGE, given).status_code == 200


def test_a_number_that_no_discrepancy_can_have_is_not_found(auditor: Client) -> None:
    assert auditor.get(f"{PAGE}{10**26}/").status_code == 404


def test_nobody_looks_into_the_past_of_another_organization(books: Books, auditor: Client) -> None:
    other = books_of_somebody_else()
    other.run()
    row = ReconciliationDiscrepancy.objects.filter(organization=other.organization)[0]
    for given in ({}, {"organization": str(other.organization.pk)}):
        assert CANARY not in auditor.get(PAGE, given).content.decode()
        assert auditor.get(f"{PAGE}{row.pk}/", given).status_code == 404


def test_a_long_list_goes_on_and_asks_few_questions() -> None:
    books = Books("long", timezone="Europe/Paris")
    for number in range(60):
        books.paid(f"pay_{number}", 100, f"ch_{number}")
    books.run()
    client = browser(person("Auditor", books.organization))
    first = client.get(PAGE).context
    assert len(first["rows"]) == 50
    with CaptureQueriesContext(connection) as queries:
        assert len(client.get(first["more_url"]).context["rows"]) == 10
    assert len(queries) <= 20


def test_the_log_is_checked_on_request_and_says_how_far_it_holds(books: Books, auditor: Client) -> None:
    assert "Verified to row" not in auditor.get(PAGE).content.decode()
    rows = ReconciliationActionLog.objects.count()
    assert f"Verified to row {rows} (seal 1)" in auditor.get(PAGE, {"verify": "1"}).content.decode()


def test_a_broken_log_names_the_row(books: Books, auditor: Client) -> None:
    row = ReconciliationActionLog.objects.order_by("pk")[1]
    with append_only_triggers_off(), connection.cursor() as cursor:
        cursor.execute("UPDATE reconciliation_reconciliationactionlog SET reason = 'x' WHERE id = %s", [row.pk])
    page = auditor.get(PAGE, {"verify": "1"}).content.decode()
    assert "The log does not hold" in page
    assert f"Row {row.pk}:" in page
