"""Bulk actions in words: what is done, where the rows came from, why one was skipped or not done."""

from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.admin.cells import shaped
from billing.wording import count_text
from reconciliation.models import BulkAction

SHAPES = {"preview": "○", "queued": "◔", "working": "◐", "ended": "●", "dropped": "⊘"}
RESULT_SHAPES = {"done": "✓", "not_allowed": "!", "changed": "≠", "failed": "✕", "skipped": "∅", "waiting": "○"}


def state_cell(state: str) -> SafeString:
    """How far a bulk action is."""
    word = {
        "preview": _("Preview"), "queued": _("Queued"), "working": _("Working"), "ended": _("Ended"),
        "dropped": _("Dropped"),
    }.get(state, state)  # fmt: skip
    return shaped(SHAPES.get(state, "·"), word, f"bulk-{state}")


def result_word(result: str) -> str:
    """What became of a row."""
    return {
        "done": _("Done"), "not_allowed": _("Not allowed"), "changed": _("Changed meanwhile"),
        "failed": _("Failed"), "skipped": _("Skipped"), "waiting": _("Waiting"),
    }.get(result, result)  # fmt: skip


def result_cell(result: str) -> SafeString:
    """What became of a row, with its shape."""
    return shaped(RESULT_SHAPES.get(result, "·"), result_word(result), f"result-{result}")


def why_words(why: str) -> str:
    """Why a row was skipped or not done, and what to do."""
    return {
        "wrong_state": _("The step does not start from where it stands."),
        "own_proposal": _("You proposed this. Another manager must approve it."),
        "not_allowed": _("The role does not allow it, or the amount needs two people."),
        "not_found": _("It no longer belongs to your organizations."),
        "stale": _("Somebody changed it after the preview. Look at it, then try again."),
        "no_amount": _("There is no amount to adjust. Choose another resolution for it."),
        "invalid_code": _("There is no amount to adjust. Reject the proposal, saying so."),
        "invalid_duplicate_of": _("The discrepancy that stays is a duplicate itself."),
        "invalid_to": _("The person cannot work on it."),
        "refused_by_database": _("The database refused it; nothing was saved. The log names the request."),
        "broken": _("Something unforeseen went wrong; nothing was saved. The log names the request."),
    }.get(why, why)


def action_title(bulk: BulkAction) -> str:
    """The step's name."""
    return str(bulk.get_action_display())


def heading(bulk: BulkAction) -> str:
    """The step and how many rows it is about."""
    rows = ngettext("%(n)s discrepancy", "%(n)s discrepancies", bulk.rows_to_work)
    told = {"action": action_title(bulk), "rows": rows % {"n": count_text(bulk.rows_to_work)}}
    return _("%(action)s: %(rows)s") % told


def selection_words(bulk: BulkAction) -> dict[str, Any]:
    """Where the rows came from, and the way back there."""
    kind, query = bulk.selection.get("kind"), bulk.selection.get("query", "")
    queue = reverse("admin:reconciliation_reconciliationdiscrepancy_changelist")
    back = f"{queue}?{query}" if query else queue
    if kind == "retry":
        number = bulk.selection.get("bulk")
        back = reverse("admin:reconciliation_bulkaction_change", args=[number])
        return {"text": _("What was not done by B-%(number)s") % {"number": number}, "url": back}
    if kind == "cause":
        number = bulk.selection.get("cause")
        back = reverse("admin:reconciliation_cause_change", args=[number])
        return {"text": _("Cause C-%(number)s, worked as one") % {"number": number}, "url": back}
    if kind == "approvals":
        return {"text": _("Proposals alike, from the approvals"), "url": reverse("admin:reconciliation_approvals")}
    text = _("Everything that the search and the filters matched") if kind == "filter" else _("The ticked rows")
    return {"text": text, "url": back}
