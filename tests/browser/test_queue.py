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
CURSOR_SEEN = """() => {
  const row = document.querySelector("#result_list tr.cursor").getBoundingClientRect();
  return row.top >= 0 && row.bottom <= document.querySelector(".desk-pages").getBoundingClientRect().top; }"""
GLANCE_SEEN = """() => {
  const glance = document.querySelector("#result_list tr.cursor").closest("tbody").getBoundingClientRect();
  return glance.top >= 0 && glance.bottom <= innerHeight; }"""


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
    page.wait_for_function("scrollY > 0")
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
    expect(page.locator(f'#result_list tr.cursor a[href*="/{rows[26].pk}/"]').first).to_be_visible()
    page.wait_for_function(CURSOR_SEEN)
    assert page.evaluate("scrollY") > 0
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


@pytest.mark.parametrize("desk", ["light"], indirect=True)
def test_a_step_moves_nothing_but_its_row(made: Made, desk: Desk) -> None:
    person("Operator", made.organization)
    page, rows = desk.page, in_order()
    desk.sign_in("operator")
    desk.open(f"{QUEUE}?queue=unassigned")
    for _n in range(24):
        page.keyboard.press("j")
    page.keyboard.press(" ")
    expect(page.locator(".peek-body:visible")).to_have_count(1)
    page.wait_for_function(GLANCE_SEEN)
    scrolled = page.evaluate("() => { window.mark = 1; return scrollY; }")
    page.keyboard.press("m")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#desk-said")).to_contain_text(f"D-{rows[24].pk}")
    expect(page.locator("#result_list tr.data-row")).to_have_count(29)
    expect(page.locator('[data-queue="unassigned"] .count')).to_have_text("29")
    expect(page.locator('[data-queue="mine"] .count')).to_have_text("1")
    assert f"/{rows[25].pk}/" in str(under_cursor(page))
    assert page.evaluate("window.mark") == 1, "the page was read anew"
    assert abs(page.evaluate("scrollY") - scrolled) < 200
    expect(page.locator("tr.cursor + tr .peek-body")).to_be_visible()  # the glance goes along
    page.keyboard.press("j")
    expect(page.locator("tr.cursor + tr .peek-body")).to_be_visible()
    expect(page.locator(".peek-body:visible")).to_have_count(1)


@pytest.mark.parametrize("desk", ["light"], indirect=True)
def test_nothing_typed_is_lost_when_somebody_is_signed_out(made: Made, desk: Desk) -> None:
    person("Operator", made.organization)
    page = desk.page
    desk.sign_in("operator")
    desk.open(QUEUE)
    page.keyboard.press("n")
    page.fill("textarea[name=text]", "typed before")
    page.context.clear_cookies(name="sessionid")
    page.keyboard.press("Control+Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("You are signed out; nothing was saved.")
    expect(page.locator("textarea[name=text]")).to_have_value("typed before")
    other = Desk(page.context.new_page(), desk.address, desk.scheme)
    other.page.goto(f"{desk.address}{alert.locator('a').get_attribute('href')}")
    other.sign_in("operator")
    page.bring_to_front()
    page.focus("textarea[name=text]")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#desk-said")).to_contain_text("Note added")
    assert ReconciliationActionLog.objects.get().reason == "typed before"


@pytest.mark.parametrize("desk", ["light"], indirect=True)
def test_with_ticked_rows_the_key_of_a_step_means_them(made: Made, desk: Desk) -> None:
    person("Operator", made.organization)
    page = desk.page
    desk.sign_in("operator")
    desk.open(f"{QUEUE}?severity=major")
    for key in "xjxj":
        page.keyboard.press(key)
    page.keyboard.press("a")
    expect(page.locator(".bulk-confirm .button-primary")).to_be_focused()
    expect(page.locator(".bulk-confirm .button-primary")).to_have_text("Acknowledge (2)")
    page.keyboard.press("u")
    page.wait_for_url(f"**{QUEUE}?severity=major")
    expect(page.locator("#result_list input.action-select:checked")).to_have_count(2)
