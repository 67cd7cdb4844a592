"""Proposing how a discrepancy is resolved, and deciding about it: two people, or one below the threshold."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from billing import adjustments
from billing.changes import note_records
from reconciliation.comparisons import COMPARISONS
from reconciliation.core.deadlines import due_at
from reconciliation.core.parameters import from_micros
from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.models.discrepancies import NO_RESOLUTION

from .checks import check_alone
from .codes import BY_CODE, DUPLICATE, ResolutionCode
from .refusals import InvalidStep
from .steps import Asked, Ready, prepare, take
from .transitions import RESOLVED

Row = ReconciliationDiscrepancy
Rule = ReconciliationDiscrepancy.ClosingRule


def propose(
    *,
    discrepancy_id: int,
    expected_version: int,
    code: str,
    reason: str,
    by: User,
    now: datetime,
    duplicate_of: int | None = None,
    request_id: str = "",
) -> Row:
    """Proposes to resolve a discrepancy as `code`; somebody else decides. Raises StepRefused."""
    ready = prepare("propose", Asked(discrepancy_id, expected_version, by, now, request_id), reason)
    return take(ready, proposal(ready, code, duplicate_of))


def dismiss_duplicate(
    *,
    discrepancy_id: int,
    expected_version: int,
    duplicate_of: int | None,
    reason: str,
    by: User,
    now: datetime,
    request_id: str = "",
) -> Row:
    """Proposes to dismiss a discrepancy because another tells the same; somebody else decides. Raises StepRefused."""
    ready = prepare("dismiss_duplicate", Asked(discrepancy_id, expected_version, by, now, request_id), reason)
    return take(ready, proposal(ready, DUPLICATE, duplicate_of))


def revise(
    *,
    discrepancy_id: int,
    expected_version: int,
    code: str,
    reason: str,
    by: User,
    now: datetime,
    duplicate_of: int | None = None,
    request_id: str = "",
) -> Row:
    """Changes one's own proposal while it waits. Nobody else can: an editor would become its author, and might then
    not be told apart from an approver. Raises StepRefused.
    """
    ready = prepare("revise", Asked(discrepancy_id, expected_version, by, now, request_id), reason)
    return take(ready, proposal(ready, code, duplicate_of))


def withdraw(*, discrepancy_id: int, expected_version: int, by: User, now: datetime, request_id: str = "") -> Row:
    """Takes one's own proposal back. Raises StepRefused."""
    return take(prepare("withdraw", Asked(discrepancy_id, expected_version, by, now, request_id)), dict(NO_RESOLUTION))


def approve(
    *, discrepancy_id: int, expected_version: int, by: User, now: datetime, reason: str = "", request_id: str = ""
) -> Row:
    """Approves the proposal as it stands at `expected_version`, and adds the adjustment entry it asks for.

    Raises StepRefused; OwnProposal for whoever proposed it.
    """
    ready = prepare("approve", Asked(discrepancy_id, expected_version, by, now, request_id), reason)
    if not BY_CODE[ready.row.resolution_code].fits(ready.row):
        raise InvalidStep("code", _("There is no amount to adjust. Reject the proposal, saying so."))
    other_of(ready, BY_CODE[ready.row.resolution_code], ready.row.duplicate_of_id)
    closing = {"approved_by_id": by.pk, "closing_rule": Rule.FOUR_EYES.value, "resolved_at": now}
    return take(ready, closing, lambda after: enter_adjustment(after, ready.row.proposed_by, by, now))


def reject(
    *, discrepancy_id: int, expected_version: int, reason: str, by: User, now: datetime, request_id: str = ""
) -> Row:
    """Sends a proposal back to whoever works on it, saying why. Raises StepRefused."""
    ready = prepare("reject", Asked(discrepancy_id, expected_version, by, now, request_id), reason)
    return take(ready, dict(NO_RESOLUTION))


def close(
    *,
    discrepancy_id: int,
    expected_version: int,
    code: str,
    reason: str,
    by: User,
    now: datetime,
    duplicate_of: int | None = None,
    request_id: str = "",
) -> Row:
    """Resolves a discrepancy below the organization's threshold, alone. Raises StepRefused; NotAllowed above it."""
    ready = prepare("close", Asked(discrepancy_id, expected_version, by, now, request_id), reason)
    values = proposal(ready, code, duplicate_of) | {
        "closing_limit_minor": check_alone(ready.row, code),
        "closing_rule": Rule.BELOW_THRESHOLD.value,
        "approved_by_id": by.pk,
        "resolved_at": now,
    }
    return take(ready, values, lambda after: enter_adjustment(after, by, by, now))


