"""Any history with decisions of people in it ends in the items of one full run from empty, decisions included."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from billing.changes import note_records
from billing.models import Payment, ProviderRecord
from reconciliation.comparisons.decisions import verdicts
from reconciliation.core import report as reports
from reconciliation.models import MatchDecision
from tests.database import tries
from tests.reconciliation.books import LATER, NOON, Books
from tests.reconciliation.test_incremental import (
    KEYS,
    OWN,
    Run,
    charged,
    intended,
    named,
    numbers,
    paid,
    refunded,
    runs,
)

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Decided:
    """Somebody decides about a payment and a charge, where both exist and nothing that holds contradicts it."""

    own: str
    key: str
    verdict: str

    def apply(self, books: Books) -> None:
        scope = {"organization": books.organization, "kind": "charge"}
        left = Payment.objects.filter(**scope, external_id=self.own).first()
        right = ProviderRecord.objects.filter(**scope, external_id=self.key).first()
        if left is None or right is None:
            return
        held = verdicts(books.organization.pk, "payments", left_id=left.pk, right_id=right.pk)
        if self.verdict == "match" and "match" in held.values():
            return
        user, _new = User.objects.get_or_create(username="decider")
        MatchDecision.objects.create(
            organization=books.organization, comparison="payments", left_id=left.pk, right_id=right.pk,
            verdict=self.verdict, reason="-", decided_by=user, decided_at=NOON,
        )  # fmt: skip
        note_records(organization=books.organization, source="payment", identity_ids=[left.pk])
        note_records(organization=books.organization, source="provider_record", identity_ids=[right.pk])


decided = st.builds(
    Decided,
    own=st.sampled_from(OWN),
    key=st.sampled_from(KEYS),
    verdict=st.sampled_from(["match", "no_match", "undone"]),
)
steps = st.one_of(paid, charged, decided, runs, paid, charged, decided, refunded, intended)


def lives_alike(program: list[Any]) -> None:
    lived = Books(f"decided-{next(numbers)}", refunds="always")
    for step in [*program[: len(program) // 2], Run(0, NOON), *program[len(program) // 2 :]]:
        step.apply(lived)
    fresh = Books(f"undecided-{next(numbers)}", refunds="always")
    for step in program:
        if not isinstance(step, Run):
            step.apply(fresh)
    ends = [lived.run(now=LATER), fresh.run(now=LATER, full=True)]
    assert named(lived) == named(fresh)
    bodies = [reports.canonical({**end.report, "organization": ""}) for end in ends]
    assert bodies[0] == bodies[1]


PHASES = [Phase.explicit, Phase.reuse, Phase.generate]


@settings(max_examples=tries(6), deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(program=st.lists(steps, min_size=6, max_size=24))
def test_decisions_are_followed_whatever_came_before(program: list[Any]) -> None:
    lives_alike(program)


@pytest.mark.trust
@settings(max_examples=400, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(program=st.lists(steps, min_size=6, max_size=30))
def test_decisions_are_followed_in_many_histories(program: list[Any]) -> None:
    lives_alike(program)
