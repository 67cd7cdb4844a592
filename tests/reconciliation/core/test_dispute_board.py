"""Where a dispute stands on the board, and what expires next."""

from datetime import UTC, datetime, timedelta

import pytest

from reconciliation.core.dispute_board import (
    ACKNOWLEDGE,
    CLOSED,
    GATHER,
    SUBMITTED,
    Standing,
    acknowledge_by,
    column,
    evidence_by,
    expires,
    order,
    presses,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def standing(word: str = "needs_response", status: str = "open", **fields: object) -> Standing:
    return Standing(word=word, status=status, waiting_since=NOW - HOUR, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("word", "status", "where"),
    [
        ("needs_response", "", ACKNOWLEDGE),
        ("needs_response", "open", ACKNOWLEDGE),
        ("warning_needs_response", "open", ACKNOWLEDGE),
        ("", "open", ACKNOWLEDGE),
        ("needs_response", "acknowledged", GATHER),
        ("needs_response", "pending_approval", GATHER),
        ("a_new_word", "acknowledged", GATHER),
        ("under_review", "open", SUBMITTED),
        ("warning_under_review", "acknowledged", SUBMITTED),
        ("won", "resolved", CLOSED),
        ("lost", "open", CLOSED),
        ("charge_refunded", "acknowledged", CLOSED),
        ("needs_response", "resolved", CLOSED),
    ],
)
def test_the_column_follows_the_bank_and_whoever_took_it(word: str, status: str, where: str) -> None:
    assert column(standing(word, status)) == where


def test_without_a_response_possible_nothing_is_to_be_gathered() -> None:
    unattended, taken = (standing(status=word, no_response_possible=True) for word in ("open", "acknowledged"))
    assert (column(unattended), column(taken)) == (ACKNOWLEDGE, SUBMITTED)
    assert (evidence_by(unattended), evidence_by(taken)) == (None, None)
    assert (acknowledge_by(unattended), acknowledge_by(taken)) == (NOW + 23 * HOUR, None)


def test_what_expires_next_is_the_nearer_of_both_deadlines() -> None:
    assert expires(standing(due_by=NOW + 5 * HOUR)) == NOW + 5 * HOUR
    assert expires(standing(due_by=NOW + 50 * HOUR)) == NOW + 23 * HOUR
    assert expires(standing(status="acknowledged", due_by=NOW + 50 * HOUR)) == NOW + 50 * HOUR
    assert expires(standing(status="acknowledged")) is None


@pytest.mark.parametrize("word", ["under_review", "won", "lost"])
def test_what_is_with_the_bank_or_over_expires_no_more(word: str) -> None:
    assert expires(standing(word, due_by=NOW + HOUR)) is None


def test_only_what_expires_within_a_day_presses() -> None:
    taken = {"status": "acknowledged"}
    assert presses(standing(**taken, due_by=NOW + 24 * HOUR), NOW)
    assert presses(standing(**taken, due_by=NOW - HOUR), NOW)
    assert not presses(standing(**taken, due_by=NOW + 25 * HOUR), NOW)
    assert not presses(standing(**taken), NOW)


def test_a_column_is_ordered_by_what_expires_next() -> None:
    late = standing(due_by=NOW - HOUR)
    soon = standing(status="acknowledged", due_by=NOW + HOUR)
    later = standing(status="acknowledged", due_by=NOW + 90 * HOUR)
    never = standing(status="acknowledged")
    assert sorted([never, later, soon, late], key=order) == [late, soon, later, never]


def test_of_what_is_over_the_unresolved_come_first() -> None:
    lost, won = standing("lost", "open"), standing("won", "resolved")
    assert sorted([won, lost], key=order) == [lost, won]
