"""The life of a discrepancy as data: each step with the states it leads from and to, and who may take it.

Writers, screens, the API, the diagram in docs/workflow.md and the tests read this one table. Steps of people ask for a
permission; steps without one are taken by runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from reconciliation.models import ReconciliationDiscrepancy

OPEN, ACKNOWLEDGED, PENDING, RESOLVED = (
    ReconciliationDiscrepancy.Status.OPEN.value,
    ReconciliationDiscrepancy.Status.ACKNOWLEDGED.value,
    ReconciliationDiscrepancy.Status.PENDING_APPROVAL.value,
    ReconciliationDiscrepancy.Status.RESOLVED.value,
)
EVERY = (OPEN, ACKNOWLEDGED, PENDING, RESOLVED)
AT_WORK = (OPEN, ACKNOWLEDGED)

TRIAGE = "reconciliation.triage_discrepancy"
ANNOTATE = "reconciliation.annotate_discrepancy"
PROPOSE = "reconciliation.propose_resolution"
APPROVE = "reconciliation.approve_resolution"
REQUEUE = "reconciliation.requeue_discrepancy"
MATCH = "reconciliation.match_records"


@dataclass(frozen=True)
class Transition:
    """One step. `target` is the state afterwards, "" when it stays; `logs` the log's word for it.

    `proposal`: "own" for a step only the proposer may take, "others" for one only somebody else may take.
    """

    action: str
    title: Any
    sources: tuple[str, ...]
    target: str
    logs: str
    permission: str = ""
    needs_reason: bool = False
    needs_code: bool = False
    proposal: str = ""

    def after(self, state: str) -> str:
        """The state this step leads to from `state`."""
        return self.target or state


TRANSITIONS = (
    Transition("acknowledge", _("Acknowledge"), (OPEN,), ACKNOWLEDGED, "acknowledged", TRIAGE),
    Transition("assign", _("Assign"), (OPEN, ACKNOWLEDGED, PENDING), "", "assigned", TRIAGE),
    Transition("annotate", _("Add a note"), EVERY, "", "noted", ANNOTATE, needs_reason=True),
    Transition(
        "mark_investigated", _("Mark as investigated"), AT_WORK, ACKNOWLEDGED, "investigated", TRIAGE, needs_reason=True
    ),
    Transition("match", _("Match by hand"), AT_WORK, ACKNOWLEDGED, "match_forced", MATCH, needs_reason=True),
    Transition("unmatch", _("Keep apart"), AT_WORK, ACKNOWLEDGED, "match_forbidden", MATCH, needs_reason=True),
    Transition("undo_match", _("Undo the decision"), EVERY, "", "match_undone", MATCH, needs_reason=True),
    Transition(
        "propose", _("Propose a resolution"), AT_WORK, PENDING, "proposed", PROPOSE, needs_reason=True, needs_code=True
    ),
    Transition(
        "dismiss_duplicate", _("Dismiss as a duplicate"), AT_WORK, PENDING, "proposed", PROPOSE, needs_reason=True
    ),
    Transition(
        "revise", _("Revise the proposal"), (PENDING,), "", "proposal_revised", PROPOSE,
        needs_reason=True, needs_code=True, proposal="own",
    ),
    Transition(
        "withdraw", _("Withdraw the proposal"), (PENDING,), ACKNOWLEDGED, "proposal_withdrawn", PROPOSE, proposal="own"
    ),
    Transition("approve", _("Approve"), (PENDING,), RESOLVED, "approved", APPROVE, proposal="others"),
    Transition(
        "reject", _("Reject"), (PENDING,), ACKNOWLEDGED, "rejected", APPROVE, needs_reason=True, proposal="others"
    ),
    Transition("close", _("Close alone"), AT_WORK, RESOLVED, "closed", APPROVE, needs_reason=True, needs_code=True),
    Transition(
        "requeue", _("Requeue"), (ACKNOWLEDGED, PENDING, RESOLVED), OPEN, "requeued", REQUEUE, needs_reason=True
    ),
)  # fmt: skip
"""The steps of people, in the order screens offer them."""

RUN_STEPS = (
    Transition("run_change", _("Changed"), AT_WORK, "", "changed"),
    Transition("run_withdraw", _("Proposal withdrawn"), (PENDING,), ACKNOWLEDGED, "proposal_withdrawn"),
    Transition("run_clear", _("Cleared"), (OPEN, ACKNOWLEDGED, PENDING), RESOLVED, "cleared"),
    Transition("run_reopen", _("Reopened"), (RESOLVED,), OPEN, "reopened"),
)
"""What runs do by themselves. A discrepancy begins with a run that opens it (log word `opened`)."""

BY_ACTION = {step.action: step for step in TRANSITIONS}


def leads(word: str, before: str, after: str) -> bool:
    """Whether the table has a step that the log calls `word` from state `before` to `after`; "" is before the first."""
    if not before:
        return (word, after) == ("opened", OPEN)
    steps: Iterator[Transition] = (step for step in (*TRANSITIONS, *RUN_STEPS) if step.logs == word)
    return any(before in step.sources and step.after(before) == after for step in steps)
