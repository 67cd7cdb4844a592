"""An empty list says where its rows will come from."""

import pytest
from django.urls import reverse

from tests.people import browser, person
from tests.reconciliation.books import Books

pytestmark = [pytest.mark.django_db, pytest.mark.pages]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("reconciliation_closingthreshold", "Every resolution needs two people."),
        ("reconciliation_feeterms", "No fee is compared."),
        ("reconciliation_bulkaction", "Tick rows of the queue"),
        ("reconciliation_dryrun", "A dry run shows what a run would find, and writes nothing."),
        ("reconciliation_listexport", "Every list can be exported."),
        ("billing_statementwithdrawal", "A faulty ingestion is withdrawn on its page."),
        ("billing_payment", "Rows appear as payments and provider records come in and runs compare them."),
    ],
)
def test_an_empty_list_says_where_its_rows_come_from(name: str, told: str) -> None:
    client = browser(person("Owner", Books().organization))
    shown = client.get(reverse(f"admin:{name}_changelist")).content.decode()
    assert "Nothing here yet" in shown
    assert told in shown
