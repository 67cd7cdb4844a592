"""Refunds and disputes on the statement: what our books show of them, what came back, what is left to book."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciliation.models import ReconciliationActionLog, ReconciliationDiscrepancy
from reconciliation.sentences import sentence

from .books import NOON
from .invoice_books import InvoiceBooks

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
DUE = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def books() -> InvoiceBooks:
    """An invoice of 100.00 EUR, paid."""
    books = InvoiceBooks()
    books.billed("INV-1", 10_000)
    books.line("1", 10_000, "INV-1", customer="cus_1")
    return books


def disputed(books: InvoiceBooks, name: str = "dp_1") -> ReconciliationDiscrepancy:
    return ReconciliationDiscrepancy.objects.get(organization=books.organization, reference=name)


def withdrawn(books: InvoiceBooks, gross: int, own: str = "w", **facts: Any) -> None:
    """A movement about the dispute dp_1."""
    kind = "dispute" if gross < 0 else "dispute_reversal"
    line = {"kind": kind, "type": "adjustment", "category": kind, "source_reference": "dp_1", "at": NOON + DAY}
    books.line(own, gross, charge="ch_1", **{**line, **facts})


def test_a_refund_that_no_book_shows_is_told(books: InvoiceBooks) -> None:
    books.refunded("1", 4000, "ch_1", at=NOON + DAY)
    assert books.run().discrepancies == {"UNAPPLIED_REFUND": 1}
    row = books.only("UNAPPLIED_REFUND")
    assert (row.reason_code, row.expected, row.actual, row.difference_minor) == (
        "refund.not_applied", "0", "-4000", -4000
    )  # fmt: skip
    assert sentence(row, UTC) == (
        "Stripe gave 40.00 EUR back on 11 Oct 2026, 12:00 UTC (re_1) of invoice INV-1; our books do not show it."
    )
    assert books.outcomes() == {"matched": 1, "only_right": 1}


def test_a_refund_is_expected_in_the_books_within_the_grace_period(books: InvoiceBooks) -> None:
    books.refunded("1", 4000, "ch_1", at=NOON + DAY)
    assert books.run(now=NOON + 2 * DAY).counts["not_due"] == 1
    assert books.run(now=NOON + 4 * DAY).discrepancies == {"UNAPPLIED_REFUND": 1}


@pytest.mark.parametrize(
    "shown",
    [
        {"paid_minor": 6000},
        {"paid_minor": 10_000, "detail": {"post_payment_credit_minor": 4000}},
    ],
)
def test_a_refund_that_the_invoice_shows_is_applied(books: InvoiceBooks, shown: dict[str, Any]) -> None:
    books.refunded("1", 4000, "ch_1", at=NOON + DAY)
    books.run()
    books.billed("INV-1", 10_000, **shown)
    assert books.run().status == "ok"
    assert books.outcomes() == {"matched": 2}


def test_a_credit_note_that_the_refund_names_applies_it(books: InvoiceBooks) -> None:
    books.billed("CN-1", 4000, kind="credit_note")
    books.refunded("1", 4000, "ch_1", invoice="CN-1", at=NOON + DAY)
    assert books.run().status == "ok"
    assert books.outcomes() == {"matched": 3}


def test_credit_for_a_part_leaves_the_rest_to_explain(books: InvoiceBooks) -> None:
    books.billed("INV-1", 10_000, paid_minor=10_000, detail={"post_payment_credit_minor": 3000})
    books.refunded("1", 2000, "ch_1", at=NOON + DAY)
    books.refunded("2", 4000, "ch_1", at=NOON + 2 * DAY)
    books.run()
    row = books.only("UNAPPLIED_REFUND")
    assert (row.reason_code, row.difference_minor, row.unexplained_minor) == ("refund.partly_applied", -3000, -3000)
    assert row.explanation["right"]["key"] == "re_2"
    assert sentence(row, UTC).endswith("our books show 10.00 EUR of it.")


def test_a_failed_refund_comes_to_nothing(books: InvoiceBooks) -> None:
    books.refunded("1", 4000, "ch_1", at=NOON + DAY)
    books.run()
    failure = {"kind": "refund_failure", "category": "refund_failure", "source_reference": "re_1"}
    books.line("back", 4000, charge="ch_1", at=NOON + 3 * DAY, **failure)
    assert books.run().status == "ok"
    assert books.outcomes() == {"matched": 3}
    assert books.only("UNAPPLIED_REFUND").resolution_code == "cleared"


def test_a_refund_of_an_unknown_payment(books: InvoiceBooks) -> None:
    books.refunded("1", 700, "ch_old")
    books.run()
    assert books.only("UNAPPLIED_REFUND").reason_code == "refund.payment_unknown"


def test_a_dispute_stands_on_record_with_its_facts(books: InvoiceBooks) -> None:
    withdrawn(books, -10_000, fee=1500)
    books.disputed("dp_1", 10_000, "ch_1", detail={"due_by": DUE.isoformat()})
    assert books.run().discrepancies == {"UNAPPLIED_REFUND": 1}
    row = disputed(books)
    assert (row.reason_code, row.severity, row.difference_minor, row.unexplained_minor, row.due_at) == (
        "dispute.open", "major", -10_000, 0, DUE
    )  # fmt: skip
    told = row.explanation["right"]["more"]
    assert (told["dispute"], told["charge"], told["status"], told["withdrawn_minor"], told["fee_minor"]) == (
        "dp_1", "ch_1", "needs_response", 10_000, 1500
    )  # fmt: skip
    assert row.explanation["left"]["own"] == "INV-1"
    assert sentence(row, UTC) == (
        "A customer disputes 100.00 EUR of ch_1 (dp_1). The bank took 100.00 EUR until it is decided. Answer by 1 Dec "
        "2026, 00:00 UTC."
    )


def test_won_and_lost_update_the_same_discrepancy(books: InvoiceBooks) -> None:
    withdrawn(books, -10_000, fee=1500)
    books.disputed("dp_1", 10_000, "ch_1")
    books.run()
    first = disputed(books)
    books.disputed("dp_1", 10_000, "ch_1", "lost")
    books.run()
    row = disputed(books)
    assert (row.pk, row.reason_code, row.status) == (first.pk, "dispute.lost", "open")
    books.disputed("dp_1", 10_000, "ch_1", "won")
    books.run()
    assert disputed(books).reason_code == "dispute.not_given_back"
    withdrawn(books, 10_000, "back", at=NOON + 9 * DAY)
    books.run()
    row = disputed(books)
    assert (row.reason_code, row.status, row.resolution_code, row.difference_minor) == (
        "dispute.over", "resolved", "cleared", 0
    )  # fmt: skip
    steps = ReconciliationActionLog.objects.filter(discrepancy=row.pk).order_by("pk").values_list("action", flat=True)
    assert list(steps) == ["opened", "changed", "changed", "cleared"]


def test_a_dispute_that_was_over_before_is_recorded_as_resolved(books: InvoiceBooks) -> None:
    books.disputed("dp_1", 10_000, "ch_1", "won")
    assert books.run().status == "ok"
    assert disputed(books).status == "resolved"
    assert books.run().written == {"items": 0, "discrepancies": 0, "log": 0}


def test_a_part_that_came_back_leaves_the_rest(books: InvoiceBooks) -> None:
    withdrawn(books, -10_000)
    withdrawn(books, 9000, "back")
    books.disputed("dp_1", 10_000, "ch_1", "won")
    books.run()
    row = disputed(books)
    assert (row.reason_code, row.difference_minor) == ("dispute.not_given_back", -1000)
    assert [part["amount_minor"] for part in row.explanation["parts"]] == [-10_000, 9000]


def test_an_inquiry_moves_no_money_and_is_on_record(books: InvoiceBooks) -> None:
    books.disputed("dp_1", 10_000, "ch_1", "warning_needs_response", detail={"no_response_possible": True})
    books.run()
    row = disputed(books)
    assert (row.reason_code, row.severity, row.difference_minor) == ("dispute.inquiry", "minor", 0)
    assert sentence(row, UTC).endswith("no money moved. No response is possible.")


def test_a_lost_dispute_that_the_books_show_is_over(books: InvoiceBooks) -> None:
    withdrawn(books, -10_000)
    books.disputed("dp_1", 10_000, "ch_1", "lost")
    books.billed("INV-1", 10_000, paid_minor=0, status="uncollectible")
    assert books.run().status == "ok"
    assert disputed(books).reason_code == "dispute.over"


def test_a_dispute_only_the_statement_tells_of_is_on_record(books: InvoiceBooks) -> None:
    withdrawn(books, -10_000)
    books.run()
    assert (disputed(books).reason_code, disputed(books).difference_minor) == ("dispute.not_given_back", -10_000)
    books.withdrawn("w")
    books.run()
    assert disputed(books).status == "resolved"


def test_disputes_outside_the_period_are_looked_at_as_well(books: InvoiceBooks) -> None:
    books.disputed("dp_1", 500, "ch_old", at=NOON - 90 * DAY)
    books.run()
    assert disputed(books).status == "open"
    books.disputed("dp_1", 500, "ch_old", "won", at=NOON - 90 * DAY)
    books.run()
    assert disputed(books).status == "resolved"


def test_a_run_that_reads_nothing_else_says_the_same_of_a_dispute(books: InvoiceBooks) -> None:
    books.disputed("dp_1", 10_000, "ch_1")
    books.run()
    before = disputed(books)
    books.run(full=True)
    assert disputed(books).version == before.version


def test_what_was_given_back_counts_for_as_much_as_what_came_in(books: InvoiceBooks) -> None:
    books.refunded("1", 4000, "ch_1", at=NOON + DAY)
    assert books.run().totals["EUR"]["matched_percent"] == "83.33"
