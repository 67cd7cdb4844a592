"""Filters and searches that operators think in: each leaves the rows it names, and every id leads to its rows."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import ImportBatch, StatementLineVersion
from reconciliation import workflow
from reconciliation.admin.log_words import ACTIONS
from reconciliation.models import ReconciliationActionLog, ReconciliationDiscrepancy, ReconciliationRun
from reconciliation.workflow.transitions import RUN_STEPS, TRANSITIONS
from tests.access.world import fill
from tests.people import browser, person, undrawn
from tests.reconciliation.admin.desk_books import books_with_everything
from tests.reconciliation.books import LATER, Books

pytestmark = pytest.mark.django_db
Row = ReconciliationDiscrepancy


@pytest.fixture(scope="module")
def books(rows_of_module: None) -> Books:
    books = books_with_everything()
    fill(books, "x", person("Operator", books.organization, name="olga"))
    return books


@pytest.fixture
def client(db: None, books: Books) -> Client:
    return browser(person("Auditor", books.organization))


def listed(client: Client, name: str, **asked: Any) -> list[Any]:
    model = f"reconciliation_{name}" if name in DESK else f"billing_{name}"
    return list(undrawn(client, reverse(f"admin:{model}_changelist"), asked)["cl"].result_list)


DESK = ("reconciliationdiscrepancy", "reconciliationitem", "reconciliationactionlog", "reconciliationrun", "bulkaction")


def test_the_log_is_found_by_run_discrepancy_and_any_record_and_by_who_did_what(books: Books, client: Client) -> None:
    noted = ReconciliationActionLog.objects.get(action="noted")
    row = Row.objects.get(pk=noted.discrepancy_id or 0)
    about = row.explanation["left"] or row.explanation["right"]
    own = about["own"] or about["key"]
    assert noted in listed(client, "reconciliationactionlog", q=f"D-{row.pk}")
    assert noted in listed(client, "reconciliationactionlog", q=own)
    assert listed(client, "reconciliationactionlog", q=str(noted.pk)) == [noted]
    run = ReconciliationRun.objects.get(comparison="payments")
    of_run = listed(client, "reconciliationactionlog", q=f"R-{run.pk}")
    assert of_run
    assert {entry.run_id for entry in of_run} == {run.pk}
    assert (
        listed(client, "reconciliationactionlog", q="R-x") == listed(client, "reconciliationactionlog", q="zzz") == []
    )
    assert listed(client, "reconciliationactionlog", action="noted") == [noted]
    assert listed(client, "reconciliationactionlog", who=str(noted.actor_user_id)) == [noted]
    assert noted not in listed(client, "reconciliationactionlog", who="nobody")
    assert listed(client, "reconciliationactionlog", who="me") == []


def test_every_step_of_the_workflow_can_be_asked_for_in_the_log() -> None:
    assert {step.logs for step in (*TRANSITIONS, *RUN_STEPS)} - set(ACTIONS) == set()


def test_a_charge_or_a_customer_leads_to_its_dispute(books: Books, client: Client) -> None:
    (dispute,) = Row.objects.exclude(reference="")
    for term in (dispute.reference, "ch_x"):
        assert dispute in listed(client, "reconciliationdiscrepancy", q=term)
    assert dispute not in listed(client, "reconciliationdiscrepancy", q="ch_y")


def test_payouts_and_invoices_are_found_by_what_they_hold(books: Books, client: Client) -> None:
    version = StatementLineVersion.objects.exclude(payout_reference="")[0]
    for term in (version.payout_reference, version.source_reference, version.line.external_id):
        assert [row.external_id for row in listed(client, "payout", q=term)] == [version.payout_reference], term
    assert listed(client, "payout", q="ch_nothing") == []
    for term in (version.invoice_reference, version.source_reference):
        assert version.invoice_reference in [row.external_id for row in listed(client, "invoice", q=term)], term


def test_a_customer_leads_to_invoices_and_statement_lines(books: Books, client: Client) -> None:
    of_invoices = StatementLineVersion.objects.exclude(invoice_reference="")
    StatementLineVersion.objects.create(
        **{
            **of_invoices.filter(organization=books.organization).order_by("pk").values()[0],
            "id": None, "number": 2, "customer": "cus_seen",
        }
    )  # fmt: skip
    assert len(listed(client, "statementline", q="cus_seen")) == 1
    assert len(listed(client, "invoice", q="cus_seen")) == 1  # the one that the line is for
    assert listed(client, "invoice", q="cus_see") == []


@pytest.mark.parametrize("name", ["invoice", "statementline", "payout", "invoicepayment"])
def test_amounts_narrow_the_lists_of_sources(client: Client, name: str) -> None:
    assert listed(client, name, amount_from="9.00", amount_to="10.00")
    assert listed(client, name, amount_from="10.01") == []
    assert listed(client, name, amount_from="nonsense") == []


def test_an_amount_finds_items_by_either_side(client: Client) -> None:
    for amount in ("20.00", "19.50"):
        (item,) = listed(client, "reconciliationitem", amount_from=amount, amount_to=amount)
        assert (item.left_amount_minor, item.right_amount_minor) == (2000, 1950)
    (only,) = listed(client, "reconciliationitem", amount_from="70.00", amount_to="70.00", outcome="only_right")
    assert only.right_amount_minor == 7000


def test_the_newest_runs_are_offered_where_rows_are_narrowed_to_one(books: Books, client: Client) -> None:
    run = ReconciliationRun.objects.get(comparison="payments")
    page = client.get(reverse("admin:reconciliation_reconciliationdiscrepancy_changelist"))
    (offered,) = (spec for spec in page.context["cl"].filter_specs if spec.parameter_name == "of_run")
    assert f"R-{run.pk} · {run.get_comparison_display()} · " in dict(offered.lookup_choices)[str(run.pk)]
    rows = listed(client, "reconciliationdiscrepancy", of_run=str(run.pk), status="all")
    assert {row.comparison for row in rows} == {"payments"}
    assert listed(client, "reconciliationdiscrepancy", of_run="999999999") == []


def test_runs_and_bulk_actions_are_narrowed_to_who_asked_for_them(books: Books, client: Client) -> None:
    olga = str(person("Operator", books.organization, name="otto").pk)
    assert listed(client, "reconciliationrun", who=olga) == []
    assert len(listed(client, "reconciliationrun", who="nobody")) == ReconciliationRun.objects.count()
    assert listed(client, "bulkaction", who=olga) == []


def test_an_import_is_found_by_its_file_and_its_kind(client: Client) -> None:
    batch = ImportBatch.objects.all()[0]
    for asked in ({"q": batch.filename}, {"q": batch.sha256.upper()}, {"kind": batch.kind}):
        assert batch in listed(client, "importbatch", **asked), asked
    assert listed(client, "importbatch", q=batch.filename[:-1]) == []


def test_steps_somebody_takes_show_among_their_own(books: Books) -> None:
    manager = person("Manager", books.organization)
    row = Row.objects.filter(status="open")[0]
    workflow.acknowledge(discrepancy_id=row.pk, expected_version=row.version, by=manager, now=LATER)
    (entry,) = listed(browser(manager), "reconciliationactionlog", who="me")
    assert (entry.action, entry.discrepancy_id) == ("acknowledged", row.pk)
