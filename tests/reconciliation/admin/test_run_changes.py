"""What changed between two runs: each figure counts exactly the rows behind its link, and none of somebody else's."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reconciliation.models import ReconciliationRun
from tests.people import browser, person, undrawn
from tests.reconciliation.admin.desk_books import books_of_somebody_else, books_with_everything
from tests.reconciliation.books import LATER, Books


@pytest.fixture
def books(db: None) -> Books:
    return books_with_everything()


def ended(books: Books, days: int = 0) -> ReconciliationRun:
    run = books.run(now=LATER + timedelta(days=days)).run
    assert run is not None
    return run


def told(client: Client, run: ReconciliationRun, **query: Any) -> Any:
    return client.get(reverse("admin:reconciliation_reconciliationrun_changes", args=[run.pk]), query)


def behind(client: Client, url: str) -> int:
    return len(undrawn(client, url)["cl"].result_list)


def something_happens(books: Books) -> None:
    """One difference goes, one comes, an amount changes, a record comes in."""
    books.charged("ch_declined", 5000, customer="cus_5")
    books.charged("ch_less", 1940, fee_minor=50, customer="cus_2")
    books.paid("late", 4200, "ch_late", customer="cus_late")


def test_each_figure_counts_the_rows_behind_its_link(books: Books) -> None:
    ended(books)
    something_happens(books)
    second = ended(books, days=1)
    client = browser(person("Auditor", books.organization))
    context = told(client, second).context
    figures = [row for row in context["discrepancies"] if row["url"]]
    figures += [cell for row in context["items"] for cell in row["cells"] if cell["url"]]
    assert {row["name"] for row in context["discrepancies"] if row["url"]} == {"Opened", "Changed", "Cleared"}
    assert len(figures) > 5
    for figure in figures:
        assert behind(client, figure["url"]) == int(figure["count"]), figure
    assert [(row["name"], str(row["change"])) for row in context["shifts"] if "Count" in row["name"]] == [
        ("EUR, Count, ours", "+1")
    ]


def test_what_two_runs_did_one_after_the_other_is_seen_together(books: Books) -> None:
    first = ended(books)
    something_happens(books)
    ended(books, days=1)
    books.charged("ch_odd", 3000, customer="cus_3")
    third = ended(books, days=2)
    client = browser(person("Auditor", books.organization))

    def cleared(**query: Any) -> str:
        rows = told(client, third, **query).context["discrepancies"]
        return next(str(row["count"]) for row in rows if row["name"] == "Cleared")

    assert (cleared(), cleared(since=first.pk)) == ("1", "2")


def test_the_later_of_two_runs_is_the_end_whichever_page_asks(books: Books) -> None:
    first = ended(books)
    something_happens(books)
    second = ended(books, days=1)
    client = browser(person("Auditor", books.organization))
    forward = told(client, second, since=first.pk).context
    backward = told(client, first, since=second.pk).context
    assert forward["heading"] == backward["heading"] == f"From {first} to {second}"
    assert [row["count"] for row in forward["discrepancies"]] == [row["count"] for row in backward["discrepancies"]]


def test_two_equal_runs_say_that_nothing_changed(books: Books) -> None:
    ended(books)
    second = ended(books, days=1)
    client = browser(person("Auditor", books.organization))
    answer = told(client, second)
    assert "byte for byte" in answer.content.decode()
    assert not answer.context["items"]
    assert not answer.context["discrepancies"]


def test_a_first_run_says_that_there_is_nothing_to_compare_with(books: Books) -> None:
    client = browser(person("Auditor", books.organization))
    assert "nothing to compare with yet" in told(client, ended(books)).content.decode()


def test_a_run_of_another_period_is_compared_over_this_ones(books: Books) -> None:
    first = ended(books)
    something_happens(books)
    whole = books.run(now=LATER + timedelta(days=1), end=LATER).run
    assert whole is not None
    client = browser(person("Auditor", books.organization))
    context = told(client, whole, since=first.pk).context
    assert context["other_period"]
    assert not context["shifts"]
    assert any(row["url"] for row in context["discrepancies"])


def test_a_span_of_runs_that_are_not_ones_own_shows_no_row(books: Books) -> None:
    own, other = ended(books), ended(books_of_somebody_else())
    client = browser(person("Auditor", books.organization))
    for asked in ("{other}-{other}-{other}", "{own}-{own}-{other}", "1", "x-y-z", "1-2-3-4", "--", "²-1-1"):
        code = asked.format(own=own.pk, other=other.pk)
        for model in ("item", "discrepancy"):
            url = reverse(f"admin:reconciliation_reconciliation{model}_changelist")
            query = {"changes": f"opened.{code}", "status" if model != "item" else "versions": "all"}
            assert len(undrawn(client, url, query)["cl"].result_list) == 0, code
    assert told(client, other).status_code == 404
    assert told(client, own, since=other.pk).context["nothing_to_compare"]


def test_the_links_of_the_report_open_what_is_open_of_its_period(books: Books) -> None:
    run = ended(books)
    client = browser(person("Auditor", books.organization))
    rows = client.get(reverse("admin:reconciliation_reconciliationrun_change", args=[run.pk])).context["report"]["open"]
    for row in rows:
        assert behind(client, row["url"]) == int(row["count"]), row["name"]
    assert len(rows) > 4
