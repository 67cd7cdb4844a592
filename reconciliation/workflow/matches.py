"""People's decisions about pairs of records: choose a candidate, force a match, keep two apart, undo either (F3).

A decision is a row of its own; the next run reads it before its first pass. Nothing else of the two records changes.
"""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from reconciliation.comparisons import COMPARISONS
from reconciliation.comparisons.decisions import verdicts
from reconciliation.models import MatchDecision, ReconciliationDiscrepancy

from .refusals import InvalidStep
from .resolving import look_again
from .steps import Asked, Ready, prepare, take

Row = ReconciliationDiscrepancy
Verdict = MatchDecision.Verdict


def match(
    *,
    discrepancy_id: int,
    expected_version: int,
    left_id: int,
    right_id: int,
    reason: str,
    by: User,
    now: datetime,
    request_id: str = "",
) -> Row:
    """Decides that two records (identities) belong together, one of them the discrepancy's own.

    Raises StepRefused; InvalidStep where one of them is bound to a third record by an earlier decision.
    """
    ready = prepare("match", Asked(discrepancy_id, expected_version, by, now, request_id), reason)
    return decide(ready, left_id, right_id, Verdict.MATCH)


def unmatch(
    *,
    discrepancy_id: int,
    expected_version: int,
    left_id: int,
    right_id: int,
    reason: str,
    by: User,
    now: datetime,
    request_id: str = "",
) -> Row:
    """Decides that two records do not belong together, whatever they share. Raises StepRefused."""
    ready = prepare("unmatch", Asked(discrepancy_id, expected_version, by, now, request_id), reason)
    return decide(ready, left_id, right_id, Verdict.NO_MATCH)


def undo_match(
    *,
    discrepancy_id: int,
    expected_version: int,
    left_id: int,
    right_id: int,
    reason: str,
    by: User,
    now: datetime,
    request_id: str = "",
) -> Row:
    """Leaves two records to the rules again. Raises StepRefused; InvalidStep where nothing was decided about them."""
    ready = prepare("undo_match", Asked(discrepancy_id, expected_version, by, now, request_id), reason)
    return decide(ready, left_id, right_id, Verdict.UNDONE)


def decide(ready: Ready, left_id: int, right_id: int, verdict: Verdict) -> Row:
    """Stores a decision about a pair in the step's transaction, once both records are locked against others' ones."""
    row, asked = ready.row, ready.asked
    if left_id != row.left_id and right_id != row.right_id:
        raise InvalidStep("right_id", _("One of the two records must be the one this discrepancy is about."))

    def effect(_after: Row) -> dict[str, Any]:
        lock_records(row, left_id, right_id)
        check_decisions(row, left_id, right_id, verdict)
        decision = MatchDecision.objects.create(
            organization=row.organization, comparison=row.comparison, left_id=left_id, right_id=right_id,
            verdict=verdict, reason=ready.reason, discrepancy=row, decided_by=asked.by, decided_at=asked.now,
        )  # fmt: skip
        look_again(row, left_id, right_id)
        return {"decision": decision.pk, "left_id": left_id, "right_id": right_id}

    return take(ready, effect=effect)


def lock_records(row: Row, left_id: int, right_id: int) -> None:
    """Locks both identities until the end of the transaction. Raises InvalidStep for a record that there is not."""
    kinds = []
    models = COMPARISONS[row.comparison].identities
    if models is None:
        raise InvalidStep("right_id", _("Records of this comparison are not matched by hand."))
    for field, model, pk in (("left_id", models[0], left_id), ("right_id", models[1], right_id)):
        rows = model._default_manager.select_for_update().filter(organization=row.organization_id, pk=pk)
        kind = rows.values_list("kind", flat=True).first()
        if kind is None:
            raise InvalidStep(field, _("There is no such record in the organization."))
        kinds.append("charge" if kind == "payment_intent" else kind)
    if kinds[0] != kinds[1]:
        raise InvalidStep("right_id", _("A charge and a refund cannot be matched."))


def check_decisions(row: Row, left_id: int, right_id: int, verdict: Verdict) -> None:
    """Raises InvalidStep where a new decision would contradict one that holds."""
    held = verdicts(row.organization_id, row.comparison, left_id=left_id, right_id=right_id)
    about_pair = held.get((left_id, right_id))
    if verdict == about_pair:
        raise InvalidStep("right_id", _("This was decided already."))
    if verdict == Verdict.UNDONE and about_pair is None:
        raise InvalidStep("right_id", _("Nothing was decided about these two records."))
    others = [pair for pair, said in held.items() if said == Verdict.MATCH and pair != (left_id, right_id)]
    if verdict == Verdict.MATCH and others:
        raise InvalidStep("right_id", _("One of them was matched by hand to another record. Undo that decision first."))
