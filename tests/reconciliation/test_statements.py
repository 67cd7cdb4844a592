"""The `statements` comparison: which invoices and lines belong together, and what becomes of them."""

from datetime import timedelta
from typing import Any

import pytest

from reconciliation.models import ReconciliationItem

from .books import END, LATER, NOON
from .invoice_books import InvoiceBooks

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def books() -> InvoiceBooks:
    return InvoiceBooks()


def items(books: InvoiceBooks) -> list[tuple[str, str, str]]:
    """Open items: ours, the line, the outcome."""
    found = ReconciliationItem.objects.filter(organization=books.organization, closed_run=None)
    return sorted((books.ours(i.left_id), books.theirs(i.right_id), i.outcome) for i in found)


def test_a_payment_of_its_invoice_is_a_matched_pair(books: InvoiceBooks) -> None:
    invoice = books.billed("INV-1", document_number="2026/1")
    line = books.line("1", 1000, "INV-1", fee=40)
    assert books.run().status == "ok"
    item = ReconciliationItem.objects.get()
    assert (item.left_id, item.right_id, item.outcome, item.match_pass) == (
        invoice.pk, line.pk, "matched", "invoice_named"
    )  # fmt: skip
    assert (item.left_version_id, item.right_version_id) == (
        invoice.versions.get().pk, line.versions.get().pk
    )  # fmt: skip


def test_an_invoice_lies_in_the_period_of_its_payment(books: InvoiceBooks) -> None:
    books.billed("INV-1", at=NOON - timedelta(days=60))
    books.line("1", 1000, "INV-1")
    result = books.run()
    assert result.totals["EUR"]["read"] == {
        "left": {"count": 1, "amount_minor": 1000}, "right": {"count": 1, "amount_minor": 1000}
    }  # fmt: skip
    assert result.totals["EUR"]["control"]


def test_one_payment_for_two_invoices_is_a_group(books: InvoiceBooks) -> None:
    books.billed("in_1", 2500)
    books.billed("in_2", 3500)
    books.line("1", 6000, intent_reference="pi_1")
    books.linked("l1", "in_1", "pi_1", 2500)
    books.linked("l2", "in_2", "pi_1", 3500)
    assert books.run().status == "ok"
    assert items(books) == [("", "txn_1", "matched"), ("in_1", "", "matched"), ("in_2", "", "matched")]
    assert len(set(ReconciliationItem.objects.values_list("group_key", flat=True))) == 1


def test_two_payments_for_one_invoice_are_a_group(books: InvoiceBooks) -> None:
    books.billed("in_1", 8000)
    books.line("1", 3000, "in_1")
    books.line("2", 5000, "in_1", at=NOON + HOUR)
    assert books.run().status == "ok"
    assert items(books) == [("", "txn_1", "matched"), ("", "txn_2", "matched"), ("in_1", "", "matched")]


def test_links_that_give_an_invoice_too_much_and_another_too_little_are_told(books: InvoiceBooks) -> None:
    books.billed("in_1", 2500)
    books.billed("in_2", 3500)
    books.line("1", 6000, intent_reference="pi_1")
    books.linked("l1", "in_1", "pi_1", 3000)
    books.linked("l2", "in_2", "pi_1", 3000)
    books.run()
    assert books.open() == {"OVERPAID_INVOICE": ["invoice.overpaid"], "UNDERPAID_INVOICE": ["invoice.underpaid"]}


def test_fees_payouts_and_transfers_are_read_and_take_no_part(books: InvoiceBooks) -> None:
    books.line("1", -4900, kind="fee", type="stripe_fee", category="fee", charge="")
    books.line("2", -9000, kind="payout", category="payout", charge="po_1")
    books.line("3", -100, kind="transfer", category="transfer", charge="tr_1")
    result = books.run()
    assert (result.status, result.report["excluded"]) == ("ok", {"fee": 1, "payout": 1, "transfer": 1})
    assert result.totals["EUR"]["outcomes"]["excluded"]["right"] == {"count": 3, "amount_minor": -14_000}


def test_money_passed_on_by_a_platform_is_no_payment_of_an_invoice(books: InvoiceBooks) -> None:
    books.line("1", 700, detail={"source_transfer": "tr_1"})
    assert books.run().report["excluded"] == {"destination_payment": 1}


def test_a_line_of_a_direct_debit_is_a_payment_like_any(books: InvoiceBooks) -> None:
    books.billed("INV-1", 3300)
    books.line("1", 3300, "INV-1", type="payment", charge="py_1")
    assert books.run().status == "ok"
    assert books.outcomes() == {"matched": 1}


