"""The workflow in a real browser: an operator proposes, a manager approves, by keys and dialogs."""

import pytest
from playwright.sync_api import Page, expect

from reconciliation import workflow
from reconciliation.core import findings
from reconciliation.models import ReconciliationActionLog, ReconciliationDiscrepancy
from tests.browser.conftest import Desk
from tests.people import person
from tests.reconciliation.admin.desk_books import books_with_everything
from tests.reconciliation.books import LATER, Books

PAGE = "/admin/reconciliation/reconciliationdiscrepancy/{}/change/"


@pytest.fixture
def books(ledger_transactions: None) -> Books:
    books = books_with_everything()
    books.run()
    return books


def stored(row: ReconciliationDiscrepancy) -> ReconciliationDiscrepancy:
    return ReconciliationDiscrepancy.objects.get(pk=row.pk)


def steps(page: Page) -> list[str | None]:
    return [button.get_attribute("data-step") for button in page.locator(".desk-tools [data-step]").all()]


def sign_in(desk: Desk, name: str) -> None:
    desk.page.context.clear_cookies()
    desk.sign_in(name)


def test_an_operator_proposes_and_a_manager_approves(books: Books, desk: Desk) -> None:
    row, page = books_row(books), desk.page
    person("Operator", books.organization)
    person("Manager", books.organization)
    desk.sign_in("operator")
    desk.open(PAGE.format(row.pk))
    desk.shoot("step-1-open")
    page.keyboard.press("a")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert stored(row).status == "open"
    desk.shoot("step-2-acknowledge")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".step-acknowledged")).to_be_visible()
    page.keyboard.press("p")
    expect(page.locator("select[name=code]")).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#dialog .errors").first).to_be_visible()
    page.select_option("select[name=code]", "adjustment")
    page.fill("textarea[name=reason]", "The provider **rounds down**. <script>alert(1)</script>")
    desk.shoot("step-3-propose")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("You proposed this. Another manager must approve it.")).to_be_visible()
    assert "approve" not in steps(page)
    expect(page.locator(".resolution .note strong")).to_have_text("rounds down")
    desk.shoot("step-4-proposed")
    sign_in(desk, "manager")
    desk.open(PAGE.format(row.pk))
    expect(page.get_by_text("Approving adds an adjustment entry of")).to_be_visible()
    desk.shoot("step-5-to-sign")
    page.keyboard.press("y")
    expect(page.get_by_role("dialog")).to_be_visible()
    desk.shoot("step-6-approve")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".step-resolved")).to_be_visible()
    desk.shoot("step-7-resolved")
    assert list(ReconciliationActionLog.objects.filter(discrepancy=row.pk).values_list("action", "actor"))[1:] == [
        ("acknowledged", "user:operator"),
        ("proposed", "user:operator"),
        ("approved", "user:manager"),
    ]


def books_row(books: Books) -> ReconciliationDiscrepancy:
    return ReconciliationDiscrepancy.objects.filter(type=findings.AMOUNT, severity="major").get()


def test_a_dialog_keeps_the_focus_and_gives_it_back(books: Books, desk: Desk) -> None:
    person("Operator", books.organization)
    desk.sign_in("operator")
    desk.open(PAGE.format(books_row(books).pk))
    page = desk.page
    page.locator("[data-step=propose]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("select[name=code]")).to_be_focused()
    inside = "document.getElementById('modal-content').contains(document.activeElement)"
    for key in ["Tab"] * 8 + ["Shift+Tab"] * 8:
        page.keyboard.press(key)
        assert page.evaluate(inside), key
    page.fill("textarea[name=reason]", "typed")
    page.mouse.click(30, 850)
    expect(page.locator("textarea[name=reason]")).to_have_value("typed")
    assert page.locator("#modal-content").get_attribute("aria-label") == "Propose a resolution"
    page.keyboard.press("Escape")
    expect(page.locator("#modal-content")).to_be_hidden()
    expect(page.locator("[data-step=propose]")).to_be_focused()
    assert desk.errors == []


def test_a_stale_version_says_who_changed_what_and_keeps_the_text(books: Books, desk: Desk) -> None:
    row, page = books_row(books), desk.page
    person("Operator", books.organization)
    manager = person("Manager", books.organization)
    desk.sign_in("operator")
    desk.open(PAGE.format(row.pk))
    page.keyboard.press("p")
    page.select_option("select[name=code]", "timing")
    page.fill("textarea[name=reason]", "it takes two days")
    workflow.acknowledge(discrepancy_id=row.pk, expected_version=row.version, by=manager, now=LATER)
    page.keyboard.press("Control+Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Changed meanwhile; nothing was saved.")
    expect(alert).to_contain_text("manager")
    expect(alert).to_contain_text("Open → Acknowledged")
    expect(page.locator("textarea[name=reason]")).to_have_value("it takes two days")
    desk.shoot("step-stale")
    assert stored(row).status == "acknowledged"
    page.keyboard.press("Control+Enter")
    expect(page.locator(".step-pending_approval")).to_be_visible()


def test_an_ambiguous_match_is_decided_by_a_key(books: Books, desk: Desk) -> None:
    row, page = books.only(findings.AMBIGUOUS), desk.page
    person("Operator", books.organization)
    desk.sign_in("operator")
    desk.open(PAGE.format(row.pk))
    page.keyboard.press("2")
    expect(page.locator("input[name=other]")).to_have_value("ch_that")
    page.fill("textarea[name=reason]", "the customer told us")
    desk.shoot("step-choose")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".history")).to_contain_text("Matched by hand")
    books.run()
    assert stored(row).resolution_code == "cleared"


def test_letters_are_switched_off_by_one_switch(books: Books, desk: Desk) -> None:
    person("Operator", books.organization)
    desk.sign_in("operator")
    desk.open(PAGE.format(books_row(books).pk))
    page = desk.page
    page.keyboard.press("?")
    expect(page.locator("#desk-keys")).to_be_visible()
    desk.shoot("step-keys")
    page.uncheck("#desk-letters")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.wait_for_timeout(400)
    expect(page.locator("#dialog")).to_have_count(0)
    desk.shoot("step-letters-off")


def test_the_menu_holds_what_is_needed_less_often(books: Books, desk: Desk) -> None:
    person("Manager", books.organization)
    desk.sign_in("manager")
    desk.open(PAGE.format(books_row(books).pk))
    desk.page.locator(".more summary").click()
    expect(desk.page.locator(".more-menu [data-step=requeue]")).to_have_count(0)
    desk.shoot("step-menu")
    desk.page.locator(".more-menu [data-step=dismiss_duplicate]").click()
    expect(desk.page.locator("input[name=duplicate_of]")).to_be_focused()
    desk.shoot("step-duplicate")


def test_an_auditor_sees_no_button(books: Books, desk: Desk) -> None:
    person("Auditor", books.organization)
    desk.sign_in("auditor")
    desk.open(PAGE.format(books_row(books).pk))
    assert steps(desk.page) == []
