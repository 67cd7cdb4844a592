"""Texts from outside stay texts (TRUST 16): a payload in every column runs in no page and in no spreadsheet."""

import csv

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing.models import Membership
from reconciliation.admin.exports import COLUMNS
from tests.people import browser, person
from tests.reconciliation.books import Books

from .routes import NOBODY
from .test_matrix import ENDS_THE_SESSION, listed, rule
from .test_tenants import body
from .world import World, fill

SCRIPT = "<img src=x onerror=alert(1)>"
PREFIXES = ("=", pytest.param("+", marks=pytest.mark.trust), pytest.param("@", marks=pytest.mark.trust))


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
    owner: User = person("Owner", books.organization, name="an-owner")
    return books, browser(owner)


@pytest.mark.django_db
@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_payload_in_every_text_runs_nowhere(prefix: str) -> None:
    world = World()
    payload = f"{prefix}{SCRIPT}"
    books, owner = hostile(world, payload)
    seen, running = 0, []
    for address in listed():
        if address.name in ENDS_THE_SESSION or "Owner" not in rule(address).get | NOBODY:
            continue
        answer = owner.get(world.path(address, books.organization))
        page = body(answer)
        seen += "&lt;img src=x onerror" in page
        if "html" in answer.headers.get("Content-Type", "") and SCRIPT in page:
            running.append(address.name)
    assert running == []
    assert seen >= 10
    assert formulas(owner, payload) == []


def formulas(owner: Client, payload: str) -> list[str]:
    """Cells of the lists, as files, that a spreadsheet would take for a formula; each list holds the payload or not."""
    found, met = [], 0
    for name in COLUMNS:
        rows = csv.reader(body_text(owner, f"/admin/reconciliation/listexport/take/{name}.csv").splitlines())
        cells = [cell for row in rows for cell in row if payload in cell]
        met += len(cells)
        found += [f"{name}: {cell[:30]}" for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert met >= 5
    return found


def body_text(owner: Client, path: str) -> str:
    answer = owner.get(path)
    assert answer.status_code == 200, path
    return b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
