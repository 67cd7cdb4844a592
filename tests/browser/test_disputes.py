"""The board of disputes in a real browser: from the board to a dispute, taken in charge by a key."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from reconciliation.models import Dispute
from tests.browser.conftest import Desk
from tests.people import person
from tests.reconciliation.invoice_books import InvoiceBooks

BOARD = "/admin/reconciliation/dispute/"
DAY = timedelta(days=1)


@pytest.fixture
def books(ledger_transactions: None) -> InvoiceBooks:
    books, now = InvoiceBooks(), timezone.now()
    for name, word, span in (
        ("dp_later", "needs_response", 9 * DAY),
        ("dp_first", "needs_response", DAY / 3),
        ("dp_bank", "under_review", DAY),
        ("dp_won", "won", DAY),
    ):
        detail = {"due_by": (now + span).isoformat(), "moves": []}
        books.disputed(name, 123_456_700, "ch_1", word, at=now, customer="cus_1", detail=detail)
    books.run(now=now, start=now - DAY, end=now + DAY)
    return books


def test_a_dispute_is_taken_in_charge_from_the_board(books: InvoiceBooks, desk: Desk) -> None:
    person("Operator", books.organization)
    page = desk.page
    desk.sign_in("operator")
    desk.open(BOARD)
    columns = page.locator(".board-column")
    expect(columns.first.locator("[data-dispute]").first).to_have_attribute("data-dispute", "dp_first")
    tops = {round(box["y"]) for column in columns.all() if (box := column.bounding_box())}
    assert len(tops) == 1, "the four columns stand side by side"
    desk.shoot("disputes-1-board")
    page.get_by_role("link", name="1,234,567.00").first.click()
    expect(page.get_by_role("heading", name="Dispute dp_first")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".step-acknowledged")).to_be_visible()
    desk.shoot("disputes-2-page")
    assert Dispute.objects.get(reference="dp_first").status == "acknowledged"
    page.keyboard.press("u")
    expect(page.locator("[data-column=gather] [data-dispute=dp_first]")).to_be_visible()
