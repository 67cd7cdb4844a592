"""Every screen audited with axe-core, light and dark: nothing serious; and pictures of all of them."""

import importlib.resources
from typing import Any

import pytest

from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem, ReconciliationRun
from tests.browser.conftest import Desk
from tests.people import person
from tests.reconciliation.admin.desk_books import books_with_everything
from tests.reconciliation.admin.desk_sources import sources
from tests.reconciliation.books import Books

SERIOUS = ("serious", "critical")
RECON, BILLING = "/admin/reconciliation/", "/admin/billing/"
AUDIT = "() => axe.run(document, {resultTypes: ['violations']})"
COLOURS = "() => axe.run(document, {runOnly: ['color-contrast'], resultTypes: ['violations']})"


@pytest.fixture(scope="module")
def axe() -> str:
    """The audit, as its package ships it."""
    return importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()


@pytest.fixture
def books(ledger_transactions: None) -> Books:
    books = books_with_everything()
    books.run()
    sources(books.organization, "x")
    return books


def screens() -> dict[str, str]:
    """Name and address of each kind of screen."""
    first: dict[str, Any] = {
        model._meta.model_name or "": model._default_manager.order_by("pk")[0].pk
        for model in (ReconciliationDiscrepancy, ReconciliationItem, ReconciliationRun)
    }
    lists = {
        f"list-{name}": f"{RECON}{name}/"
        for name in ("reconciliationdiscrepancy", "reconciliationitem", "reconciliationrun", "reconciliationactionlog",
                     "cause", "dispute", "bulkaction", "syncjob", "closingthreshold")
    }  # fmt: skip
    lists |= {f"list-{name}": f"{BILLING}{name}/" for name in ("payment", "statementline", "payout", "organization")}
    return {
        "today": "/admin/",
        **lists,
        "approvals": f"{RECON}reconciliationdiscrepancy/approvals/",
        **{f"page-{name}": f"{RECON}{name}/{pk}/change/" for name, pk in first.items()},
        "trigger": f"{RECON}reconciliationrun/trigger/",
        "as-of": "/admin/as-of/",
        "as-of-discrepancy": f"/admin/as-of/{first['reconciliationdiscrepancy']}/",
        "second-factor": "/admin/second-factor/",
        "password": "/admin/password_change/",
        "not-found": "/admin/nowhere/",
    }


def serious(desk: Desk, axe: str) -> list[str]:
    """What the audit finds, rule and place; in dark what depends on colours. The script is given to the page by the
    driver, past the page's policy.
    """
    desk.page.evaluate(axe)
    found = desk.page.evaluate(AUDIT)["violations"]
    desk.switch("dark")
    found += desk.page.evaluate(COLOURS)["violations"]
    desk.switch("light")
    return [
        f"{each['id']}: {node['target'][0]} {node['failureSummary'].splitlines()[-1].strip()}"
        for each in found
        if each["impact"] in SERIOUS
        for node in each["nodes"][:3]
    ]


FEW = ("today", "list-reconciliationdiscrepancy", "page-reconciliationdiscrepancy", "page-reconciliationrun", "as-of")


def test_the_main_screens_have_no_serious_finding(books: Books, desk: Desk, axe: str) -> None:
    audited(books, desk, axe, {name: path for name, path in screens().items() if name in FEW})


@pytest.mark.trust
def test_no_screen_has_a_serious_finding(books: Books, desk: Desk, axe: str) -> None:
    audited(books, desk, axe, screens())


def audited(books: Books, desk: Desk, axe: str, some: dict[str, str]) -> None:
    """Opens each screen, audits it, takes its picture."""
    person("Owner", books.organization)
    desk.page.goto(f"{desk.address}/admin/login/")
    found = {"login": serious(desk, axe)}
    desk.sign_in("owner")
    for name, path in some.items():
        desk.open(path)
        found[name] = serious(desk, axe)
        desk.errors.clear()
        desk.shoot(f"screen-{name}")
    assert {name: some for name, some in found.items() if some} == {}


def test_a_page_has_one_main_landmark_and_a_way_past_the_sidebar(books: Books, desk: Desk) -> None:
    person("Operator", books.organization)
    desk.sign_in("operator")
    desk.open(f"{RECON}reconciliationdiscrepancy/")
    assert desk.page.locator("main, [role=main]").count() == 1
    desk.page.keyboard.press("Tab")
    first = desk.page.evaluate("document.activeElement.textContent.trim()")
    assert first == "Skip to the content"
    desk.page.keyboard.press("Enter")
    assert desk.page.evaluate("document.activeElement.getAttribute('role')") == "main"


def test_severities_differ_without_colour(books: Books, desk: Desk) -> None:
    person("Operator", books.organization)
    desk.sign_in("operator")
    desk.open(f"{RECON}reconciliationdiscrepancy/")
    words = set(desk.page.eval_on_selector_all("[class*=severity-]", "all => all.map(e => e.innerText.trim())"))
    assert len(words) >= 2
    assert len({word[0] for word in words}) == len(words)
