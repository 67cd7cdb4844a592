"""Dry runs through the form: worked by the job, shown with their would-be result, and nothing is written by them."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ

from reconciliation.dry_runs import KEPT, MAX_STARTS, trigger_dry_run, work_dry_run
from reconciliation.models import DryRun, ReconciliationRun
from tests.people import browser, person
from tests.reconciliation.admin.desk_books import books_of_somebody_else, books_with_everything
from tests.reconciliation.books import END, LATER, START, Books, rows_written

TRIGGER = "admin:reconciliation_reconciliationrun_trigger"


@pytest.fixture
def books(db: None) -> Books:
    return books_with_everything()


def asked(books: Books, **changes: str) -> dict[str, str]:
    days = {"first_day": "2026-10-01", "last_day": "2026-10-31"}
    return {"organization": str(books.organization.pk), "comparison": "payments", "dry_run": "on", **days, **changes}


def queued(books: Books, tolerance_minor: int | None = None) -> DryRun:
    return trigger_dry_run(
        organization=books.organization, comparison="payments", start=START, end=END, by=None, now=LATER,
        tolerance_minor=tolerance_minor,
    )  # fmt: skip


def worked(dry: DryRun) -> DryRun:
    with time_machine.travel(LATER, tick=False):
        work_dry_run(dry.pk)
    dry.refresh_from_db()
    return dry


def page(client: Client, dry: DryRun) -> Any:
    return client.get(reverse("admin:reconciliation_dryrun_change", args=[dry.pk]))


def test_a_dry_run_goes_to_the_worker_and_writes_nothing(books: Books) -> None:
    client = browser(person("Manager", books.organization))
    answer = client.post(reverse(TRIGGER), asked(books))
    dry = DryRun.objects.get()
    assert answer["Location"] == reverse("admin:reconciliation_dryrun_change", args=[dry.pk])
    assert OrmQ.objects.count() == 1
    assert "Waiting for the worker" in page(client, dry).content.decode()
    before = rows_written()
    assert worked(dry).status == "done"
    assert rows_written() == before
    assert ReconciliationRun.objects.count() == 0


def test_what_a_dry_run_shows_is_what_a_run_then_says(books: Books) -> None:
    dry = worked(queued(books))
    result = books.run()
    assert result.run is not None
    assert dry.report == result.run.report
    assert dry.written == result.written
    client = browser(person("Auditor", books.organization))
    shown = page(client, dry)
    assert "nothing is written by it" in shown.content.decode()
    real = client.get(reverse("admin:reconciliation_reconciliationrun_change", args=[result.run.pk])).context["report"]
    assert [block["totals"] for block in shown.context["report"]["currencies"]] == [
        block["totals"] for block in real["currencies"]
    ]
    assert not any(line.url for block in shown.context["report"]["currencies"] for line in block["lines"])


def test_another_tolerance_is_tried_in_a_dry_run(books: Books) -> None:
    strict, easy = worked(queued(books)), worked(queued(books, tolerance_minor=60))
    assert strict.report is not None
    assert easy.report is not None
    assert strict.report["discrepancies"]["AmountMismatch"] == 2
    assert "AmountMismatch" not in easy.report["discrepancies"]
    assert easy.report["rules"]["tolerance_minor"] == 60


def test_a_run_that_writes_takes_no_other_tolerance_than_the_organizations(books: Books) -> None:
    client = browser(person("Manager", books.organization))
    answer = client.post(reverse(TRIGGER), asked(books, dry_run="", tolerance_minor="100000"))
    assert "Choose a dry run" in str(answer.context["form"].errors["tolerance_minor"])
    assert ReconciliationRun.objects.count() == OrmQ.objects.count() == 0
    client.post(reverse(TRIGGER), asked(books, dry_run="", tolerance_minor="0"))
    assert ReconciliationRun.objects.count() == 1


@pytest.mark.parametrize("role", ["Operator", "Auditor"])
def test_others_see_dry_runs_and_start_none(books: Books, role: str) -> None:
    client = browser(person(role, books.organization))
    assert client.post(reverse(TRIGGER), asked(books)).status_code == 403
    shown = page(client, worked(queued(books)))
    assert shown.status_code == 200
    assert "for real" not in shown.content.decode()


def test_a_dry_run_of_another_organization_is_not_there(books: Books) -> None:
    dry = worked(queued(books_of_somebody_else()))
    client = browser(person("Manager", books.organization))
    assert page(client, dry).status_code == 302
    assert client.get(reverse("admin:reconciliation_dryrun_progress", args=[dry.pk])).status_code == 404
    assert len(client.get(reverse("admin:reconciliation_dryrun_changelist")).context["cl"].result_list) == 0


def test_when_it_has_ended_the_page_is_told_to_show_the_result(books: Books) -> None:
    client = browser(person("Operator", books.organization))
    dry = queued(books)
    url = reverse("admin:reconciliation_dryrun_progress", args=[dry.pk])
    with time_machine.travel(LATER + timedelta(minutes=3), tick=False):
        assert "Is the worker running?" in client.get(url).content.decode()
    worked(dry)
    assert client.get(url)["HX-Refresh"] == "true"


def test_a_failure_is_stored_and_told(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_options: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("reconciliation.dry_runs.rehearse", fail)
    dry = worked(queued(books))
    assert (dry.status, dry.error) == ("error", "OSError: disk full")
    assert "OSError: disk full" in page(browser(person("Operator", books.organization)), dry).content.decode()


def test_a_dry_run_that_kills_its_worker_is_given_up(books: Books) -> None:
    dry = queued(books)
    DryRun.objects.filter(pk=dry.pk).update(attempts=MAX_STARTS, status="running")
    assert worked(dry).status == "error"
    assert work_dry_run(dry.pk) == "already ended"


def test_dry_runs_are_forgotten_after_a_month(books: Books) -> None:
    old = queued(books)
    DryRun.objects.filter(pk=old.pk).update(created_at=LATER - KEPT - timedelta(seconds=1))
    new = queued(books)
    assert list(DryRun.objects.values_list("pk", flat=True)) == [new.pk]
