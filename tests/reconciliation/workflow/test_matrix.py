"""Every state × step × role: what happens is what this file says, which restates the table in its own words."""

from typing import NamedTuple

import pytest

from reconciliation import workflow
from reconciliation.models import ClosingThreshold, MatchDecision, ReconciliationDiscrepancy
from reconciliation.workflow import StepRefused
from tests.people import ROLES, person
from tests.reconciliation.books import Books

from .cases import NOW, STATES, Desk, log_of, words

WORKERS = {"Operator", "Manager", "Owner", "Integration", "superuser"}
SIGNERS = {"Manager", "Owner", "superuser"}
EVERYBODY = (*ROLES, "superuser")


class Expected(NamedTuple):
    """From each state that allows the step the state after it, who may take it, and the log's word."""

    leads: dict[str, str]
    roles: set[str]
    word: str


def stays(*states: str) -> dict[str, str]:
    return {state: state for state in states}


EXPECTED = {
    "acknowledge": Expected({"open": "acknowledged"}, WORKERS, "acknowledged"),
    "assign": Expected(stays("open", "acknowledged", "pending_approval"), WORKERS, "assigned"),
    "annotate": Expected(stays(*STATES), WORKERS, "noted"),
    "mark_investigated": Expected(dict.fromkeys(("open", "acknowledged"), "acknowledged"), WORKERS, "investigated"),
    "match": Expected(dict.fromkeys(("open", "acknowledged"), "acknowledged"), WORKERS, "match_forced"),
    "unmatch": Expected(dict.fromkeys(("open", "acknowledged"), "acknowledged"), WORKERS, "match_forbidden"),
    "undo_match": Expected(stays(*STATES), WORKERS, "match_undone"),
    "propose": Expected(dict.fromkeys(("open", "acknowledged"), "pending_approval"), WORKERS, "proposed"),
    "dismiss_duplicate": Expected(dict.fromkeys(("open", "acknowledged"), "pending_approval"), WORKERS, "proposed"),
    "revise": Expected(stays("pending_approval"), set(), "proposal_revised"),
    "withdraw": Expected({"pending_approval": "acknowledged"}, set(), "proposal_withdrawn"),
    "approve": Expected({"pending_approval": "resolved"}, SIGNERS, "approved"),
    "reject": Expected({"pending_approval": "acknowledged"}, SIGNERS, "rejected"),
    "close": Expected(dict.fromkeys(("open", "acknowledged"), "resolved"), SIGNERS, "closed"),
    "requeue": Expected(dict.fromkeys(("acknowledged", "pending_approval", "resolved"), "open"), SIGNERS, "requeued"),
}


def test_the_matrix_knows_every_step() -> None:
    assert set(EXPECTED) == set(workflow.BY_ACTION)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", EXPECTED)
def test_a_step_is_taken_by_the_right_people_from_the_right_states_only(desk: Desk, action: str, state: str) -> None:
    ClosingThreshold.objects.create(organization=desk.organization, currency="EUR", limit_minor=50)
    expected = EXPECTED[action]
    for role in EVERYBODY:
        row = desk.discrepancy(state)
        if action == "undo_match":
            decided(desk, row)
        user = desk.person(role)
        allowed = role in expected.roles and state in expected.leads
        assert workflow.can(action, row, user) is allowed, role
        if allowed:
            after = desk.take(action, row, user)
            stored = ReconciliationDiscrepancy.objects.get(pk=row.pk)
            assert (after.status, stored.status, words(row)) == (*[expected.leads[state]] * 2, [expected.word]), role
            assert stored.version == after.version == row.version + (action != "annotate")
        else:
            unchanged(desk, action, row, role)


def decided(desk: Desk, row: ReconciliationDiscrepancy) -> None:
    MatchDecision.objects.create(
        organization=desk.organization, comparison="payments", left_id=row.left_id, right_id=row.right_id,
        verdict="match", reason="-", decided_by=desk.person("Owner", "author"), decided_at=NOW,
    )  # fmt: skip


def unchanged(desk: Desk, action: str, row: ReconciliationDiscrepancy, role: str) -> None:
    before = ReconciliationDiscrepancy.objects.filter(pk=row.pk).values().get()
    with pytest.raises(StepRefused) as refusal:
        desk.take(action, row, desk.person(role))
    assert refusal.value.status in (403, 409), role
    assert ReconciliationDiscrepancy.objects.filter(pk=row.pk).values().get() == before
    assert log_of(row) == []


@pytest.mark.parametrize(("action", "state"), [("revise", "pending_approval"), ("withdraw", "pending_approval")])
def test_whoever_proposed_may_change_or_withdraw_the_proposal(desk: Desk, action: str, state: str) -> None:
    row = desk.discrepancy(state)
    after = desk.take(action, row, desk.person("Owner", "author"))
    assert after.status == EXPECTED[action].leads[state]
    assert words(row) == [EXPECTED[action].word]


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_nobody_decides_about_an_own_proposal(desk: Desk, action: str) -> None:
    for role in ("Manager", "Owner", "superuser"):
        row = desk.discrepancy("pending_approval", proposed_by=desk.person(role))
        with pytest.raises(workflow.OwnProposal, match="You proposed this"):
            desk.take(action, row, desk.person(role))
        assert log_of(row) == []


@pytest.mark.parametrize("action", EXPECTED)
def test_a_discrepancy_of_others_does_not_exist(desk: Desk, action: str) -> None:
    stranger = person("Owner", Books("others").organization, name="stranger")
    for state in STATES:
        row = desk.discrepancy(state)
        with pytest.raises(workflow.UnknownDiscrepancy):
            desk.take(action, row, stranger)
        assert log_of(row) == []


@pytest.mark.parametrize("action", EXPECTED)
def test_somebody_who_left_can_do_nothing(desk: Desk, action: str) -> None:
    user = desk.person("superuser")
    user.is_active = False
    user.save()
    for state in STATES:
        with pytest.raises(StepRefused):
            desk.take(action, desk.discrepancy(state), user)


def test_the_buttons_of_a_person_are_the_steps_the_person_can_take(desk: Desk) -> None:
    def steps(role: str, state: str, name: str = "") -> list[str]:
        return [step.action for step in workflow.next_steps(desk.discrepancy(state), desk.person(role, name))]

    triage = ["assign", "annotate", "mark_investigated", "match", "unmatch", "undo_match", "propose"]
    assert steps("Operator", "open") == ["acknowledge", *triage, "dismiss_duplicate"]
    assert steps("Operator", "pending_approval") == ["assign", "annotate", "undo_match"]
    assert steps("Manager", "pending_approval")[-3:] == ["approve", "reject", "requeue"]
    assert steps("Owner", "pending_approval", "author")[-3:] == ["revise", "withdraw", "requeue"]
    assert [steps("Auditor", state) for state in STATES] == [[], [], [], []]
