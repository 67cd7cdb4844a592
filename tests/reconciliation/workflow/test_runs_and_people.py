"""Runs and people at the same discrepancy: proposals withdrawn, resolutions undone, and nobody's step overwritten."""

from typing import Any

import pytest

from billing.models import Adjustment
from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.runs import leases

from .cases import Desk, log_of, words


@pytest.fixture
def row(desk: Desk) -> ReconciliationDiscrepancy:
    desk.books.paid("p", 1000, "ch")
    desk.books.charged("ch", 950)
    desk.books.run()
    return desk.books.only("AmountMismatch")


def propose(desk: Desk, row: ReconciliationDiscrepancy, code: str = "timing") -> ReconciliationDiscrepancy:
    return desk.take("propose", row, desk.person("Operator"), code=code)


def columns_of_a_resolution(row: ReconciliationDiscrepancy) -> set[Any]:
    return {row.resolution_code, row.resolution_reason, row.closing_rule, row.proposed_by_id, row.approved_by_id}


def test_a_proposal_about_another_amount_is_withdrawn(desk: Desk, row: ReconciliationDiscrepancy) -> None:
    propose(desk, row)
    desk.books.charged("ch", 940)
    desk.books.run()
    row.refresh_from_db()
    assert (row.status, row.version, columns_of_a_resolution(row)) == ("acknowledged", 3, {"", None})
    assert words(row) == ["opened", "proposed", "proposal_withdrawn"]


def test_a_proposal_about_what_is_gone_goes_with_it(desk: Desk, row: ReconciliationDiscrepancy) -> None:
    propose(desk, row)
    desk.books.charged("ch", 1000)
    desk.books.run()
    row.refresh_from_db()
    assert (row.status, row.resolution_code, row.closing_rule) == ("resolved", "cleared", "run")
    assert (row.proposed_by, row.approved_by, row.resolution_reason) == (None, None, "")
    cleared = log_of(row)[-1]
    assert (cleared.before["status"], cleared.before["resolution_code"]) == ("pending_approval", "timing")


def test_what_was_adjusted_and_comes_back_otherwise_is_taken_back(desk: Desk, row: ReconciliationDiscrepancy) -> None:
    desk.take("approve", propose(desk, row, "adjustment"), desk.person("Manager"))
    desk.books.charged("ch", 940)
    desk.books.run()
    row.refresh_from_db()
    assert (row.status, columns_of_a_resolution(row)) == ("open", {"", None})
    first, second = Adjustment.objects.order_by("pk")
    assert (first.amount_minor, second.amount_minor, second.reverses) == (-50, 50, first)
    assert second.actor.startswith("run:")
    assert log_of(row)[-1].after["adjustments"] == [second.pk]


def test_what_was_looked_into_is_to_be_looked_into_again_when_it_changes(
    desk: Desk, row: ReconciliationDiscrepancy
) -> None:
    assert desk.take("mark_investigated", row, desk.person("Operator")).investigated_at is not None
    desk.books.charged("ch", 940)
    desk.books.run()
    row.refresh_from_db()
    assert (row.status, row.investigated_at) == ("acknowledged", None)


@pytest.mark.parametrize(("amount", "steps"), [(940, ["changed"]), (1000, ["cleared"])])
def test_a_run_sees_the_step_somebody_took_while_it_was_matching(
    desk: Desk, row: ReconciliationDiscrepancy, monkeypatch: pytest.MonkeyPatch, amount: int, steps: list[str]
) -> None:
    hold = leases.hold

    def meanwhile(**given: Any) -> None:
        if words(row) == ["opened"]:
            desk.take("acknowledge", row, desk.person("Operator"))
        hold(**given)

    monkeypatch.setattr(leases, "hold", meanwhile)
    desk.books.charged("ch", amount)
    desk.books.run()
    entries = log_of(row)
    assert [entry.action for entry in entries] == ["opened", "acknowledged", *steps]
    assert [entry.after["version"] for entry in entries] == [1, 2, 3]
    assert entries[-1].before == entries[-2].after


def test_a_run_does_not_undo_what_was_resolved_while_it_was_matching(
    desk: Desk, row: ReconciliationDiscrepancy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The finding is gone, and meanwhile two people had resolved it: it stays as they left it."""
    hold = leases.hold

    def meanwhile(**given: Any) -> None:
        if words(row) == ["opened"]:
            desk.take("approve", propose(desk, row), desk.person("Manager"))
        hold(**given)

    monkeypatch.setattr(leases, "hold", meanwhile)
    desk.books.charged("ch", 1000)
    desk.books.run()
    row.refresh_from_db()
    assert (row.resolution_code, row.closing_rule, words(row)[-1]) == ("timing", "four_eyes", "approved")
