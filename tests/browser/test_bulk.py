"""Working many at once in a real browser: a filter's rows, a cause as one, and a manager who signs by keys."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from reconciliation import bulk, causes, workflow
from reconciliation.models import BulkAction, ReconciliationDiscrepancy
from tests.browser.conftest import Desk
from tests.people import person
from tests.reconciliation.books import LATER, Books
from tests.reconciliation.test_causes import with_gap

QUEUE = reverse("admin:reconciliation_reconciliationdiscrepancy_changelist")
Row = ReconciliationDiscrepancy


@pytest.fixture
def books(ledger_transactions: None) -> Books:
    return with_gap(Books(timezone="Europe/Paris"))


def sign_in(desk: Desk, name: str) -> None:
    desk.page.context.clear_cookies()
    desk.sign_in(name)


def test_everything_a_filter_matches_is_worked_and_one_changed_meanwhile_is_told(books: Books, desk: Desk) -> None:
    person("Operator", books.organization)
    manager = person("Manager", books.organization)
    for number in range(60):
        books.paid(f"more{number}", 300 + number, f"ch_more{number}", at=LATER.replace(day=1))
    books.run(end=LATER)
    page = desk.page
    desk.sign_in("operator")
    desk.open(f"{QUEUE}?severity=major")
    page.locator("input.action-select").nth(1).check()
    expect(page.locator(".bulk-sums")).to_contain_text("EUR")
    page.check("#action-toggle")
    page.get_by_text("Select all: 68 match").click()
    desk.shoot("bulk-1-bar")
    page.click("button[value=bulk_propose]")
    expect(page.get_by_role("heading", name="Propose a resolution: 68 discrepancies")).to_be_visible()
    page.select_option("select[name=code]", "timing")
    desk.shoot("bulk-2-preview")
    row = Row.objects.earliest("pk")
    workflow.acknowledge(discrepancy_id=row.pk, expected_version=row.version, by=manager, now=LATER)
    page.fill("textarea[name=reason]", "late arrivals")
    page.get_by_role("button", name="Propose a resolution (68)").click()
    expect(page.locator("#bulk-progress")).to_contain_text("0 of 68")
    desk.shoot("bulk-3-progress")
    bulk.work_bulk(BulkAction.objects.get().pk)
    expect(page.locator(".bulk-results")).to_contain_text("67")
    expect(page.locator("#rows")).to_contain_text("Somebody changed it after the preview")
    desk.shoot("bulk-4-result")
    page.get_by_role("button", name="Try 1 again").click()
    expect(page.get_by_role("heading", name="Propose a resolution: 1 discrepancy")).to_be_visible()


def test_a_cause_is_worked_as_one_and_signed_by_a_manager(books: Books, desk: Desk) -> None:
    operator = person("Operator", books.organization)
    person("Manager", books.organization)
    causes.look_for(organization=books.organization, now=LATER)
    page = desk.page
    desk.sign_in("operator")
    desk.open(reverse("admin:reconciliation_cause_changelist"))
    desk.shoot("cause-1-list")
    page.get_by_text("Nothing arrived from the provider").click()
    expect(page.locator(".arrivals svg")).to_be_visible()
    page.get_by_text("As a table").click()
    desk.shoot("cause-2-page")
    page.get_by_role("button", name="Propose a resolution").click()
    page.select_option("select[name=code]", "provider_error")
    page.fill("textarea[name=reason]", "the endpoint was down")
    page.get_by_role("button", name="Propose a resolution (7)").click()
    expect(page.locator("#bulk-progress")).to_be_visible()
    bulk.work_bulk(BulkAction.objects.get().pk)
    expect(page.locator(".bulk-results")).to_contain_text("7")
    lonely = Row.objects.get(status="open")
    workflow.propose(
        discrepancy_id=lonely.pk, expected_version=1, code="timing", reason="it **will** come", by=operator, now=LATER
    )  # fmt: skip
    sign_in(desk, "manager")
    desk.open(reverse("admin:reconciliation_approvals"))
    desk.shoot("approvals-1-cards")
    page.keyboard.press("y")
    expect(page.get_by_role("dialog")).to_be_visible()
    desk.shoot("approvals-2-dialog")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".approval")).to_have_count(7)
    assert Row.objects.filter(status="resolved").count() == 1
    page.get_by_role("button", name="Approve together").click()
    page.get_by_role("button", name="Approve (7)").click()
    expect(page.locator("#bulk-progress")).to_be_visible()
    bulk.work_bulk(BulkAction.objects.latest("pk").pk)
    expect(page.locator(".bulk-results")).to_be_visible()
