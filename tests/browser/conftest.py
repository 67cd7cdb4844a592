"""A real browser on a real server. Skipped, and said so, where there is no chromium.

With TIEOUT_TEST_PICTURES=1 (make browser) every story is told in light and in dark, and every screen kept as a picture
of each in build/screenshots.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.people import PASSWORD, browser
from tests.worker import Worker

ROOT = Path(__file__).resolve().parent.parent.parent
SCREENSHOTS = ROOT / "build" / "screenshots"
PICTURES = bool(os.environ.get("TIEOUT_TEST_PICTURES"))
CHROMIUM = os.environ.get("TIEOUT_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """With pictures every story is told in light and again in dark; else where a test asks for both."""
    asks = any("desk" in str(mark.args[0]) for mark in metafunc.definition.iter_markers("parametrize"))
    if PICTURES and "desk" in metafunc.fixturenames and not asks:
        metafunc.parametrize("desk", ["light", "dark"], indirect=True)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("no browser: install chromium, or name one in TIEOUT_TEST_CHROMIUM")
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        # Playwright keeps an event loop in this thread; the tests' own queries are made between its steps.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        expect.set_options(timeout=20_000)  # beside the other tests five seconds can pass before a page answers
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


SETTLED = """() => document.fonts.ready.then(
  () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))))"""


class Desk:
    """A window at the desk: signed in, 1440 × 900, every error of the page remembered."""

    def __init__(self, page: Page, address: str, scheme: str) -> None:
        self.page, self.address, self.scheme = page, address, scheme
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("request", self.notice)

    def notice(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.errors.append(f"asked another site: {request.url}")

    def type_password(self, name: str) -> None:
        """Sign in as people do."""
        self.page.goto(f"{self.address}/admin/login/")
        self.page.fill("#id_username", name)
        self.page.fill("#id_password", PASSWORD)
        self.page.click("button[type=submit]")
        self.page.wait_for_url("**/admin/")

    def sign_in(self, name: str) -> None:
        """Be signed in, without the form; no page is open yet."""
        session = browser(User.objects.get(username=name)).cookies["sessionid"].value
        cookie: Any = {"name": "sessionid", "value": session, "url": self.address}
        self.page.context.add_cookies([cookie])

    def open(self, path: str) -> None:
        self.page.goto(f"{self.address}{path}")

    def switch(self, scheme: str) -> None:
        """Show the open page in the other colours, as it shows itself to somebody whose system asks for them."""
        self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        self.page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", scheme == "dark")

    def shoot(self, name: str) -> None:
        """Checks what no page may do: scroll sideways, or fail. Keeps pictures when they are wanted."""
        self.page.evaluate(SETTLED)
        if PICTURES:
            self.keep_pictures(name)
        assert self.page.evaluate("document.documentElement.scrollWidth") <= 1440, f"{name} scrolls sideways"
        assert self.errors == [], name

    def keep_pictures(self, name: str) -> None:
        """One in light, one in dark."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.wait_for_timeout(300)
        for scheme in ("light", "dark"):
            self.switch(scheme)
            self.page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}.png", animations="disabled")
        self.switch(self.scheme)


@pytest.fixture
def desk(request: pytest.FixtureRequest, chromium: Browser, live_server: Any) -> Iterator[Desk]:
    """In light; `@pytest.mark.parametrize("desk", ["light", "dark"], indirect=True)` where colours are looked at."""
    scheme: Any = getattr(request, "param", "light")
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    yield Desk(context.new_page(), live_server.url, scheme)
    context.close()


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(tmp_path / "worker.log")
    yield worker
    worker.stop()


@pytest.fixture
def contrast() -> Callable[[Page, str], float]:
    """`contrast(page, selector)`: how an element's text stands out from what lies behind it (WCAG 2.1)."""

    def measure(page: Page, selector: str) -> float:
        return float(page.eval_on_selector(selector, CONTRAST))

    return measure


CONTRAST = """element => {
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = colour => { paint.clearRect(0, 0, 1, 1); paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data]; };
  let behind = element;
  while (behind && rgb(getComputedStyle(behind).backgroundColor)[3] < 255) behind = behind.parentElement;
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = behind ? rgb(getComputedStyle(behind).backgroundColor) : [255, 255, 255];
  const [a, b] = [rgb(getComputedStyle(element).color), ground].map(light);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""
