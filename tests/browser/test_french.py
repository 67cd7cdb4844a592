"""The desk in French, in a real browser: nothing in English, nothing cut off at 1280 pixels."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PICTURES, SCREENSHOTS
from tests.french import english_left
from tests.people import PASSWORD, person
from tests.reconciliation.admin.desk_books import books_with_everything
from tests.reconciliation.books import Books

DATA = ("which", "matched", "less", "Operator")  # ids of payments in the books, and the stored name of a role
WIDTH = 1280
# Controls and headings whose text does not fit the room they have.
CUT = """() => [...document.querySelectorAll('h1, h2, th, button, .button, label, dt, .shaped, .chip, nav span')]
  .filter(e => e.offsetParent && getComputedStyle(e).display !== 'inline'
    && getComputedStyle(e).overflowX !== 'visible' && e.scrollWidth > e.clientWidth + 1)
  .map(e => e.textContent.trim())"""


@pytest.fixture
def books(ledger_transactions: None) -> Books:
    books = books_with_everything()
    books.run()
    person("superuser", books.organization, name="sophie")
    return books


@pytest.fixture
def window(chromium: Browser, live_server: Any) -> Iterator[Page]:
    """A browser that asks for French."""
    context = chromium.new_context(
        viewport={"width": WIDTH, "height": 800}, locale="fr-FR", base_url=live_server.url, reduced_motion="reduce"
    )
    yield context.new_page()
    context.close()


def sign_in(page: Page) -> None:
    page.goto("/admin/login/")
    page.fill("#id_username", "sophie")
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name="Connexion").click()
    page.wait_for_url("**/admin/")


def pages() -> Iterator[str]:
    """The landing page, every list, and the first row of each."""
    yield reverse("admin:index")
    yield reverse("admin:reconciliation_reconciliationrun_trigger")
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        row = model._default_manager.order_by("pk").first()
        if row is not None:
            yield reverse(f"{name}_change", args=[row.pk])


def test_no_page_says_anything_in_english_or_cuts_a_word_off(books: Books, window: Page) -> None:
    sign_in(window)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    seen, wrong = list(pages()), []
    for number, path in enumerate(seen):
        window.goto(path)
        if PICTURES:
            window.screenshot(path=SCREENSHOTS / f"french-{number:02d}.png")
        wrong += [(path, text) for text in english_left(window.content(), data=DATA)]
        wrong += [(path, f"cut off: {text}") for text in window.evaluate(CUT)]
        if window.evaluate("document.documentElement.scrollWidth") > WIDTH:
            wrong.append((path, "scrolls sideways"))
    assert len(seen) > 20
    assert wrong == []


def test_the_language_is_chosen_in_the_user_menu_and_stays_chosen(books: Books, window: Page) -> None:
    sign_in(window)
    expect(window.locator("#content h1")).to_have_text("Aujourd'hui")
    window.get_by_text("sophie").first.click()
    window.get_by_role("button", name="English").click()
    expect(window.locator("#content h1")).to_have_text("Today")
    window.context.clear_cookies(name="sessionid")
    window.goto("/admin/login/")
    expect(window.get_by_role("button", name="Log in")).to_be_visible()
    window.get_by_role("button", name="Français").click()
    expect(window.get_by_role("button", name="Connexion")).to_be_visible()
