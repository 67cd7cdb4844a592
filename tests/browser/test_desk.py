"""The desk in a real browser: what an operator sees, and whether it fits."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from billing.models import Payment, ProviderRecord
from reconciliation.core import findings
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem, ReconciliationRun
from tests.browser.conftest import Desk
from tests.people import person
from tests.reconciliation.admin.desk_books import books_with_everything, received
from tests.reconciliation.books import Books
from tests.worker import Worker

LISTS = {
    "discrepancies": "/admin/reconciliation/reconciliationdiscrepancy/",
    "runs": "/admin/reconciliation/reconciliationrun/",
    "items": "/admin/reconciliation/reconciliationitem/",
    "payments": "/admin/billing/payment/",
    "provider-records": "/admin/billing/providerrecord/",
    "provider-events": "/admin/billing/providerevent/",
    "imports": "/admin/billing/importbatch/",
    "action-log": "/admin/reconciliation/reconciliationactionlog/",
    "organizations": "/admin/billing/organization/",
    "memberships": "/admin/billing/membership/",
}


@pytest.fixture
def books(ledger_transactions: None) -> Books:
    """A month with many discrepancies."""
    books = books_with_everything()
    for number in range(60):
        books.paid(f"pay_{number:04d}", 10_000 + 37 * number, f"ch_3Qmany{number:06d}", customer=f"cus_{number:04d}")
        books.charged(f"ch_3Qmany{number:06d}", 10_000 + 30 * number, customer=f"cus_{number:04d}")
    return books


def test_every_list_fits_and_fails_nowhere(books: Books, desk: Desk) -> None:
    books.run()
    second = Books("a-second-organization-with-a-long-name")
    long_id = "ch_" + "0123456789" * 4
    second.paid(f"payment-{long_id}", 1_234_567_89, long_id, customer=f"cus_{long_id}", invoice_number=f"INV-{long_id}")
    second.charged(
        long_id, 1_234_567_88, customer=f"cus_{long_id}", parent_reference=f"pi_{long_id}", reference=long_id
    )
    received(second, f"evt_{long_id}", f"{long_id}.csv")
    second.run()
    person("Owner", books.organization, second.organization)
    desk.type_password("owner")
    desk.shoot("today")
    for name, path in LISTS.items():
        desk.open(path)
        desk.shoot(name)


def test_sixteen_rows_of_the_queue_are_seen_at_once(books: Books, desk: Desk) -> None:
    books.run()
    person("Operator", books.organization)
    desk.sign_in("operator")
    desk.open(LISTS["discrepancies"])
    heights = desk.page.eval_on_selector_all("#result_list tr.data-row", "rows => rows.map(r => r.offsetHeight)")
    assert set(heights) <= {32, 33}
    whole = desk.page.eval_on_selector_all(
        "#result_list tr.data-row", "rows => rows.filter(r => r.getBoundingClientRect().bottom <= 850).length"
    )
    assert whole >= 16


def test_the_head_of_the_queue_stays_when_it_is_scrolled(books: Books, desk: Desk) -> None:
    books.run()
    person("Operator", books.organization)
    desk.sign_in("operator")
    desk.open(LISTS["discrepancies"])
    desk.page.mouse.move(700, 500)
    desk.page.mouse.wheel(0, 900)
    desk.page.wait_for_timeout(300)
    assert desk.page.eval_on_selector("#result_list thead th", "head => head.getBoundingClientRect().top") == 0
    desk.shoot("discrepancies-scrolled")


@pytest.mark.parametrize("desk", ["light", "dark"], indirect=True)
def test_severities_and_hints_are_readable(books: Books, desk: Desk, contrast: Callable[[Page, str], float]) -> None:
    books.run()
    person("Operator", books.organization)
    desk.sign_in("operator")
    desk.open(LISTS["discrepancies"])
    for selector in (".severity-major", ".severity-minor"):
        if desk.page.locator(selector).count() == 0:
            desk.open(LISTS["discrepancies"] + "?severity=minor")
        assert contrast(desk.page, selector) >= 6


def test_each_kind_of_page_is_looked_at(books: Books, desk: Desk) -> None:
    books.run()
    person("Auditor", books.organization)
    desk.sign_in("auditor")
    for type_ in findings.TYPES:
        row = ReconciliationDiscrepancy.objects.filter(type=type_).order_by("pk")[0]
        desk.open(f"{LISTS['discrepancies']}{row.pk}/change/")
        desk.shoot(f"discrepancy-{type_}")
    pages = {
        "run": (LISTS["runs"], ReconciliationRun),
        "item": (LISTS["items"], ReconciliationItem),
        "payment": (LISTS["payments"], Payment),
        "provider-record": (LISTS["provider-records"], ProviderRecord),
    }
    for name, (path, model) in pages.items():
        desk.open(f"{path}{model.objects.order_by('pk')[0].pk}/change/")  # type: ignore[attr-defined]
        desk.shoot(name)


def test_lists_without_rows_say_why_and_what_next(ledger_transactions: None, desk: Desk) -> None:
    books = Books()
    person("Owner", books.organization)
    desk.sign_in("owner")
    desk.open("/admin/")
    expect(desk.page.get_by_text("Next steps")).to_be_visible()
    desk.shoot("today-empty")
    desk.open(LISTS["discrepancies"])
    expect(desk.page.get_by_text("Nothing is open")).to_be_visible()
    desk.shoot("discrepancies-empty")
    desk.open(LISTS["discrepancies"] + "?severity=major")
    expect(desk.page.get_by_text("Nothing matches")).to_be_visible()
    desk.shoot("discrepancies-nothing-matches")


def test_filters_are_chosen_and_taken_away_again(books: Books, desk: Desk) -> None:
    books.run()
    person("Operator", books.organization)
    desk.sign_in("operator")
    desk.open(LISTS["discrepancies"])
    desk.page.locator("a", has_text="Filters").click()
    desk.shoot("filters")
    desk.page.select_option("select[name=severity]", "minor", force=True)
    desk.page.locator("#changelist-filter button[type=submit], #filter-form [type=submit]").first.click()
    desk.page.wait_for_url(re.compile("severity=minor"))
    chip = desk.page.locator(".chip", has_text="Severity: minor")
    expect(chip).to_be_visible()
    chip.locator("a").click()
    expect(desk.page.locator(".chip")).to_have_count(0)
    assert desk.errors == []


def test_a_run_is_triggered_followed_and_read(books: Books, desk: Desk, worker: Worker) -> None:
    person("Manager", books.organization)
    desk.sign_in("manager")
    desk.open(LISTS["runs"])
    desk.page.get_by_text("Run reconciliation").first.click()
    desk.page.fill("input[name=first_day]", "2026-10-01")
    desk.page.fill("input[name=last_day]", "2026-10-31")
    desk.shoot("trigger")
    desk.page.locator("button", has_text="Run reconciliation").click()
    expect(desk.page.get_by_text("Waiting for the worker")).to_be_visible()
    desk.shoot("run-queued")
    worker.start()
    expect(desk.page.get_by_text("Every record read is in exactly one line above").first).to_be_visible(timeout=60_000)
    desk.shoot("run-report")
    desk.page.locator("table.sums a", has_text="Mismatched").first.click()
    expect(desk.page.locator(".chip")).to_have_count(3)
    desk.shoot("items-of-a-run")


def test_a_failed_run_is_shown_as_one(books: Books, desk: Desk) -> None:
    books.run()
    ReconciliationRun.objects.update(status="error", error="OperationalError: disk I/O error", report=None)
    person("Manager", books.organization)
    desk.sign_in("manager")
    desk.open(f"{LISTS['runs']}{ReconciliationRun.objects.get().pk}/change/")
    expect(desk.page.get_by_role("alert")).to_contain_text("Nothing was written by it")
    desk.shoot("run-failed")
    desk.open("/admin/")
    desk.shoot("today-failed")


def test_rows_are_walked_with_the_keyboard(books: Books, desk: Desk) -> None:
    books.run()
    person("Operator", books.organization)
    desk.sign_in("operator")
    desk.open(LISTS["discrepancies"])
    for key in ("j", "j", "k", "j"):
        desk.page.keyboard.press(key)
    marked = "rows => rows.map((row, at) => row.classList.contains('cursor') ? at : -1).filter(at => at >= 0)"
    assert desk.page.eval_on_selector_all("#result_list tr.data-row", marked) == [2]
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url("**/change/")


def test_the_page_in_french_keeps_its_shape(books: Books, desk: Desk) -> None:
    books.run()
    person("Operator", books.organization)
    desk.sign_in("operator")
    cookie: Any = {"name": "django_language", "value": "fr", "url": desk.address}
    desk.page.context.add_cookies([cookie])
    desk.open(LISTS["discrepancies"])
    assert desk.page.get_attribute("html", "lang") == "fr"
    assert "," in desk.page.locator("#result_list .amount").first.inner_text()
    desk.shoot("discrepancies-french")
