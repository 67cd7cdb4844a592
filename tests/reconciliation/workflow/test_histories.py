"""Whatever people and runs do in whatever order: the history is a path of the table, and no approver is an author."""

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from billing.adjustments import standing
from billing.models import Organization
from reconciliation import open_totals, workflow
from reconciliation.models import ClosingThreshold, ReconciliationDiscrepancy
from reconciliation.workflow import StepRefused
from reconciliation.workflow.transitions import leads
from tests.database import tries
from tests.reconciliation.books import LATER, NOON, Books, minutes

from .cases import Desk, log_of

PEOPLE = [("Operator", "op-1"), ("Operator", "op-2"), ("Manager", "mg-1"), ("Manager", "mg-2"), ("superuser", "root")]
ACTIONS = [action for action in workflow.BY_ACTION if action not in ("undo_match", "match", "unmatch")]
people = st.sampled_from([who for _role, who in PEOPLE])
codes = st.sampled_from(["timing", "adjustment", "write_off"])
AUTHORING = ("proposed", "proposal_revised")


class Lives(RuleBasedStateMachine):
    """One discrepancy, five people, and a run now and then."""

    number = 0

    def __init__(self) -> None:
        super().__init__()
        Lives.number += 1
        name = f"life-{Lives.number}"
        self.desk = Desk(books=Books(name))
        for role, who in PEOPLE:
            self.desk.people[who] = self.desk.person(role, f"{who}-{name}")
        ClosingThreshold.objects.create(organization=self.desk.organization, currency="EUR", limit_minor=60)
        self.desk.books.paid("p", 1000, "ch")
        self.desk.books.charged("ch", 950)
        self.desk.books.run()
        self.pk = self.desk.books.only("AmountMismatch").pk
        self.versions, self.days = 1, 0

    def row(self) -> ReconciliationDiscrepancy:
        return ReconciliationDiscrepancy.objects.get(pk=self.pk)

    @rule(who=people, fitting=st.integers(0, 20), code=codes)
    def somebody_takes_a_fitting_step(self, who: str, fitting: int, code: str) -> None:
        user = self.desk.person("", self.desk.people[who].username)
        steps = [step.action for step in workflow.next_steps(self.row(), user) if step.action in ACTIONS]
        self.attempt(who, steps[fitting % len(steps)], code, behind=0)

    @rule(who=people, approving=st.booleans(), code=codes)
    @precondition(lambda self: self.row().status == "pending_approval")
    def somebody_decides(self, who: str, approving: bool, code: str) -> None:
        self.attempt(who, "approve" if approving else "reject", code, behind=0)

    @rule(who=people, action=st.sampled_from(ACTIONS), code=codes, behind=st.sampled_from([0, 1]))
    def somebody_tries_anything(self, who: str, action: str, code: str, behind: int) -> None:
        self.attempt(who, action, code, behind)

    def attempt(self, who: str, action: str, code: str, behind: int) -> None:
        row, user = self.row(), self.desk.person("", self.desk.people[who].username)
        given: dict[str, Any] = {"expected_version": row.version - behind} if action != "annotate" else {}
        if workflow.BY_ACTION[action].needs_code:
            given["code"] = code
        logged = len(log_of(row))
        try:
            with transaction.atomic():
                self.desk.take(action, row, user, **given)
        except StepRefused:
            assert len(log_of(row)) == logged
            assert self.row().version == row.version
        else:
            assert not behind or action == "annotate"

    @rule(amount=st.sampled_from([940, 950, 1000, 1000]))
    @precondition(lambda self: self.days < 3)
    def the_provider_says_something_else(self, amount: int) -> None:
        self.days += 1
        self.desk.books.charged("ch", amount, at=NOON + minutes(self.days))
        self.desk.books.run(now=LATER + minutes(self.days))

    @invariant()
    def the_history_is_a_path_to_where_it_stands(self) -> None:
        state, version = "", 0
        for entry in log_of(self.row()):
            if entry.action == "noted":
                continue
            assert entry.before.get("status", "") == state
            assert leads(entry.action, state, entry.after["status"]), (entry.action, state, entry.after["status"])
            assert entry.after["version"] == version + 1
            state, version = entry.after["status"], version + 1
        row = self.row()
        assert (row.status, row.version) == (state, version)

    @invariant()
    def the_totals_are_those_of_what_is_open(self) -> None:
        pk = self.desk.organization.pk
        assert open_totals.kept(pk) == open_totals.counted(pk)

    @invariant()
    def no_approver_is_an_author(self) -> None:
        authors: set[int | None] = set()
        for entry in log_of(self.row()):
            if entry.action in AUTHORING:
                authors.add(entry.actor_user_id)
            elif entry.action == "approved":
                assert entry.actor_user_id not in authors
            if entry.after and entry.after["status"] != "pending_approval":
                authors = set()

    @invariant()
    def an_adjustment_stands_only_for_what_was_resolved_so(self) -> None:
        row = self.row()
        found = [
            (entry.amount_minor, entry.code) for entry in standing(Organization.objects.get(pk=row.organization_id))
        ]
        adjusts = row.resolution_code in ("adjustment", "write_off") and row.status == "resolved"
        assert found == ([(row.difference_minor, row.resolution_code)] if adjusts else [])


def lives(examples: int) -> None:
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=examples, stateful_step_count=20, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


@pytest.mark.django_db
def test_histories_are_paths_of_the_table() -> None:
    lives(tries(5))


@pytest.mark.trust
@pytest.mark.django_db
def test_many_histories_are_paths_of_the_table() -> None:
    lives(150)
