"""`payouts`: what the lines of a payout come to, against the payout."""

from datetime import UTC, timedelta

import pytest

from reconciliation.models import ReconciliationActionLog, ReconciliationItem
from reconciliation.report_markdown import markdown
from reconciliation.sentences import clears_when, sentence, type_name
from tests.reconciliation.payout_books import ARRIVES, LATER, SENT, PayoutBooks

pytestmark = pytest.mark.django_db
STILL_EXPECTED = ARRIVES + timedelta(hours=47)


@pytest.fixture
def books() -> PayoutBooks:
    return PayoutBooks()


def told(books: PayoutBooks) -> str:
    row = books.only()
    assert clears_when(row)
    assert type_name(row.type) != row.type
    return sentence(row, UTC)


def test_a_payout_whose_lines_come_to_it_is_matched(books: PayoutBooks) -> None:
    books.sent()
    result = books.run()
    assert (result.status, books.outcomes(), books.open()) == ("ok", {"matched": 1}, {})
    item = ReconciliationItem.objects.get()
    assert (item.kind, item.left_amount_minor, item.right_amount_minor) == ("payout", 9_500, 9_500)
    assert item.occurred_at == ARRIVES


def test_a_line_that_is_missing_is_the_difference(books: PayoutBooks) -> None:
    books.sent("po_1", 10_000, -500)
    books.payout("po_1", 9_300)
    books.line("txn_po_1_own", -9_300, payout="po_1", at=SENT, type_="payout", source="po_1")
    assert books.run().status == "break"
    row = books.only()
    assert (row.type, row.reason_code, row.difference_minor) == ("PayoutDiffers", "payout.lines_differ", -200)
    assert row.unexplained_minor == -200
    assert "its 2 lines come to 95.00 EUR: 2.00 EUR too little was sent." in told(books)


def test_lines_that_were_withdrawn_explain_the_difference(books: PayoutBooks) -> None:
    books.sent("po_1", 10_000, -500)
    faulty = books.line("txn_more", 300, payout="po_1")
    books.payout("po_1", 9_800)
    books.line("txn_po_1_own", -9_800, payout="po_1", at=SENT, type_="payout", source="po_1")
    assert books.run().status == "ok"
    books.withdraw(faulty)
    books.run()
    row = books.only()
    assert (row.reason_code, row.difference_minor, row.unexplained_minor) == ("payout.lines_withdrawn", 300, 0)
    assert "Withdrawn lines (txn_more, 3.00 EUR) explain all of it." in told(books)


def test_the_fee_of_the_payout_itself_is_no_difference(books: PayoutBooks) -> None:
    books.line("txn_1", 10_000, payout="po_1")
    books.line("txn_own", -9_900, fee=100, payout="po_1", at=SENT, type_="payout", source="po_1")
    books.payout("po_1", 9_900)
    books.run()
    assert books.outcomes() == {"matched": 1}


def test_a_payout_on_its_way_is_expected_until_its_day_and_the_grace(books: PayoutBooks) -> None:
    books.sent()
    books.payout(status="in_transit", seen=LATER)
    result = books.run(now=STILL_EXPECTED)
    assert (result.status, books.outcomes()) == ("ok", {"not_due": 1})
    assert ReconciliationItem.objects.get().due_at == ARRIVES + timedelta(hours=48)
    books.run(now=ARRIVES + timedelta(hours=48))
    assert books.open() == {"PayoutLate": ["payout.late"]}
    assert "is still on its way" in told(books)
    books.payout(status="paid", seen=LATER + timedelta(hours=1))
    books.run()
    assert (books.outcomes(), books.open()) == ({"matched": 1}, {})


def test_a_payout_whose_lines_cannot_be_listed_yet_is_expected_too(books: PayoutBooks) -> None:
    books.payout(reconciliation_status="in_progress")
    books.run(now=STILL_EXPECTED)
    assert books.outcomes() == {"not_due": 1}
    books.run()
    assert books.open() == {"PayoutLinesMissing": ["payout.not_itemised"]}


def test_a_payout_without_lines_is_told(books: PayoutBooks) -> None:
    books.payout()
    books.run()
    assert books.open() == {"PayoutLinesMissing": ["payout.lines_missing"]}
    assert "none of its lines is known here" in told(books)


def test_a_payout_by_hand_is_excluded_with_the_reason(books: PayoutBooks) -> None:
    books.payout(automatic=False)
    books.line("txn_own", -9_500, at=SENT, type_="payout", source="po_1")
    result = books.run()
    assert (result.status, result.report["excluded"]) == ("ok", {"payout_manual": 1})


def test_a_payout_by_hand_that_failed_is_not_excluded(books: PayoutBooks) -> None:
    books.payout(automatic=False, status="failed", failure_code="no_account")
    books.run()
    assert books.open() == {"PayoutFailed": ["payout.failed_not_returned"]}


