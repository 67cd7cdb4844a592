"""Everything about one discrepancy, for its address and for the answer to a step."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from reconciliation import workflow
from reconciliation.admin.discrepancy_page import HISTORY_SHOWN
from reconciliation.admin.steps import buttons_for
from reconciliation.models import ReconciliationActionLog, ReconciliationDiscrepancy

from .shapes import DiscrepancyDetailShape
from .times import iso

Row = ReconciliationDiscrepancy


def own_discrepancies(organizations: list[int]) -> QuerySet[Row]:
    """The discrepancies of some organizations, with what an answer names."""
    rows = ReconciliationDiscrepancy.objects.filter(organization__in=organizations)
    return rows.select_related("organization", "assigned_to")


def detail_of(row: Row, user: User) -> Any:
    """The discrepancy as an answer holds it, with the steps `user` may take now."""
    row.resolution, row.history, row.next_steps = resolution_of(row), history_of(row), steps_of(row, user)  # type: ignore[attr-defined]
    row.resolution_codes = [code.code for code in workflow.codes_for(row)]  # type: ignore[attr-defined]
    return DiscrepancyDetailShape(row).data


def history_of(row: Row) -> QuerySet[ReconciliationActionLog]:
    """What was done about it, newest first."""
    entries = ReconciliationActionLog.objects.filter(organization=row.organization_id, discrepancy=row.pk)
    return entries.order_by("-pk")[:HISTORY_SHOWN]


def steps_of(row: Row, user: User) -> list[workflow.Transition]:
    """The steps the desk would offer, each once."""
    buttons = buttons_for(row, user)
    actions = {link["button"].action for part in ("first", "more") for link in buttons[part]}
    return [step for step in workflow.TRANSITIONS if step.action in actions]


def resolution_of(row: Row) -> dict[str, Any] | None:
    """What is proposed, or was decided; null while nothing is."""
    if not row.resolution_code:
        return None
    return {
        "code": row.resolution_code,
        "reason": row.resolution_reason,
        "duplicate_of": row.duplicate_of_id,
        "proposed_by": row.proposed_by.get_username() if row.proposed_by else None,
        "proposed_at": iso(row.proposed_at),
        "approved_by": row.approved_by.get_username() if row.approved_by else None,
        "closing_rule": row.closing_rule,
    }
