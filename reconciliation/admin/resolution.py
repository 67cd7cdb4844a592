"""How a discrepancy is proposed to be resolved, or was resolved: for whoever signs and for whoever reads later."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.admin.cells import time_cell, zone_of
from billing.models import Adjustment
from billing.wording import amount_text
from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.workflow import BY_CODE

from .log_words import resolution_words, rule_words
from .notes import note_html

Status = ReconciliationDiscrepancy.Status


def resolution(row: ReconciliationDiscrepancy, user: Any) -> dict[str, Any] | None:
    """The proposal or the resolution: code, reason, people, what approving does, adjustment entries. None: neither."""
    if not row.resolution_code:
        return None
    zone, pending = zone_of(row), row.status == Status.PENDING_APPROVAL
    facts = [
        (_("Resolution"), resolution_words(row.resolution_code)),
        (_("Proposed by"), row.proposed_by.get_username() if row.proposed_by else ""),
        (_("Proposed"), time_cell(row.proposed_at, zone) if row.proposed_at else ""),
        (_("Approved by"), row.approved_by.get_username() if row.approved_by else ""),
        (_("Resolved"), time_cell(row.resolved_at, zone) if row.resolved_at else ""),
        (_("Closed under"), rule_words(row.closing_rule) if row.closing_rule else ""),
        (_("Threshold"), limit_text(row)),
        (_("Duplicate of"), f"D-{row.duplicate_of_id}" if row.duplicate_of_id else ""),
        (_("Adjustment entries"), ", ".join(entry_words(entry) for entry in entries(row))),
    ]
    return {
        "pending": pending,
        "facts": [(name, value) for name, value in facts if value],
        "reason": note_html(row.resolution_reason),
        "does": approving_does(row) if pending else "",
        "own": pending and row.proposed_by_id == user.pk,
        "duplicate_url": page_url(row.duplicate_of_id) if row.duplicate_of_id else "",
    }


def page_url(pk: int) -> str:
    """The page of a discrepancy."""
    return reverse("admin:reconciliation_reconciliationdiscrepancy_change", args=[pk])


def limit_text(row: ReconciliationDiscrepancy) -> str:
    """The threshold that held when one manager closed alone."""
    return "" if row.closing_limit_minor is None else amount_text(row.closing_limit_minor, row.currency)


def approving_does(row: ReconciliationDiscrepancy) -> str:
    """What an approval changes, with the amount."""
    code = BY_CODE.get(row.resolution_code)
    if code is None or not code.adjusts or not row.difference_minor:
        return _("Approving closes the discrepancy. No ledger row changes.")
    amount = amount_text(row.difference_minor, row.currency, sign=True)
    return _("Approving adds an adjustment entry of %(amount)s. No ledger row changes.") % {"amount": amount}


def entries(row: ReconciliationDiscrepancy) -> list[Adjustment]:
    """The adjustment entries about the discrepancy, oldest first."""
    return list(Adjustment.objects.filter(organization=row.organization_id, discrepancy_id=row.pk).order_by("pk"))


def entry_words(entry: Adjustment) -> str:
    """An entry: its number, its amount, and whether it takes another one back."""
    words = f"{entry} {amount_text(entry.amount_minor, entry.currency, sign=True)}"
    return (
        _("%(entry)s (takes A-%(number)s back)") % {"entry": words, "number": entry.reverses_id}
        if entry.reverses_id
        else words
    )
