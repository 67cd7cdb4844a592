"""Who may take a step, and when: asked by screens before they offer it and by writers before they take it."""

from contextlib import suppress

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from billing.access import organization_ids
from reconciliation.models import ClosingThreshold, ReconciliationDiscrepancy

from .codes import BY_CODE
from .refusals import NotAllowed, OwnProposal, StepRefused, UnknownDiscrepancy, WrongState
from .transitions import BY_ACTION, TRANSITIONS, Transition


def check_who(step: Transition, row: ReconciliationDiscrepancy, user: User) -> None:
    """Raises UnknownDiscrepancy for somebody else's organization, NotAllowed without the permission, OwnProposal for
    one's own proposal. A superuser holds every permission, and still does not decide about an own proposal.
    """
    check_member(row, user)
    check_role(step, row, user)


def check_member(row: ReconciliationDiscrepancy, user: User) -> None:
    """Raises UnknownDiscrepancy for somebody else's organization."""
    if row.organization_id not in organization_ids(user):
        raise UnknownDiscrepancy


def check_role(step: Transition, row: ReconciliationDiscrepancy, user: User) -> None:
    """Raises NotAllowed without the step's permission, OwnProposal for one's own proposal."""
    if not user.is_active or not user.has_perm(step.permission):
        raise NotAllowed(_("Your role does not allow this step: %(step)s.") % {"step": step.title})
    if row.status != ReconciliationDiscrepancy.Status.PENDING_APPROVAL:
        return
    if step.proposal == "others" and row.proposed_by_id == user.pk:
        raise OwnProposal
    if step.proposal == "own" and row.proposed_by_id != user.pk:
        raise NotAllowed(_("Only whoever proposed this can change or withdraw the proposal. Reject it instead."))


def check_when(step: Transition, row: ReconciliationDiscrepancy) -> None:
    """Raises WrongState where the step does not start from the discrepancy's state."""
    if row.status not in step.sources:
        told = {"step": step.title, "state": row.get_status_display()}
        raise WrongState(_("%(step)s is not possible: the discrepancy is %(state)s.") % told)


def check_can(action: str, discrepancy: ReconciliationDiscrepancy, user: User) -> None:
    """Raises the refusal that `user` would meet when taking the step `action` about `discrepancy` now.

    What is asked for with the step (reason, code) is not looked at. Raises KeyError for an unknown action.
    """
    check_member(discrepancy, user)
    check_member_can(BY_ACTION[action], discrepancy, user)


def check_member_can(step: Transition, discrepancy: ReconciliationDiscrepancy, user: User) -> None:
    """`check_can` for somebody who is known to be a member of the organization."""
    check_role(step, discrepancy, user)
    check_when(step, discrepancy)
    if step.action == "close":
        check_alone(discrepancy)


def can(action: str, discrepancy: ReconciliationDiscrepancy, user: User) -> bool:
    """Whether `check_can` lets the step pass."""
    return any(step.action == action for step in next_steps(discrepancy, user))


def next_steps(discrepancy: ReconciliationDiscrepancy, user: User) -> list[Transition]:
    """The steps `user` may take now, in the order screens offer them."""
    found: list[Transition] = []
    with suppress(UnknownDiscrepancy):
        check_member(discrepancy, user)
        for step in TRANSITIONS:
            with suppress(StepRefused):
                check_member_can(step, discrepancy, user)
                found.append(step)
    return found


def limit_minor(organization_id: int, currency: str) -> int | None:
    """Up to which difference (minor units) one manager may close alone; None where two people are always needed."""
    found = ClosingThreshold.objects.filter(organization=organization_id, currency=currency)
    return found.values_list("limit_minor", flat=True).first()


def check_alone(row: ReconciliationDiscrepancy, code: str = "") -> int:
    """The threshold (minor units) under which one manager may close `row` alone.

    Raises NotAllowed where two people are needed: no threshold, an amount above it or unknown, a code that says so.
    """
    limit = limit_minor(row.organization_id, row.currency)
    if limit is None or row.difference_minor is None or abs(row.difference_minor) > limit:
        raise NotAllowed(_("This difference needs two people: propose a resolution, and another manager approves it."))
    if code and BY_CODE[code].two_people:
        raise NotAllowed(_("This resolution needs two people, whatever the amount: propose it instead."))
    return limit
