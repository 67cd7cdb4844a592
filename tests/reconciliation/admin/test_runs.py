"""Runs in the admin: triggered by those who may, followed while they go on, read when they have ended."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.urls import reverse
from django_q.models import OrmQ

from reconciliation.admin.run_page import control_words
from reconciliation.models import ReconciliationItem, ReconciliationRun
from reconciliation.tasks import trigger_run
from tests.people import browser, person
from tests.reconciliation.admin.desk_books import books_of_somebody_else, books_with_everything
from tests.reconciliation.books import END, LATER, START, Books

TRIGGER = "admin:reconciliation_reconciliationrun_trigger"


@pytest.fixture
def books(db: None) -> Books:
    return books_with_everything()


def asked(books: Books, **changes: str) -> dict[str, str]:
    days = {"first_day": "2026-10-01", "last_day": "2026-10-31"}
    return {"organization": str(books.organization.pk), "comparison": "payments", **days, **changes}


def run_url(run: Any, view: str = "change", *more: str) -> str:
    return reverse(f"admin:reconciliation_reconciliationrun_{view}", args=[run.pk, *more])


@pytest.mark.parametrize("role", ["Manager", "Owner", "superuser"])
def test_those_who_may_trigger_a_run_get_a_queued_one_with_a_job(books: Books, role: str) -> None:
    client = browser(person(role, books.organization))
    response = client.post(reverse(TRIGGER), asked(books))
    run = ReconciliationRun.objects.get()
    assert response["Location"] == run_url(run)
    assert (run.status, run.requested_via, OrmQ.objects.count()) == ("queued", "admin", 1)
    # Days of Europe/Paris: midnight is 22:00 or 23:00 UTC the day before.
    assert (run.period_start, run.period_end) == (
        datetime(2026, 9, 30, 22, tzinfo=UTC),
        datetime(2026, 10, 31, 23, tzinfo=UTC),
    )


@pytest.mark.parametrize("role", ["Operator", "Auditor", "Integration"])
def test_others_may_not_trigger_a_run_nor_see_the_button(books: Books, role: str) -> None:
    client = browser(person(role, books.organization))
    assert client.get(reverse(TRIGGER)).status_code == 403
    assert client.post(reverse(TRIGGER), asked(books)).status_code == 403
    assert ReconciliationRun.objects.count() == OrmQ.objects.count() == 0
    assert (
        reverse(TRIGGER)
        not in client.get(reverse("admin:reconciliation_reconciliationrun_changelist")).content.decode()
    )


def test_looking_at_the_form_starts_nothing(books: Books) -> None:
    client = browser(person("Manager", books.organization))
    page = client.get(reverse(TRIGGER), {"first_day": "2026-10-01", "last_day": "2026-10-31"})
    assert 'value="2026-10-01"' in page.content.decode()
    assert ReconciliationRun.objects.count() == OrmQ.objects.count() == 0


def test_a_run_of_another_organization_cannot_be_triggered(books: Books) -> None:
    other = books_of_somebody_else()
    client = browser(person("Manager", books.organization))
    response = client.post(reverse(TRIGGER), asked(other))
    assert response.status_code == 200
    assert response.context["form"].errors["organization"]
    assert ReconciliationRun.objects.count() == 0


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"last_day": "2026-09-30"}, "last_day"),
        ({"first_day": "soon"}, "first_day"),
        ({"first_day": "0001-01-01"}, "first_day"),
        ({"last_day": "9999-12-31"}, "last_day"),
        ({"comparison": "horoscopes"}, "comparison"),
    ],
)
def test_a_form_filled_in_wrong_says_where(books: Books, wrong: dict[str, str], field: str) -> None:
    client = browser(person("Manager", books.organization))
    response = client.post(reverse(TRIGGER), asked(books, **wrong))
    assert field in response.context["form"].errors
    assert ReconciliationRun.objects.count() == 0


def test_triggering_a_period_twice_gives_the_same_run(books: Books) -> None:
    client = browser(person("Manager", books.organization))
    assert (
        client.post(reverse(TRIGGER), asked(books))["Location"]
        == client.post(reverse(TRIGGER), asked(books))["Location"]
    )
    assert ReconciliationRun.objects.count() == 1


def test_a_run_that_is_not_stored_leaves_no_job_behind(ledger_transactions: None) -> None:
    books = Books()
    with transaction.atomic():
        queued(books)
        assert OrmQ.objects.count() == 1
        transaction.set_rollback(True)
    assert ReconciliationRun.objects.count() == OrmQ.objects.count() == 0


def queued(books: Books) -> ReconciliationRun:
    return trigger_run(organization=books.organization, comparison="payments", start=START, end=END, by=None, now=LATER)


def test_a_queued_run_says_so_and_asks_about_the_worker_after_a_while(books: Books) -> None:
    run = queued(books)
    client = browser(person("Operator", books.organization))
    with time_machine.travel(LATER + timedelta(seconds=5), tick=False):
        assert "Is the worker running?" not in client.get(run_url(run)).content.decode()
    with time_machine.travel(LATER + timedelta(minutes=3), tick=False):
        page = client.get(run_url(run, "progress")).content.decode()
    assert "Queued for 3 minutes. Is the worker running?" in page


def test_progress_is_shown_while_a_run_goes_on(books: Books) -> None:
    run = queued(books)
    ReconciliationRun.objects.filter(pk=run.pk).update(
        status="running", stage="explaining", progress_percent=45, started_at=LATER
    )
    client = browser(person("Operator", books.organization))
    with time_machine.travel(LATER + timedelta(seconds=30), tick=False):
        page = client.get(run_url(run, "progress"))
        late = time_machine.travel(LATER + timedelta(minutes=20), tick=False)
    assert "Explaining the differences" in page.content.decode()
    assert 'value="45"' in page.content.decode()
    with late:
        assert "seems to have been stopped" in client.get(run_url(run, "progress")).content.decode()


def test_when_a_run_has_ended_the_page_is_told_to_show_the_report(books: Books) -> None:
    result = books.run()
    client = browser(person("Operator", books.organization))
    assert client.get(run_url(result.run, "progress"))["HX-Refresh"] == "true"


def test_a_report_adds_up_on_the_page(books: Books) -> None:
    result = books.run()
    client = browser(person("Auditor", books.organization))
    page = client.get(run_url(result.run))
    euros = next(block for block in page.context["report"]["currencies"] if block["currency"] == "EUR")
    total, control = euros["totals"]
    for side in ("left_count", "right_count"):
        assert sum(int(getattr(line, side)) for line in euros["lines"]) == int(getattr(total, side))
        assert getattr(total, side) == getattr(control, side)
    assert euros["verdict"].startswith("✓")


def test_each_line_of_a_report_opens_the_items_it_counts(books: Books) -> None:
    result = books.run()
    client = browser(person("Auditor", books.organization))
    report = client.get(run_url(result.run)).context["report"]
    for block in report["currencies"]:
        for line in block["lines"]:
            rows = client.get(line.url).context["cl"].result_list
            ours = sum(1 for row in rows if row.left_id and row.left_currency == block["currency"])
            theirs = sum(1 for row in rows if row.right_id and row.right_currency == block["currency"])
            assert (ours, theirs) == (int(line.left_count), int(line.right_count)), (block["currency"], line.name)


def test_items_of_a_run_are_shown_as_that_run_left_them(books: Books) -> None:
    first = books.run()
    books.charged("ch_declined", 5000, customer="cus_5")
    books.run()
    client = browser(person("Auditor", books.organization))
    url = reverse("admin:reconciliation_reconciliationitem_changelist")
    then = client.get(url, {"run": str(first.run and first.run.pk), "outcome": "mismatched", "q": "ch_declined"})
    assert len(then.context["cl"].result_list) == 1
    assert len(client.get(url, {"outcome": "mismatched", "q": "ch_declined"}).context["cl"].result_list) == 0
    assert ReconciliationItem.objects.filter(closed_run__isnull=False).exists()


def test_a_gap_between_lines_and_records_read_is_said_in_words() -> None:
    cell = {"count": 3, "amount_minor": 300}
    read = {"left": {"count": 4, "amount_minor": 350}, "right": cell}
    totals = {"control": False, "total": {"left": cell, "right": cell}, "read": read}  # fmt: skip
    assert "ours: -1 records, −0.50 EUR" in control_words(totals, "EUR")


def test_the_downloaded_report_is_what_its_digest_covers(books: Books) -> None:
    result = books.run()
    client = browser(person("Auditor", books.organization))
    downloaded = client.get(run_url(result.run, "report", "json"))
    assert result.run is not None
    assert hashlib.sha256(downloaded.content).hexdigest() == result.run.report_digest
    assert json.loads(downloaded.content)["organization"] == "acme"
    assert client.get(run_url(result.run, "report", "md")).content.decode() == result.run.report_markdown
    assert client.get(run_url(result.run, "report", "exe")).status_code == 404


@pytest.mark.parametrize(("view", "more"), [("progress", ()), ("report", ("json",)), ("report", ("md",))])
def test_another_organizations_run_is_not_there(books: Books, view: str, more: tuple[str, ...]) -> None:
    other = books_of_somebody_else().run()
    client = browser(person("Manager", books.organization))
    assert client.get(run_url(other.run, view, *more)).status_code == 404


def test_a_failed_run_says_what_is_safe_and_what_to_do(books: Books) -> None:
    run = queued(books)
    ReconciliationRun.objects.filter(pk=run.pk).update(status="error", error="OSError: disk full", finished_at=LATER)
    page = browser(person("Manager", books.organization)).get(run_url(run)).content.decode()
    assert "Nothing was written by it" in page
    assert "OSError: disk full" in page
    assert "Run this period again" in page
