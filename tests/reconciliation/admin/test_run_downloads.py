"""A run's report taken away: the same figures in every form, for one's own organizations only, and a page to sign."""

import csv
import io
import json
import re
from typing import Any

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from reconciliation.models import ReconciliationRun
from tests.people import browser, person
from tests.reconciliation.admin.desk_books import books_of_somebody_else, books_with_everything
from tests.reconciliation.books import Books


@pytest.fixture
def books(db: None) -> Books:
    return books_with_everything()


def finished(books: Books) -> ReconciliationRun:
    run = books.run().run
    assert run is not None
    return run


def taken(books: Books, run: ReconciliationRun, form: str) -> bytes:
    url = reverse("admin:reconciliation_reconciliationrun_report", args=[run.pk, form])
    answer: Any = browser(person("Auditor", books.organization)).get(url)
    assert answer.status_code == 200
    assert answer["Content-Disposition"] == f'attachment; filename="acme-payments-{run}.{form}"'
    return content_of(answer)


def content_of(answer: Any) -> bytes:
    """All of an answer; reading a file to its end closes it."""
    content: bytes = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content


def test_the_csv_holds_the_stored_totals_as_numbers(books: Books) -> None:
    run = finished(books)
    rows = list(csv.DictReader(io.StringIO(taken(books, run, "csv").decode())))
    for code, totals in (run.report or {})["totals"].items():
        lines = {row["line"]: row for row in rows if row["currency"] == code}
        for name, sides in {**totals["outcomes"], "control_total": totals["read"]}.items():
            for side in ("left", "right"):
                assert int(lines[name][f"{side}_count"]) == sides[side]["count"]
                assert round(float(lines[name][f"{side}_amount"]) * 100) == sides[side]["amount_minor"]
    outcomes = [row for row in rows if row["currency"] == "EUR"][:7]
    total = next(row for row in rows if row["currency"] == "EUR" and row["line"] == "total")
    assert sum(int(row["left_count"]) for row in outcomes) == int(total["left_count"])


def test_the_workbook_says_what_was_compared_and_adds_up(books: Books) -> None:
    run = finished(books)
    book = load_workbook(io.BytesIO(taken(books, run, "xlsx")))
    facts = dict(book["Parameters"].iter_rows(min_row=2, values_only=True))
    assert facts["SHA-256 of the report"] == run.report_digest
    assert facts["Run"] == str(run)
    euros = [row for row in book["Totals"].iter_rows(min_row=2, values_only=True) if row[0] == "EUR"]
    for column in range(2, 7):
        numbers: list[Any] = [row[column] for row in euros]
        assert round(sum(numbers[:7]), 2) == numbers[7], column
    total: Any = euros[7]
    assert total[6] == round(total[5] - total[3], 2)
    counts = dict(book["Open discrepancies"].iter_rows(min_row=2, values_only=True))
    assert sum(counts.values()) == sum((run.report or {})["discrepancies"].values())


def test_the_printed_page_carries_parameters_digest_and_lines_to_sign(books: Books) -> None:
    run = finished(books)
    user = person("Auditor", books.organization)
    page = browser(user).get(reverse("admin:reconciliation_reconciliationrun_print", args=[run.pk])).content.decode()
    for words in (
        run.report_digest,
        "Europe/Paris",
        "Grace period",
        "Prepared by",
        "Approved by",
        "auditor",
        "Control",
    ):
        assert words in page
    assert "<script" not in page


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("view", ["report", "print"])
def test_the_report_of_another_organization_is_not_there(books: Books, form: str, view: str) -> None:
    run = finished(books_of_somebody_else())
    client = browser(person("Manager", books.organization))
    arguments = [run.pk, form] if view == "report" else [run.pk]
    assert client.get(reverse(f"admin:reconciliation_reconciliationrun_{view}", args=arguments)).status_code == 404


def test_a_run_without_a_report_has_nothing_to_take_away(books: Books) -> None:
    run = finished(books)
    ReconciliationRun.objects.filter(pk=run.pk).update(report=None, status="error")
    client = browser(person("Auditor", books.organization))
    for view, more in (("report", ["csv"]), ("report", ["json"]), ("print", [])):
        url = reverse(f"admin:reconciliation_reconciliationrun_{view}", args=[run.pk, *more])
        assert client.get(url).status_code == 404
    assert (
        "report.csv"
        not in client.get(reverse("admin:reconciliation_reconciliationrun_change", args=[run.pk])).content.decode()
    )


def test_every_form_offered_on_the_page_can_be_had(books: Books) -> None:
    run = finished(books)
    client = browser(person("Operator", books.organization))
    page = client.get(reverse("admin:reconciliation_reconciliationrun_change", args=[run.pk]))
    forms = {re.sub(r".*report\.", "", url) for _name, url in page.context["downloads"]}
    assert forms == {"csv", "xlsx", "json", "md"}
    for _name, url in page.context["downloads"]:
        answer = client.get(url)
        assert answer.status_code == 200
        assert content_of(answer)
    assert json.loads(client.get(page.context["downloads"][2][1]).content) == run.report
