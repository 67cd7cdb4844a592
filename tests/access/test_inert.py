"""Texts from outside stay texts (TRUST 16): a payload in every column acts in no page and in no spreadsheet."""

import csv
import io
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from openpyxl import load_workbook

from billing.models import Membership
from reconciliation import workflow
from reconciliation.exports import COLUMNS
from reconciliation.models import ReconciliationDiscrepancy
from tests.people import browser, person
from tests.reconciliation.books import LATER, Books

from .routes import Address
from .test_matrix import ENDS_THE_SESSION, listed, rule
from .test_tenants import body
from .world import World, fill

pytestmark = pytest.mark.pages
MARK = "xss7"
# Out of text, of an attribute in either quotes, of a title, a text field, a script and a comment; a link that acts.
PAYLOAD = f"javascript:{MARK}//'\" {MARK}=1 '\"><{MARK}></title></textarea></script>--><{MARK}>"
NOTES = (
    f"[x](javascript:{MARK})", f'![x](x" {MARK}="1)', f"<a href='javascript:{MARK}' {MARK}>x</a>", f"<{MARK}>",
    f"[x]: javascript:{MARK}\n[x]", f"```<{MARK}>\n<{MARK}>", f"|<{MARK}>|\n|-|\n|{PAYLOAD}|", PAYLOAD,
)  # fmt: skip
# What begins a formula; the code of a page leaves it alone, so that one is enough there.
PREFIXES = ("=", "+", "-", "@", "\t", "\r")
EACH_PREFIX = [PREFIXES[0], *(pytest.param(one, marks=pytest.mark.trust) for one in PREFIXES[1:])]
ACTING = ("javascript:", "data:text", "vbscript:")