def requeue(
    *, discrepancy_id: int, expected_version: int, reason: str, by: User, now: datetime, request_id: str = ""
) -> Row:
    """Puts a discrepancy back into the queue: its resolution no longer holds, an adjustment entry is taken back, and
    the next run looks at its records again. Raises StepRefused.
    """
    ready = prepare("requeue", Asked(discrepancy_id, expected_version, by, now, request_id), reason)

    def undo(after: Row) -> dict[str, Any]:
        look_again(after, after.left_id, after.right_id)
        taken = adjustments.take_back(
            organization=after.organization, discrepancy_ids=[after.pk], reason=ready.reason,
            actor=f"user:{by.get_username()}", by=by, now=now,
        )  # fmt: skip
        return {"adjustments": taken[after.pk]} if taken else {}

    queued = {"queued_at": now, "due_at": due_again(ready.row, now)}
    return take(ready, {**NO_RESOLUTION, "investigated_at": None, **queued}, undo)


def due_again(row: Row, now: datetime) -> datetime:
    """Until when a discrepancy that is back in the queue should be resolved."""
    deadline = row.explanation.get("deadline")
    return due_at(row.severity, now, None if deadline is None else from_micros(deadline))


def proposal(ready: Ready, code: str, duplicate_of: int | None) -> dict[str, Any]:
    """The columns of a proposal. Raises InvalidStep for a code that there is not, or that does not fit."""
    chosen = BY_CODE.get(code)
    if chosen is None:
        raise InvalidStep("code", _("Choose a resolution."))
    if not chosen.fits(ready.row):
        raise InvalidStep("code", _("There is no amount to adjust here. Choose another resolution."))
    return {
        **NO_RESOLUTION,
        "resolution_code": code,
        "resolution_reason": ready.reason,
        "duplicate_of_id": other_of(ready, chosen, duplicate_of),
        "proposed_by_id": ready.asked.by.pk,
        "proposed_at": ready.asked.now,
    }


def other_of(ready: Ready, code: ResolutionCode, duplicate_of: int | None) -> int | None:
    """The discrepancy that `ready`'s one repeats, where the code asks for it. Raises InvalidStep for a wrong one."""
    if not code.names_other:
        return None
    if duplicate_of is None:
        raise InvalidStep("duplicate_of", _("Name the discrepancy that stays: D- and its number."))
    rows = ReconciliationDiscrepancy.objects.filter(organization=ready.row.organization_id, pk=duplicate_of)
    other = rows.first()
    if other is None or other.pk == ready.row.pk:
        raise InvalidStep("duplicate_of", _("There is no other discrepancy with this number in the organization."))
    if other.status == RESOLVED and other.duplicate_of_id is not None:
        raise InvalidStep("duplicate_of", _("That one was dismissed as a duplicate itself. Name the one that stays."))
    return other.pk


def enter_adjustment(after: Row, proposed_by: User | None, approved_by: User, now: datetime) -> dict[str, Any]:
    """Adds the adjustment entry that the resolution asks for: the whole difference, so that ours comes to theirs."""
    if not BY_CODE[after.resolution_code].adjusts or not after.difference_minor:
        return {}
    entry = adjustments.enter(
        organization=after.organization,
        subject=adjustments.Subject(after.comparison, after.pk, after.left_id, after.right_id),
        code=after.resolution_code, amount_minor=after.difference_minor, currency=after.currency,
        reason=after.resolution_reason, proposed_by=proposed_by, approved_by=approved_by, now=now,
    )  # fmt: skip
    return {"adjustments": [entry.pk]}


def look_again(row: Row, left_id: int, right_id: int) -> None:
    """Has the next run look at two records (identities; 0: none) again, though they did not change themselves."""
    ids = {"left": left_id, "right": right_id}
    comparison = COMPARISONS[row.comparison]
    for source, side in comparison.sources.items():
        identity = ids[side] or (max(ids.values()) if comparison.one_identity else 0)
        if identity:
            note_records(organization=row.organization, source=source, identity_ids=[identity])
