"""Runs: what they store, and that they change nothing needlessly."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from billing.models import Organization
from reconciliation.core import report as reports
from reconciliation.models import (
    ReconciliationActionLog,
    ReconciliationDiscrepancy,
    ReconciliationItem,
)
from reconciliation.report_markdown import markdown
from tests.people import person
from tests.reconciliation.books import END, LATER, START, Books, filled, rows_written

pytestmark = pytest.mark.django_db
MID = datetime(2026, 10, 16, tzinfo=UTC)


@pytest.fixture
def books() -> Books:
    return Books()


def test_running_again_writes_nothing_and_reports_the_same_bytes(books: Books) -> None:
    first = filled(books).run()
    before = rows_written()
    second = books.run(now=LATER + timedelta(hours=5))
    assert second.written == {"items": 0, "discrepancies": 0, "log": 0}
    assert rows_written() == before
    assert reports.canonical(first.report) == reports.canonical(second.report)
    assert markdown(first.report) == markdown(second.report)


def test_every_record_read_is_counted_once_per_side_and_currency(books: Books) -> None:
    totals = filled(books).run().totals
    assert {currency: cell["control"] for currency, cell in totals.items()} == {"EUR": True, "JPY": True}
    assert totals["EUR"]["total"]["left"]["count"] == 5
    assert totals["EUR"]["total"]["right"]["count"] == 9


def test_a_late_event_clears_what_it_explains_and_the_log_says_so(books: Books) -> None:
    books.paid("p1", key="ch_1")
    books.run()
    books.charged("ch_1")
    result = books.run()
    row = books.only("MissingProviderRecord")
    assert (result.status, row.status, row.resolution_code) == ("ok", "resolved", "cleared")
    last = ReconciliationActionLog.objects.latest("id")
    assert (last.action, last.after["outcome"], last.after["match_pass"]) == ("cleared", "matched", "reference")


def test_a_difference_that_comes_back_reopens_the_same_discrepancy(books: Books) -> None:
    books.paid("p1", 1000, key="ch_1")
    books.charged("ch_1", 900)
    books.run()
    first = books.only("AmountMismatch")
    books.charged("ch_1", 1000)
    books.run()
    books.charged("ch_1", 800)
    books.run()
    again = books.only("AmountMismatch")
    assert (again.pk, again.status, again.difference_minor) == (first.pk, "open", -200)
    actions = list(ReconciliationActionLog.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["opened", "cleared", "reopened"]


@pytest.mark.parametrize(("amount", "status"), [(900, "resolved"), (800, "open")])
def test_a_difference_accepted_by_a_person_stays_resolved_until_its_amount_changes(
    books: Books, amount: int, status: str
) -> None:
    books.paid("p1", 1000, key="ch_1")
    books.charged("ch_1", 900)
    books.run()
    ReconciliationDiscrepancy.objects.update(
        status="resolved", resolution_code="accepted_difference", resolved_at=LATER, closing_rule="four_eyes",
        proposed_by=person("Operator", books.organization), approved_by=person("Manager", books.organization),
    )  # fmt: skip
    books.charged("ch_1", amount, fee_minor=7)
    books.run()
    assert books.only("AmountMismatch").status == status


def test_organizations_do_not_see_each_other() -> None:
    ours, theirs = filled(Books("ours")), Books("theirs")
    theirs.paid("p1", key="ch_1")
    theirs.run()
    assert ours.run().counts["matched"] == 1
    assert theirs.outcomes() == {"only_left": 1}
    assert Organization.objects.count() == 2


def test_the_report_equals_what_the_stored_items_add_up_to(books: Books) -> None:
    report = filled(books).run().report
    stored = ReconciliationItem.objects.filter(closed_run=None, occurred_at__gte=START, occurred_at__lt=END)
    frame = pl.DataFrame(list(stored.values("outcome", "left_currency", "left_amount_minor")), infer_schema_length=None)
    euros = frame.filter(pl.col("left_currency") == "EUR").group_by("outcome").agg(pl.col("left_amount_minor").sum())
    for outcome, amount in euros.iter_rows():
        assert report["totals"]["EUR"]["outcomes"][outcome]["left"]["amount_minor"] == amount


def test_a_difference_accepted_in_one_currency_is_open_in_another(books: Books) -> None:
    books.paid("p1", 100_000, key="ch_1", currency="JPY")
    books.charged("ch_1", 90_000, currency="JPY")
    books.run()
    ReconciliationDiscrepancy.objects.update(
        status="resolved", resolution_code="accepted_difference", resolved_at=LATER, closing_rule="four_eyes",
        proposed_by=person("Operator", books.organization), approved_by=person("Manager", books.organization),
    )  # fmt: skip
    books.paid("p1", 100_000, key="ch_1", currency="EUR")
    books.charged("ch_1", 90_000, currency="EUR")
    books.run()
    row = books.only("AmountMismatch")
    assert (row.status, row.currency) == ("open", "EUR")