class Acting(HTMLParser):
    """Finds what a payload has become in a page, should it be more than text: an element, an attribute, a link, or part
    of an attribute that the page's own script evaluates.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.texts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if MARK in tag:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            told, evaluated = (value or "").strip().lower(), name.startswith(("x-", "@", ":", "on", "hx-on", "hx-vars"))
            if MARK in name or (MARK in told and evaluated):
                self.found.append(f"{tag} {name}={told[:80]}")
            if name in ("href", "src", "action", "formaction", "hx-get", "hx-post") and told.startswith(ACTING):
                self.found.append(f"{tag} {name}={told[:80]}")

    def handle_data(self, data: str) -> None:
        self.texts += MARK in data


def acting(answer: Any) -> tuple[list[str], int]:
    """What acts in a page, and in how many pieces of text the payload stands."""
    page = Acting()
    if "html" in answer.headers.get("Content-Type", ""):
        page.feed(body(answer).partition("{'Content-Type'")[0])
        page.close()
    return page.found, page.texts


@pytest.fixture(scope="module")
def made(rows_of_module: None) -> World:
    return World()


@pytest.fixture
def world(db: None, made: World) -> World:
    return made


def hostile(world: World, payload: str) -> tuple[Books, Client]:
    """Books whose every text is the payload, and an owner who looks at them."""
    books = Books("hostile")
    type(books.organization).objects.filter(pk=books.organization.pk).update(name=payload)
    books.organization.refresh_from_db()
    books.paid(payload, 1111, f"{payload}1", invoice_number=payload, customer=payload)
    books.paid(f"{payload}2", 500, f"{payload}2", customer=payload)
    books.charged(f"{payload}2", 499, reference=payload, customer=payload)
    books.charged(f"{payload}3", 2222, reference=payload, customer=payload)
    Membership.objects.create(user=world.colleague, organization=books.organization)
    fill(books, payload, world.colleague)
    rows = ReconciliationDiscrepancy.objects.filter(organization=books.organization).order_by("pk")
    for text in NOTES:
        workflow.annotate(discrepancy_id=rows[0].pk, text=text, by=world.colleague, now=LATER)
    User.objects.filter(pk=world.colleague.pk).update(first_name=payload[:150])
    owner: User = person("Owner", books.organization, name="an-owner")
    return books, browser(owner)


def pages() -> Iterator[Address]:
    """What an owner may look at."""
    return (each for each in listed() if each.name not in ENDS_THE_SESSION and "Owner" in rule(each).get)


@pytest.mark.parametrize("prefix", ["", *(pytest.param(one, marks=pytest.mark.trust) for one in PREFIXES[:2])])
def test_a_payload_in_every_text_acts_nowhere(world: World, prefix: str) -> None:
    books, owner = hostile(world, f"{prefix}{PAYLOAD}")
    seen, found = 0, []
    for address in pages():
        acts, texts = acting(owner.get(world.path(address, books.organization)))
        seen += bool(texts)
        found += [f"{address.name}: {one}" for one in acts]
    assert found == []
    assert seen >= 15


QUESTIONS = (
    "q",
    "organization",
    "at",
    "status",
    "type",
    "currency",
    "after",
    "before",
    "cause",
    "next",
    "o",
    "version",
)


@pytest.mark.trust
def test_a_payload_that_is_asked_for_or_sent_acts_nowhere(world: World) -> None:
    """What a page repeats of an address or of a form that it did not take."""
    owner = world.client("Owner")
    asked = dict.fromkeys(QUESTIONS, PAYLOAD)
    sent = dict.fromkeys(("reason", "text", "code", "to", "number", "duplicate_of", "name", *QUESTIONS), PAYLOAD)
    repeated, found = 0, []
    for address in pages():
        path = world.path(address)
        posted = owner.post(path, {"_form_submitted": "True", **sent}) if "Owner" in rule(address).post else None
        for answer in filter(
            None, (owner.get(path, asked), *(owner.get(path, {one: PAYLOAD}) for one in "qe"), posted)
        ):
            acts, texts = acting(answer)
            repeated += bool(texts)
            found += [f"{address.name}: {one}" for one in acts]
            assert answer.status_code < 500, address
    assert found == []
    assert repeated >= 5


def test_the_reader_of_pages_finds_what_acts() -> None:
    """The control: what it would take for a payload to act."""
    for page in (
        f"<p><{MARK}></p>", f'<a title="x" {MARK}=1>', f'<a href="javascript:{MARK}">', f"<p x-data=\"f('{MARK}')\">",
        f'<form action=" JavaScript:{MARK}">',
    ):  # fmt: skip
        reader = Acting()
        reader.feed(page)
        assert reader.found, page


def files(world: World, books: Books, owner: Client) -> Iterator[tuple[str, bytes]]:
    """Every file an owner can take away, by its address."""
    for name in COLUMNS:
        for form in ("csv", "xlsx"):
            yield taken(owner, f"/admin/reconciliation/listexport/take/{name}.{form}")
    for address in listed():
        if address.name.endswith("_report"):
            for form in ("csv", "xlsx"):
                yield taken(owner, world.path(address, books.organization).replace("json", form))
        elif address.name.endswith("bulkaction_rows"):
            yield taken(owner, world.path(address, books.organization))


def taken(owner: Client, path: str) -> tuple[str, bytes]:
    answer: Any = owner.get(path)
    assert answer.status_code == 200, path
    return path, b"".join(answer.streaming_content) if answer.streaming else answer.content


def cells(content: bytes) -> Iterator[tuple[str, bool]]:
    """The texts of a file, and whether the program takes them for a formula by their kind."""
    if content.startswith(b"PK"):
        for sheet in load_workbook(io.BytesIO(content)):
            for row in sheet.iter_rows():
                yield from ((str(cell.value), cell.data_type == "f") for cell in row)
    else:
        yield from ((cell, False) for row in csv.reader(io.StringIO(content.decode(), newline="")) for cell in row)


@pytest.mark.parametrize("prefix", EACH_PREFIX, ids=repr)
def test_no_file_holds_a_formula(world: World, prefix: str) -> None:
    books, owner = hostile(world, f"{prefix}1+{MARK}")
    found, met = [], set()
    for path, content in files(world, books, owner):
        for text, formula in cells(content):
            met |= {path} if MARK in text else set()
            if formula or (MARK in text and text.lstrip(" ").startswith(PREFIXES)):
                found.append(f"{path}: {text[:30]!r}")
    assert found == []
    assert len(met) >= 20
