"""A row of the action log for people: what was done, by whom, and what changed from what to what."""

import json
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.wording import amount_text
from reconciliation.models import ReconciliationActionLog, ReconciliationDiscrepancy
from reconciliation.models.discrepancies import CLEARED
from reconciliation.sentences import status_word
from reconciliation.wording import outcome_word
from reconciliation.workflow import BY_CODE

from .labels import pass_words, severity_word, step_word

LONG = 200
UNTOLD = (
    "version", "currency", "proposed_by_id", "approved_by_id", "assigned_to_id", "resolution_reason", "decision",
    "left_id", "right_id", "closing_limit_minor",
)  # fmt: skip
ORDER = (
    "status",
    "resolution_code",
    "difference_minor",
    "unexplained_minor",
    "reason_code",
    "severity",
    "expected",
    "actual",
    "currency",
)


ACTIONS = {
    "opened": gettext_lazy("Opened"),
    "changed": gettext_lazy("Changed"),
    "reopened": gettext_lazy("Reopened"),
    "cleared": gettext_lazy("Cleared"),
    "proposal_withdrawn": gettext_lazy("Proposal withdrawn"),
    "acknowledged": gettext_lazy("Acknowledged"),
    "assigned": gettext_lazy("Assigned"),
    "noted": gettext_lazy("Note added"),
    "proposed": gettext_lazy("Resolution proposed"),
    "approved": gettext_lazy("Approved"),
    "rejected": gettext_lazy("Rejected"),
    "requeued": gettext_lazy("Requeued"),
    "investigated": gettext_lazy("Marked as investigated"),
    "match_forced": gettext_lazy("Matched by hand"),
    "match_forbidden": gettext_lazy("Kept apart by hand"),
    "match_undone": gettext_lazy("Decision undone"),
    "proposal_revised": gettext_lazy("Proposal revised"),
    "closed": gettext_lazy("Closed by one manager"),
    "threshold_set": gettext_lazy("Threshold set"),
    "fee_terms_set": gettext_lazy("Agreed fees set"),
    "source_job_requested": gettext_lazy("Source job asked for"),
    "ingestion_withdrawn": gettext_lazy("Ingestion withdrawn"),
    "lines_attached": gettext_lazy("Statement lines attached"),
}


FIELDS = {
    "status": gettext_lazy("Status"),
    "resolution_code": gettext_lazy("Resolution"),
    "severity": gettext_lazy("Severity"),
    "reason_code": gettext_lazy("Reason code"),
    "expected": gettext_lazy("Expected"),
    "actual": gettext_lazy("Actual"),
    "difference_minor": gettext_lazy("Difference"),
    "unexplained_minor": gettext_lazy("Unexplained"),
    "currency": gettext_lazy("Currency"),
    "version": gettext_lazy("Version"),
    "outcome": gettext_lazy("Outcome"),
    "match_pass": gettext_lazy("Matched by"),
    "resolution_reason": gettext_lazy("Reason"),
    "closing_rule": gettext_lazy("Closed under"),
    "closing_limit_minor": gettext_lazy("Threshold"),
    "duplicate_of_id": gettext_lazy("Duplicate of"),
    "assigned_to_id": gettext_lazy("Assigned to"),
    "proposed_by_id": gettext_lazy("Proposed by"),
    "approved_by_id": gettext_lazy("Approved by"),
    "adjustments": gettext_lazy("Adjustment entries"),
    "decision": gettext_lazy("Decision"),
    "left_id": gettext_lazy("Our record"),
    "right_id": gettext_lazy("Provider record"),
    "job": gettext_lazy("Source job"),
    "kind": gettext_lazy("Kind"),
    "about": gettext_lazy("About"),
    "ingestion": gettext_lazy("Ingestion"),
    "excluded": gettext_lazy("Lines excluded"),
    "restored": gettext_lazy("Lines put back"),
    "belongs_to": gettext_lazy("Belongs to"),
    "line_count": gettext_lazy("Number of lines"),
    "lines": gettext_lazy("Lines"),
}


def action_words(action: str) -> str:
    """What was done."""
    return str(ACTIONS.get(action, action.replace("_", " ").capitalize()))


def reason_words(reason: str) -> str:
    """Why; a person's own words stay as written."""
    return {"cleared_by_run": _("A run no longer found it.")}.get(reason, reason)


def actor_words(actor: str) -> str:
    """Who: "user:alice" and "run:12" as people say it."""
    kind, _colon, name = actor.partition(":")
    return {"run": _("run R-%s") % name, "user": name, "system": _("the system")}.get(kind, actor)


def field_words(field: str) -> str:
    """A logged field's name."""
    return str(FIELDS.get(field, field))


def compared_words(value: str, reason_code: str, currency: str) -> str:
    """What one side says, as the kind of the difference reads it: an amount, a status, else the value itself."""
    if reason_code.startswith("amount.") and value.lstrip("-").isdigit():
        return amount_text(int(value), currency)
    return status_word(value) if reason_code.startswith("status.") else value


def resolution_words(code: str) -> str:
    """What a discrepancy was resolved as."""
    if code == CLEARED:
        return _("Cleared by a run")
    return str(BY_CODE[code].title) if code in BY_CODE else code


def rule_words(rule: str) -> str:
    """What allowed a resolution."""
    return str(dict(ReconciliationDiscrepancy.ClosingRule.choices).get(rule, rule))


def numbered(field: str, value: Any) -> str:
    """References to rows of ours as people write them: D-12, A-3, A-4."""
    mark = {"duplicate_of_id": "D-", "adjustments": "A-"}[field]
    return ", ".join(f"{mark}{number}" for number in (value if isinstance(value, list) else [value]))


def value_words(values: dict[str, Any], field: str) -> str:
    """A logged value; amounts with their currency."""
    value = values.get(field)
    if value is None or value == "":
        return "–"
    if field in ("duplicate_of_id", "adjustments"):
        return numbered(field, value)
    if field.endswith("_minor") and isinstance(value, int) and values.get("currency"):
        return amount_text(value, str(values["currency"]), sign=field.startswith("difference"))
    if field in ("expected", "actual"):
        return compared_words(str(value), str(values.get("reason_code", "")), str(values.get("currency", "")))
    words = {
        "status": step_word, "severity": severity_word, "outcome": outcome_word, "match_pass": pass_words,
        "resolution_code": resolution_words, "closing_rule": rule_words,
    }  # fmt: skip
    if field == "resolution_code" and value == "cleared":
        return _("cleared by a run")
    if isinstance(value, str) and field in words:
        return words[field](value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= LONG else f"{text[:LONG]}…"


def changes(row: ReconciliationActionLog) -> list[tuple[str, str, str]]:
    """Field, before, after of everything that the step changed, what matters most first."""
    return changed_values(row.before, row.after)


def changed_values(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Field, before, after of what differs between two snapshots."""
    known = [*ORDER, *sorted({*before, *after} - {*ORDER})]
    names = [name for name in known if before.get(name) != after.get(name)]
    return [(field_words(name), value_words(before, name), value_words(after, name)) for name in names]


def change_text(row: ReconciliationActionLog) -> str:
    """The step's changes in a line; for a first step only where things stand."""
    return change_words(row.before, row.after)


def change_words(before: dict[str, Any], after: dict[str, Any]) -> str:
    """What differs between two snapshots, in a line. People are left out: a line says who took the step anyway."""
    untold = {field_words(name) for name in UNTOLD}
    told = [change for change in changed_values(before, after) if change[0] not in untold and change[1] != change[2]]
    return " · ".join(f"{name} {old} → {new}" if before else f"{name} {new}" for name, old, new in told)
