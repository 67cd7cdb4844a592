"""Causes from books to the desk: what was put in is found, stored, kept up to date and worked as one."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse
from django_q.models import OrmQ

from billing.models import ImportBatch, ProviderFetch
from reconciliation import bulk, causes
from reconciliation.admin.cause_evidence import evidence, fetch_of
from reconciliation.admin.cause_words import NAMES, cause_name
from reconciliation.causes.job import look_for_causes
from reconciliation.core.parameters import micros
from reconciliation.models import BulkAction, Cause, CauseMember, CauseState, ReconciliationDiscrepancy
from tests.people import browser, person
from tests.reconciliation.admin.desk_books import CANARY
from tests.reconciliation.books import LATER, NOON, Books, minutes
from tests.reconciliation.invoice_books import InvoiceBooks
from tests.reconciliation.payout_books import PayoutBooks

Row = ReconciliationDiscrepancy
QUEUE = reverse("admin:reconciliation_reconciliationdiscrepancy_changelist")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def matched(books: Books, count: int = 30) -> None:
    """Pairs that agree, one every four hours."""
    for number in range(count):
        at = NOON + timedelta(hours=4 * number)
        books.paid(f"ok{number}", 500 + number, f"ch_ok{number}", at=at)
        books.charged(f"ch_ok{number}", 500 + number, at=at)


def with_gap(books: Books, count: int = 7) -> Books:
    """Payments whose charges never arrived, within an hour of the third day; and one elsewhere."""
    matched(books)
    for number in range(count):
        books.paid(f"lost{number}", 900 + number, f"ch_lost{number}", at=NOON + 2 * DAY + minutes(5 + 8 * number))
    books.paid("elsewhere", 77, "ch_elsewhere", at=NOON + DAY + minutes(3))
    books.run()
    return books


@pytest.fixture
def books(db: None) -> Books:
    return with_gap(Books(timezone="Europe/Paris"))


def url(cause: Cause, view: str = "change") -> str:
    return reverse(f"admin:reconciliation_cause_{view}", args=[cause.pk])


def text(response: Any) -> str:
    return str(response.content.decode())


def test_a_webhook_gap_is_found_in_books_with_its_discrepancies(books: Books) -> None:
    assert causes.look_for(organization=books.organization, now=LATER) == 1
    cause = Cause.objects.get()
    lost = {row.pk for row in Row.objects.all() if str((row.explanation["left"] or {})["own"]).startswith("lost")}
    assert set(CauseMember.objects.filter(cause=cause).values_list("discrepancy_id", flat=True)) == lost
    ((found, told),) = causes.top_causes([books.organization.pk])
    assert (found, told.count, told.value_minor) == (cause, 7, {"EUR": sum(900 + number for number in range(7))})


def test_looking_again_changes_nothing_and_keeps_numbers(books: Books) -> None:
    causes.look_for(organization=books.organization, now=LATER)
    before = list(Cause.objects.values("pk", "facts", "rows_found"))
    causes.look_for(organization=books.organization, now=LATER)
    assert list(Cause.objects.values("pk", "facts", "rows_found")) == before


def test_a_cause_that_shrinks_keeps_its_number_and_one_that_is_over_goes(books: Books) -> None:
    causes.look_for(organization=books.organization, now=LATER)
    number = Cause.objects.get().pk
    books.charged("ch_lost0", 900, at=NOON + 2 * DAY + minutes(5))
    books.run()
    assert causes.stale([books.organization.pk]) == [books.organization.pk]
    causes.look_for(organization=books.organization, now=LATER)
    assert causes.stale([books.organization.pk]) == []
    assert (Cause.objects.get().pk, Cause.objects.get().rows_found) == (number, 6)
    for lost in range(1, 7):
        books.charged(f"ch_lost{lost}", 900 + lost, at=NOON + 2 * DAY + minutes(5 + 8 * lost))
    books.run()
    causes.look_for(organization=books.organization, now=LATER)
    assert not Cause.objects.exists()
    assert CauseState.objects.get().looked_at == 1


def test_a_job_looks_where_a_run_has_ended_since_and_is_asked_once(books: Books) -> None:
    own = [books.organization.pk]
    cache.clear()
    assert causes.ask_where_stale(own) == own
    assert causes.ask_where_stale(own) == own
    assert OrmQ.objects.count() == 1
    assert look_for_causes(own[0]) == "1 causes"
    assert look_for_causes(own[0]) == "up to date"
    assert causes.ask_where_stale(own) == []


def test_an_import_done_twice_is_named_with_its_file(db: None) -> None:
    books = Books()
    matched(books)
    batch = ImportBatch.objects.create(
        organization=books.organization, kind="payments", filename="again.csv", sha256="1" * 64, imported_at=LATER
    )
    books.run()
    for number in range(6):
        at = NOON + timedelta(hours=4 * number)
        books.paid(f"copy{number}", 500 + number, f"ch_ok{number}", at=at, batch=batch)
    books.run()
    causes.look_for(organization=books.organization, now=LATER)
    cause = Cause.objects.get()
    assert (cause.kind, cause.facts["copies"], cause.rows_found) == ("import_twice", 6, 12)
    page = text(browser(person("Operator", books.organization)).get(url(Cause.objects.get())))
    assert "again.csv" in page


def test_the_list_and_the_page_tell_name_evidence_and_arrivals(books: Books) -> None:
    client = browser(person("Auditor", books.organization))
    assert "the worker is looking again" in text(client.get(reverse("admin:reconciliation_cause_changelist")))
    causes.look_for(organization=books.organization, now=LATER)
    listed = text(client.get(reverse("admin:reconciliation_cause_changelist")))
    assert "Nothing arrived from the provider between 12 Oct 2026" in listed
    assert "8 discrepancies looked at" in listed
    page = text(client.get(url(Cause.objects.get())))
    assert "7 records in a row found no counterpart" in page
    assert "<svg" in page
    assert "As a table" in page
    assert "Work as one" not in page


def test_a_cause_is_worked_as_one(books: Books) -> None:
    operator = person("Operator", books.organization)
    client = browser(operator)
    causes.look_for(organization=books.organization, now=LATER)
    cause = Cause.objects.get()
    assert "Work as one" in text(client.get(url(cause)))
    response = client.post(url(cause, "work"), {"action": "acknowledge"})
    made = BulkAction.objects.get()
    assert response.headers["Location"] == reverse("admin:reconciliation_bulkaction_change", args=[made.pk])
    assert (made.rows_frozen, made.selection) == (7, {"kind": "cause", "cause": cause.pk})
    bulk.confirm(bulk=made, given={}, number=None, by=operator, now=LATER)
    bulk.work_bulk(made.pk)
    assert Row.objects.filter(status="acknowledged").count() == 7
    assert client.post(url(cause, "work"), {"action": "approve"}).status_code == 403
    assert client.get(url(cause, "work")).status_code == 403


def test_the_list_of_discrepancies_is_narrowed_to_a_cause(books: Books) -> None:
    causes.look_for(organization=books.organization, now=LATER)
    client = browser(person("Operator", books.organization))
    cause = Cause.objects.get()
    assert len(client.get(QUEUE, {"cause": cause.pk}).context["cl"].result_list) == 7
    for nonsense in ("x", "999999999", "9" * 30):
        assert not client.get(QUEUE, {"cause": nonsense}).context["cl"].result_list
    row = Row.objects.filter(cause_member__cause=cause).first()
    assert row is not None
    page = client.get(reverse("admin:reconciliation_reconciliationdiscrepancy_change", args=[row.pk]))
    assert url(cause) in text(page)


def test_causes_of_other_organizations_do_not_exist(books: Books) -> None:
    type(books.organization).objects.update(name=CANARY)
    causes.look_for(organization=books.organization, now=LATER)
    cause, other = Cause.objects.get(), Books("other")
    client = browser(person("Owner", other.organization, name="stranger"))
    assert CANARY not in text(client.get(reverse("admin:reconciliation_cause_changelist")))
    assert client.post(url(cause, "work"), {"action": "acknowledge"}).status_code == 404
    assert not client.get(f"{QUEUE}?cause={cause.pk}&status=all").context["cl"].result_list
    assert causes.top_causes([other.organization.pk]) == []
    assert not BulkAction.objects.exists()


def test_causes_of_statements_are_found_in_books_and_told(db: None) -> None:
    books = InvoiceBooks()
    for number in range(30):
        books.billed(f"INV-{number}", 1000 + number, at=NOON + number * HOUR)
        books.line(f"ok{number}", 1000 + number, f"INV-{number}", at=NOON + number * HOUR)
    for number in range(9):
        books.line(f"sub{number}", 700, f"SUB-{number}", at=NOON + 3 * number * HOUR, payout_reference="po_1")
    for number in range(2):
        books.line(f"moon{number}", -77, kind="unknown", type="moon_fee", category="moonlight")
    books.run()
    assert causes.look_for(organization=books.organization, now=LATER) == 2
    unknown, prefix = Cause.objects.filter(comparison="statements").order_by("rows_found")
    assert (unknown.kind, unknown.facts["word"], unknown.rows_found) == ("unclassified", "moonlight / moon_fee", 2)
    assert (prefix.kind, prefix.facts["prefix"], prefix.rows_found) == ("prefix", "SUB-", 9)
    assert (prefix.facts["rows"], prefix.facts["outside_of"]) == (9, 32)
    client = browser(person("Auditor", books.organization))
    listed = text(client.get(reverse("admin:reconciliation_cause_changelist")))
    assert "Payments for invoices that begin with “SUB-”" in listed
    assert "Lines of the type “moonlight / moon_fee”" in listed
    assert "9 of its 9 records have this discrepancy" in text(client.get(url(prefix)))
    assert "the same reason on record" in text(client.get(url(unknown)))
    assert causes.stale([books.organization.pk]) == []


def test_causes_of_payouts_are_found_in_books(db: None) -> None:
    books = PayoutBooks()
    for number in range(3):
        books.payout(f"po_{number}", 900, status="failed", failure_code="account_closed")
        books.line(f"txn_{number}", 900, payout=f"po_{number}")
    books.run()
    assert causes.look_for(organization=books.organization, now=LATER) == 1
    cause = Cause.objects.get()
    assert (cause.comparison, cause.kind, cause.facts["word"]) == ("payouts", "payouts_failed", "account_closed")
    page = text(browser(person("Auditor", books.organization)).get(url(cause)))
    assert "The bank sent payouts back: account_closed" in page


def test_a_cause_of_each_kind_has_a_name_and_evidence_and_a_fetch_leads_to_its_page(books: Books) -> None:
    fetch = ProviderFetch.objects.create(
        organization=books.organization, kind="statements", status="done", started_at=NOON, updated_at=NOON,
        range_start=NOON - DAY, range_end=NOON + DAY, started_by="hourly",
    )  # fmt: skip
    at = micros(NOON)
    told = {
        "side": "left", "record_kind": "invoice", "from": at, "to": at, "first": at, "last": at, "arrived_inside": 0,
        "shift": HOUR // timedelta(microseconds=1), "zone_like": True, "pairs": 1, "least": 0, "most": 0, "sign": 1,
        "factor": 100, "constant_minor": -30, "parts": 150, "examples": [[1, 2]], "batch": fetch.pk, "rows": 9,
        "prefix": "SUB-", "payout": "po_1", "customer": "cus_1", "word": "moon_fee", "type": "MISSING_INVOICE",
        "misfits": [], "outside": 0, "outside_of": 9,
    }  # fmt: skip
    for comparison in ("payments", "statements", "payouts"):
        for side in ("left", "right"):
            for kind in NAMES:
                examples = [[1, 900, -30]] if kind in ("constant", "share", "share_and_constant") else [[1, 2]]
                cause = Cause(
                    organization=books.organization, comparison=comparison, kind=kind, currency="EUR", rows_found=2,
                    facts=told | {"side": side, "examples": examples},
                )  # fmt: skip
                assert cause_name(cause)
                assert evidence(cause)
                named = "brought" in cause_name(cause)
                assert named == (
                    kind in ("import_twice", "import_faulty") and (comparison, side) == ("statements", "right")
                )
                assert (fetch_of(cause) == fetch) == ((comparison, side) == ("statements", "right"))
    gap = Cause(organization=books.organization, comparison="statements", kind="gap", rows_found=5, facts=told)
    assert f"F-{fetch.pk}" in "".join(evidence(gap))
    gap.facts = told | {"last": micros(NOON + 9 * DAY)}
    assert "No fetch covers all of" in "".join(evidence(gap))
