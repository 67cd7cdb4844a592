"""`bench admin`: the desk it fills is a sound one, each page is asked for, and each promise is told kept or broken."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from billing.models import Organization
from reconciliation import open_totals
from reconciliation.bench import desk_books, document, pages
from reconciliation.models import ReconciliationActionLog, ReconciliationDiscrepancy, ReconciliationItem


@pytest.mark.django_db
def test_the_desk_that_is_measured_is_a_sound_one_and_its_pages_take_few_queries() -> None:
    organization = Organization.objects.create(slug="bench", name="Bench", timezone="UTC")
    sizes = desk_books.fill(organization, items=300, now=timezone.now())
    assert (ReconciliationItem.objects.count(), ReconciliationDiscrepancy.objects.count()) == (300, 30)
    assert ReconciliationActionLog.objects.filter(action="opened").count() == sizes["discrepancies"] == 30
    assert open_totals.kept(organization.pk) == open_totals.counted(organization.pk)
    client = Client()
    client.force_login(User.objects.get(username=desk_books.PERSON))
    for name in ("queue", "queue_mine", "queue_late", "items", "items_late", "log"):
        found = pages.page(client, pages.address_of(client, name), turns=1)
        assert 5 <= found["queries"] <= pages.MOST_QUERIES, name


def told(**more: Any) -> dict[str, dict[str, Any]]:
    return {name: {"queries": 9, "ms": 40.0, **more} for name in pages.PAGES}


def test_a_page_keeps_its_promise_by_queries_and_by_time() -> None:
    assert all(row["met"] for row in pages.compared(told(), told(ms=79.0)))
    slow = {row["name"]: row["met"] for row in pages.compared(told(), told(ms=81.0))}
    assert slow["today"]
    assert not slow["queue"]
    many = {row["name"]: row["met"] for row in pages.compared(told(), told(queries=13))}
    assert not many["items"]


def test_pages_have_a_table_in_the_document() -> None:
    one = {
        "bench": "admin", "rows": 1_000_000, "database": "sqlite", "repeat": 1, "load_before": "0.1", "settings": {},
        "machine": {"cores": "2", "processor": "x", "memory": "4 GB", "system": "Linux"},
        "sizes": {"items": 1_000_000}, "pages": pages.compared(told(), told(ms=60.0)),
    }  # fmt: skip
    text = document.document([one])
    assert "| Discrepancies, all open | 9 | 60 | 40 | 1.50 × | ✓ |" in text
    assert "1,000,000 items." in text
