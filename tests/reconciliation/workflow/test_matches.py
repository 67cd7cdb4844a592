"""People match records by hand, keep them apart, and undo it: the next run follows, and a full run says the same."""

from datetime import timedelta

import pytest

from billing.models import Payment, ProviderRecord
from reconciliation import workflow
from reconciliation.core import findings
from reconciliation.models import MatchDecision, ReconciliationItem, ReconciliationRun
from tests.reconciliation.books import NOON, Books

from .cases import Desk, words


def results(books: Books) -> dict[str, set[tuple[str, str, str]]]:
    """Open items by outcome: (our id, provider's id, matched by)."""
    own = dict(Payment.objects.values_list("pk", "external_id")) | {0: ""}
    theirs = dict(ProviderRecord.objects.values_list("pk", "external_id")) | {0: ""}
    found: dict[str, set[tuple[str, str, str]]] = {}
    for item in ReconciliationItem.objects.filter(organization=books.organization, closed_run=None):
        found.setdefault(item.outcome, set()).add((own[item.left_id], theirs[item.right_id], item.match_pass))
    return found


def run_both_ways(books: Books) -> dict[str, set[tuple[str, str, str]]]:
    """What an incremental run made of it, which a full run must not change."""
    result = books.run()
    assert result.run is not None
    assert result.run.metrics["built_on"] is not None, "nothing was built on an earlier run"
    incremental = results(books)
    assert books.run(full=True).written == {"items": 0, "discrepancies": 0, "log": 0}
    return incremental


def ids(own: str, theirs: str) -> dict[str, int]:
    return {
        "left_id": Payment.objects.get(external_id=own).pk,
        "right_id": ProviderRecord.objects.get(external_id=theirs).pk,
    }


@pytest.fixture
def ambiguous(desk: Desk) -> Desk:
    """One payment, two charges that fit equally."""
    desk.books.paid("which", 9000, "", customer="cus_9")
    desk.books.charged("ch_this", 9000, customer="cus_9")
    desk.books.charged("ch_that", 9000, at=NOON + timedelta(hours=2), customer="cus_9")
    desk.books.run()
    return desk


def test_a_chosen_candidate_is_matched_by_the_next_run(ambiguous: Desk) -> None:
    books, operator = ambiguous.books, ambiguous.person("Operator")
    row = books.only(findings.AMBIGUOUS)
    chosen = ambiguous.take("match", row, operator, **ids("which", "ch_that"), reason="the customer said so")
    assert (chosen.status, words(row)) == ("acknowledged", ["opened", "match_forced"])
    assert run_both_ways(books)["matched"] == {("which", "ch_that", "person")}
    assert books.only(findings.AMBIGUOUS).resolution_code == "cleared"
    assert words(row) == ["opened", "match_forced", "cleared"]


def test_an_undone_choice_is_open_again(ambiguous: Desk) -> None:
    books, operator = ambiguous.books, ambiguous.person("Operator")
    before = results(books)
    ambiguous.take("match", books.only(findings.AMBIGUOUS), operator, **ids("which", "ch_that"))
    books.run()
    row = books.only(findings.AMBIGUOUS)
    ambiguous.take("undo_match", row, operator, **ids("which", "ch_that"))
    assert run_both_ways(books) == before
    assert books.only(findings.AMBIGUOUS).status == "open"
    assert words(row)[-2:] == ["match_undone", "reopened"]


def test_a_forced_match_may_lie_at_any_time(desk: Desk) -> None:
    desk.books.paid("late", 1000, "", at=NOON)
    desk.books.charged("ch_early", 1000, at=NOON - timedelta(days=300))
    desk.books.charged("ch_same_customer", 5, at=NOON - timedelta(days=299))
    desk.books.run()
    row = desk.books.only(findings.MISSING_PROVIDER)
    desk.take("match", row, desk.person("Operator"), **ids("late", "ch_early"))
    assert run_both_ways(desk.books)["matched"] == {("late", "ch_early", "person")}


def test_a_first_run_follows_decisions_too(desk: Desk) -> None:
    desk.books.paid("late", 1000, "", at=NOON)
    desk.books.charged("ch_early", 1000, at=NOON - timedelta(days=300))
    desk.books.run()
    desk.take("match", desk.books.only(findings.MISSING_PROVIDER), desk.person("Operator"), **ids("late", "ch_early"))
    ReconciliationRun.objects.update(journal="")  # nothing to build on
    desk.books.run()
    assert results(desk.books)["matched"] == {("late", "ch_early", "person")}


def test_records_kept_apart_are_not_matched_by_any_rule(desk: Desk) -> None:
    desk.books.paid("p", 1000, "ch_wrong", customer="cus", invoice_number="INV")
    desk.books.charged("ch_wrong", 700, customer="cus", reference="INV")
    desk.books.run()
    row = desk.books.only(findings.AMOUNT)
    desk.take("unmatch", row, desk.person("Operator"), **ids("p", "ch_wrong"))
    found = run_both_ways(desk.books)
    assert found == {"only_left": {("p", "", "")}, "only_right": {("", "ch_wrong", "")}}
    desk.books.charged("ch_wrong", 1000, customer="cus", reference="INV")
    assert run_both_ways(desk.books) == found


def test_a_match_takes_its_records_from_the_rules(desk: Desk) -> None:
    desk.books.paid("p1", 1000, "ch_1")
    desk.books.paid("p2", 1000, "")
    desk.books.charged("ch_1", 1000)
    desk.books.run()
    row = desk.books.only(findings.MISSING_PROVIDER)
    desk.take("match", row, desk.person("Operator"), **ids("p2", "ch_1"))
    found = run_both_ways(desk.books)
    assert found == {"matched": {("p2", "ch_1", "person")}, "only_left": {("p1", "", "")}}


def test_a_second_decision_must_not_contradict_one_that_holds(ambiguous: Desk) -> None:
    operator, row = ambiguous.person("Operator"), ambiguous.books.only(findings.AMBIGUOUS)
    row = ambiguous.take("match", row, operator, **ids("which", "ch_that"))
    with pytest.raises(workflow.InvalidStep, match="Undo that decision first"):
        ambiguous.take("match", row, operator, **ids("which", "ch_this"))
    with pytest.raises(workflow.InvalidStep, match="decided already"):
        ambiguous.take("match", row, operator, **ids("which", "ch_that"))
    with pytest.raises(workflow.InvalidStep, match="Nothing was decided"):
        ambiguous.take("undo_match", row, operator, **ids("which", "ch_this"))
    assert MatchDecision.objects.count() == 1
    assert words(row) == ["opened", "match_forced"]


def test_a_decision_is_about_the_discrepancy_s_own_records(ambiguous: Desk) -> None:
    desk, operator = ambiguous, ambiguous.person("Operator")
    others = desk.discrepancy()
    with pytest.raises(workflow.InvalidStep, match="must be the one this discrepancy is about"):
        desk.take("match", others, operator, **ids("which", "ch_that"))
    foreign = Books("others").charged("ch_foreign", 9000)
    row = desk.books.only(findings.AMBIGUOUS)
    with pytest.raises(workflow.InvalidStep, match="no such record"):
        desk.take("match", row, operator, left_id=row.left_id, right_id=foreign.pk)


def test_a_charge_is_not_matched_with_a_refund(desk: Desk) -> None:
    row = desk.discrepancy()
    refund = desk.books.charged("re_1", 10, kind="refund")
    with pytest.raises(workflow.InvalidStep, match="A charge and a refund"):
        desk.take("match", row, desk.person("Operator"), left_id=row.left_id, right_id=refund.pk)