@pytest.mark.parametrize(
    ("status", "facts", "reason"),
    [
        ("open", {}, "unpaid"),
        ("draft", {}, "draft"),
        ("void", {}, "void"),
        ("uncollectible", {}, "uncollectible"),
        ("paid", {"out_of_band": True}, "paid_outside"),
        ("paid", {"total_minor": 0}, "nothing_to_pay"),
        ("open", {"kind": "credit_note"}, "credit_note"),
    ],
)
def test_an_invoice_nothing_is_expected_of_takes_no_part(
    books: InvoiceBooks, status: str, facts: dict[str, Any], reason: str
) -> None:
    books.billed("INV-1", status=status, **facts)
    result = books.run()
    assert (result.status, result.report["excluded"]) == ("ok", {reason: 1})


def test_a_payment_waits_for_its_invoice_through_the_grace_period(books: InvoiceBooks) -> None:
    books.line("1", 1000, "INV-1")
    assert books.run(now=NOON + HOUR).counts["not_due"] == 1
    assert books.run(now=NOON + 48 * HOUR).discrepancies == {"MISSING_INVOICE": 1}
    books.billed("INV-1", at=NOON + 50 * HOUR)
    assert books.run(now=LATER).status == "ok"
    assert books.only("MISSING_INVOICE").resolution_code == "cleared"


def test_an_invoice_that_is_still_open_may_follow_its_payment(books: InvoiceBooks) -> None:
    books.billed("INV-1", status="open")
    books.line("1", 1000, "INV-1")
    assert books.run(now=NOON + HOUR).counts["not_due"] == 1
    assert books.run(now=NOON + 49 * HOUR).discrepancies == {"StatusMismatch": 1}
    books.billed("INV-1", status="paid")
    assert books.run(now=NOON + 50 * HOUR).status == "ok"


def test_a_partial_payment_that_the_invoice_shows_agrees(books: InvoiceBooks) -> None:
    books.billed("INV-1", 1000, status="open", paid_minor=400)
    books.line("1", 400, "INV-1")
    assert books.run().status == "ok"


def test_credit_covers_the_rest_of_a_paid_invoice(books: InvoiceBooks) -> None:
    books.billed("INV-1", 1000, paid_minor=700)
    books.line("1", 700, "INV-1")
    assert books.run().status == "ok"


def test_a_part_paid_outside_is_not_expected_on_the_statement(books: InvoiceBooks) -> None:
    books.billed("in_1", 1000, paid_minor=1000)
    books.line("1", 600, intent_reference="pi_1")
    books.linked("l1", "in_1", "pi_1", 600)
    books.linked("l2", "in_1", "payrec_1", 400, payment_kind="payment_record")
    assert books.run().status == "ok"


def test_a_line_that_was_withdrawn_is_gone_with_its_pair(books: InvoiceBooks) -> None:
    books.billed("INV-1")
    books.line("1", 1000, "INV-1")
    books.run()
    books.withdrawn("1")
    assert books.run().discrepancies == {"MissingProviderRecord": 1}
    assert items(books) == [("INV-1", "", "only_left")]
    books.line("1", 1000, "INV-1")
    assert books.run().status == "ok"
    assert books.only("MissingProviderRecord").status == "resolved"


def test_a_link_that_comes_later_is_followed(books: InvoiceBooks) -> None:
    books.billed("in_1")
    books.line("1", 1000, intent_reference="pi_1")
    assert sorted(books.run().discrepancies) == ["MISSING_INVOICE", "MissingProviderRecord"]
    books.linked("l1", "in_1", "pi_1", 1000)
    assert books.run().status == "ok"
    assert items(books) == [("in_1", "txn_1", "matched")]


def test_a_group_is_decided_as_one_whatever_the_period(books: InvoiceBooks) -> None:
    books.billed("INV-1", 1500)
    books.line("1", 1000, "INV-1")
    assert books.run().discrepancies == {"UNDERPAID_INVOICE": 1}
    books.line("2", 500, "INV-1", at=END + HOUR)
    books.run(start=END, end=END + timedelta(days=5))
    assert books.open() == {}
    assert items(books) == [("", "txn_1", "matched"), ("", "txn_2", "matched"), ("INV-1", "", "matched")]


def test_two_identical_runs_write_nothing_the_second_time(books: InvoiceBooks) -> None:
    books.billed("INV-1", 900)
    books.line("1", 1000, "INV-1")
    books.refunded("1", 300, "ch_1")
    books.disputed("dp_1", 100, "ch_1")
    first = books.run()
    for options in ({}, {"full": True}):
        again = books.run(**options)
        assert again.written == {"items": 0, "discrepancies": 0, "log": 0}
        assert again.report == first.report


def test_a_line_in_a_currency_that_was_given_up_is_compared(books: InvoiceBooks) -> None:
    books.billed("INV-1")
    books.line("1", 1000, "INV-1")
    books.billed("INV-2", currency="HRK")
    books.line("2", 1000, "INV-2", currency="HRK")
    books.billed("INV-3")
    books.line("3", 1000, "INV-3", presentment_currency="ANG", presentment_minor=2000, exchange_rate="0.5")
    books.run()
    assert books.outcomes() == {"matched": 3}
