"""Today, the parts of a run's page, the statement to sign and a dry run say nothing in English to a French reader."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import translation

from reconciliation.dry_runs import trigger_dry_run, work_dry_run
from tests.french import english_left
from tests.people import browser, person
from tests.reconciliation.admin.desk_books import books_with_everything
from tests.reconciliation.books import END, LATER, START

DATA = ("which", "matched", "less", "Acme")


def own_part(page: str) -> str:
    """A page without what stands around every page; a part of a page, or one of its own, is taken whole."""
    return page[max(0, page.find('<div class="desk')) :]


@pytest.mark.pages
@pytest.mark.django_db
def test_what_is_told_of_runs_is_told_in_french() -> None:
    books = books_with_everything()
    books.run()
    books.charged("ch_declined", 5000, customer="cus_5")
    run = books.run(now=LATER + timedelta(days=1)).run
    assert run is not None
    dry = trigger_dry_run(
        organization=books.organization, comparison="payments", start=START, end=END, tolerance_minor=60, by=None,
        now=LATER,
    )  # fmt: skip
    work_dry_run(dry.pk)
    name = "admin:reconciliation_reconciliationrun"
    pages = [
        reverse("admin:index"),
        *(reverse(f"{name}_{view}", args=[run.pk]) for view in ("change", "changes", "print")),
        reverse(f"{name}_trigger"),
        reverse("admin:reconciliation_dryrun_change", args=[dry.pk]),
    ]
    with time_machine.travel(LATER + timedelta(days=1, hours=1), tick=False), translation.override("fr"):
        client = browser(person("Manager", books.organization, name="sophie"))
        client.cookies["django_language"] = "fr"
        told = {page: own_part(client.get(page).content.decode()) for page in pages}
    assert {page: english_left(text, data=(*DATA, str(run), str(dry))) for page, text in told.items()} == {
        page: [] for page in pages
    }