def test_a_payout_that_fails_later_reopens_its_item_until_the_money_is_sent_again(books: PayoutBooks) -> None:
    books.sent()
    books.run()
    matched = ReconciliationItem.objects.get()
    books.payout(status="failed", failure_code="account_closed", seen=LATER + timedelta(hours=1))
    books.returned()
    assert books.run().status == "break"
    matched.refresh_from_db()
    assert matched.closed_run is not None
    assert books.outcomes() == {"mismatched": 1}
    row = books.only()
    assert (row.reason_code, row.difference_minor, row.unexplained_minor) == ("payout.failed_returned", -9_500, 0)
    assert "The bank returned po_1, 95.00 EUR (account_closed). The money is back" in told(books)
    books.returned(taken_by="po_2")
    books.line("txn_po_2_own", -9_500, payout="po_2", at=SENT, type_="payout", source="po_2")
    books.payout("po_2", 9_500)
    assert books.run().status == "ok"
    assert (books.outcomes(), books.open()) == ({"matched": 2}, {})
    steps = ReconciliationActionLog.objects.filter(discrepancy=row.pk).order_by("pk").values_list("action", flat=True)
    assert list(steps) == ["opened", "cleared"]


def test_a_failed_payout_whose_money_did_not_come_back_is_unexplained(books: PayoutBooks) -> None:
    books.sent()
    books.payout(status="failed", seen=LATER + timedelta(hours=1))
    books.run()
    row = books.only()
    assert (row.reason_code, row.unexplained_minor) == ("payout.failed_not_returned", -9_500)
    assert "does not show the money coming back" in told(books)


def test_money_that_came_back_unnoticed_is_told(books: PayoutBooks) -> None:
    books.sent()
    books.returned()
    books.run()
    assert books.open() == {"PayoutFailed": ["payout.returned_unnoticed"]}
    assert "the payout still says it was sent" in told(books)


def test_a_payout_taken_back_by_another_is_told_and_that_one_is_excluded(books: PayoutBooks) -> None:
    books.sent()
    books.payout(reversed_by="po_9", seen=LATER + timedelta(hours=1))
    books.payout("po_9", -9_500, automatic=False, original_payout="po_1")
    result = books.run()
    assert result.report["excluded"] == {"payout_takes_back": 1}
    row = books.only()
    assert (row.reason_code, row.unexplained_minor) == ("payout.taken_back", 0)
    assert "was taken back from the bank by po_9" in told(books)


def test_a_canceled_payout_whose_money_is_back_needs_nobody(books: PayoutBooks) -> None:
    books.sent()
    books.payout(status="canceled", seen=LATER + timedelta(hours=1))
    books.returned()
    assert books.run().status == "ok"


def test_a_payout_known_from_the_statement_only_is_compared_with_its_own_line(books: PayoutBooks) -> None:
    books.line("txn_1", 10_000, payout="po_1")
    books.line("txn_own", -10_000, payout="po_1", at=SENT, type_="payout", source="po_1")
    books.run()
    assert books.outcomes() == {"matched": 1}
    books.line("txn_1", 9_000, payout="po_1")
    books.run()
    assert books.open() == {"PayoutDiffers": ["payout.lines_differ"]}


def test_lines_of_a_payout_nobody_tells_of_are_told(books: PayoutBooks) -> None:
    books.line("txn_1", 10_000, payout="po_1")
    books.run()
    assert books.open() == {"PayoutUnknown": ["payout.not_known"]}
    assert "po_1 is named by the statement only. Its 1 line comes to 100.00 EUR" in told(books)


def test_the_own_line_of_a_payout_must_say_what_the_payout_says(books: PayoutBooks) -> None:
    books.sent()
    books.line("txn_po_1_own", -9_400, payout="po_1", at=SENT, type_="payout", source="po_1")
    books.run()
    row = books.only()
    assert (row.reason_code, row.difference_minor) == ("payout.own_line_differs", 100)
    assert "the statement says 94.00 EUR left" in told(books)


def test_lines_in_another_currency_are_not_added_up(books: PayoutBooks) -> None:
    books.sent()
    books.line("txn_usd", 700, payout="po_1", currency="USD")
    books.run()
    row = books.only()
    assert (row.reason_code, row.difference_minor) == ("payout.currency_differs", None)
    assert "Amounts are not compared" in told(books)


def test_a_status_that_is_not_known_is_shown(books: PayoutBooks) -> None:
    books.sent()
    books.payout(status="teleported", seen=LATER + timedelta(hours=1))
    books.run()
    assert books.open() == {"PayoutDiffers": ["payout.status_unknown"]}
    assert "a status that is not known here" in told(books)


def test_a_second_run_writes_nothing(books: PayoutBooks) -> None:
    books.sent()
    books.sent("po_2", 500)
    books.payout("po_2", 400)
    first = books.run()
    second = books.run()
    assert second.written == {"items": 0, "discrepancies": 0, "log": 0}
    assert second.report == first.report


def test_a_payout_whose_lines_are_all_withdrawn_leaves_the_books(books: PayoutBooks) -> None:
    faulty = books.line("txn_1", 10_000, payout="po_1")
    books.run()
    books.withdraw(faulty)
    books.run()
    assert (books.outcomes(), books.open()) == ({}, {})


def test_the_report_rolls_the_balance_forward_and_breaks_where_it_does_not_tie(books: PayoutBooks) -> None:
    books.sent()
    books.line("txn_left", 300)
    report = books.run().report
    balance = report["roll_forward"]["EUR"]
    assert (balance["opening_minor"], balance["sent_minor"], balance["closing_minor"]) == (0, 9_500, 300)
    books.payout("po_gone", 400, automatic=False)
    result = books.run()
    assert (result.status, books.open()) == ("break", {})
    assert result.report["roll_forward"]["EUR"]["gaps"][0]["payout"] == "po_gone"
    assert "po_gone, 4.00 EUR, is not on the statement." in markdown(result.report)
