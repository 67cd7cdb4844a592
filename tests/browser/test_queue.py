"""The queue in a real browser: sixteen rows, keys that act on the row under the cursor, a place that
is not lost.
"""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from reconciliation.models import ReconciliationActionLog, ReconciliationDiscrepancy
from tests.browser.conftest import Desk
from tests.people import person
from tests.reconciliation.workflow.cases import Desk as Made

QUEUE = "/admin/reconciliation/reconciliationdiscrepancy/"
WHOLE_ROWS = """() => [...document.querySelectorAll("#result_list tr.data-row")].filter(row => {
  const box = row.getBoundingClientRect(), pages = document.querySelector(".desk-pages").getBoundingClientRect();
  return box.top >= 0 && box.bottom <= pages.top; }).length"""


@pytest.fixture
def made(ledger_transactions: None) -> Made:
    made = Made()
    for _n in range(30):
        made.discrepancy(queued_at=timezone.now(), due_at=timezone.now())
    return made


def under_cursor(page: Page) -> str | None:
    return page.locator("#result_list tr.cursor th a, #result_list tr.cursor td a").first.get_attribute("href")


def in_order() -> list[ReconciliationDiscrepancy]:
    return list(ReconciliationDiscrepancy.objects.order_by("due_at", "pk"))


def test_an_operator_works_down_the_queue_and_never_loses_the_place(made: Made, desk: Desk) -> None:
    person("Operator", made.organization)
    page, rows = desk.page, in_order()
    desk.sign_in("operator")
    desk.open(f"{QUEUE}?severity=major")
    assert page.evaluate(WHOLE_ROWS) >= 16
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert not ReconciliationActionLog.objects.exists()
    desk.shoot("queue-1-dialog")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#result_list .step-acknowledged")).to_have_count(1)
    assert list(ReconciliationActionLog.objects.values_list("discrepancy", "action")) == [(rows[2].pk, "acknowledged")]
    expect(page.locator("#result_list tr.cursor")).to_have_count(1)
    assert f"/{rows[3].pk}/" in str(under_cursor(page))
    page.keyboard.press(" ")
    expect(page.locator(".peek-body:visible")).to_contain_text("Unexplained")
    desk.shoot("queue-2-glance")
    for _n in range(22):
        page.keyboard.press("j")
    scrolled = page.evaluate("scrollY")
    assert scrolled > 0
    page.keyboard.press("Enter")
    expect(page.locator("[data-step=acknowledge]")).to_be_visible()
    page.keyboard.press("j")
    page.wait_for_url(f"**/{rows[26].pk}/change/**")
    page.keyboard.press("a")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".desk-head .step-acknowledged")).to_be_visible()
    page.keyboard.press("u")
    page.wait_for_url(f"**{QUEUE}?severity=major")
    page.wait_for_function(f"scrollY >= {scrolled}")
    assert f"/{rows[26].pk}/" in str(under_cursor(page))
    desk.shoot("queue-3-back")


def test_letters_that_are_off_do_nothing_and_space_still_shows(made: Made, desk: Desk) -> None:
    person("Operator", made.organization)
    page = desk.page
    desk.sign_in("operator")
    desk.open(QUEUE)
    page.keyboard.press("?")
    expect(page.locator("#desk-keys")).to_be_visible()
    desk.shoot("queue-keys")
    page.uncheck("#desk-letters")
    page.check("#desk-roomy")
    page.keyboard.press("Escape")
    before = under_cursor(page)
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.wait_for_timeout(300)
    assert under_cursor(page) == before
    expect(page.locator("#dialog")).to_have_count(0)
    row = page.locator("#result_list tr.data-row").first.bounding_box()
    assert row is not None
    assert row["height"] >= 40
