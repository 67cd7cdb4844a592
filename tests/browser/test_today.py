"""Today and the page of a run in a real browser: figures lead to their rows, lines are drawn, the statement prints."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.conftest import Desk
from tests.people import person
from tests.reconciliation.admin.desk_books import books_with_everything
from tests.reconciliation.books import Books


@pytest.fixture
def books(ledger_transactions: None) -> Books:
    """Two days of runs, with something that changed in between."""
    books, now = books_with_everything(), timezone.now()
    books.run(now=now - timedelta(days=1))
    books.charged("ch_declined", 5000, customer="cus_5")
    books.run(now=now - timedelta(minutes=1))
    return books


def test_a_manager_reads_today_and_signs_for_a_run(books: Books, desk: Desk) -> None:
    person("Manager", books.organization)
    desk.sign_in("manager")
    desk.open("/admin/")
    page = desk.page
    expect(page.locator("svg.lines .axis")).to_be_visible()
    desk.shoot("today-figures")
    row = page.locator(".bars tbody tr").first
    count = int(row.locator("td").last.inner_text())
    row.locator("td a").last.click()
    expect(page.locator("#result_list tr.data-row")).to_have_count(count)
    desk.open("/admin/")
    page.locator(".rate .figure a").first.click()
    expect(page.locator("#run-changes table").first).to_be_visible()
    expect(page.locator("#run-changes")).to_contain_text("Cleared")
    assert all("✓" in text for text in page.locator(".verdict").all_inner_texts())
    desk.shoot("run-changes")
    page.get_by_role("link", name="Print view").click()
    expect(page.get_by_role("heading", name="Reconciliation statement")).to_be_visible()
    desk.shoot("run-print")
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= 2
