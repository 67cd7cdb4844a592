"""Steps that look after a discrepancy without resolving it."""

from datetime import datetime

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from billing.access import organization_ids
from reconciliation.models import ReconciliationDiscrepancy

from .refusals import InvalidStep
from .steps import Asked, own_transaction, prepare, record, take
from .transitions import TRIAGE

Row = ReconciliationDiscrepancy


def acknowledge(*, discrepancy_id: int, expected_version: int, by: User, now: datetime, request_id: str = "") -> Row:
    """Takes an open discrepancy in charge. Raises StepRefused (see prepare and take in steps)."""
    return take(prepare("acknowledge", Asked(discrepancy_id, expected_version, by, now, request_id)))


def assign(
    *, discrepancy_id: int, expected_version: int, to: User | None, by: User, now: datetime, request_id: str = ""
) -> Row:
    """Gives a discrepancy to somebody who may work on it, or to nobody. Assigned so already: nothing is written.

    Raises StepRefused; InvalidStep for an assignee who is no member or may not triage.
    """
    ready = prepare("assign", Asked(discrepancy_id, expected_version, by, now, request_id))
    if to is not None and not may_be_given(ready.row.organization_id, to):
        raise InvalidStep("to", _("%s cannot work on discrepancies of this organization.") % to.get_username())
    if ready.row.assigned_to_id == (to.pk if to else None):
        return ready.row
    return take(ready, {"assigned_to_id": to.pk if to else None})


def may_be_given(organization_id: int, user: User) -> bool:
    """Whether discrepancies of the organization may be assigned to `user`."""
    return user.is_active and organization_id in organization_ids(user) and user.has_perm(TRIAGE)


def annotate(*, discrepancy_id: int, text: str, by: User, now: datetime, request_id: str = "") -> Row:
    """Adds a note (Markdown) to the log. The discrepancy itself stays as it is, so that two notes never collide.

    Raises StepRefused.
    """
    ready = prepare("annotate", Asked(discrepancy_id, None, by, now, request_id), text)
    with own_transaction():
        record(ready, {}, {})
    return ready.row


def mark_investigated(
    *, discrepancy_id: int, expected_version: int, reason: str, by: User, now: datetime, request_id: str = ""
) -> Row:
    """Notes that somebody looked into it and what was found. Raises StepRefused."""
    asked = Asked(discrepancy_id, expected_version, by, now, request_id)
    return take(prepare("mark_investigated", asked, reason), {"investigated_at": now})
