"""The columns of what runs and people bring about: discrepancies, items, the log, runs, and the jobs of the desk."""

from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reconciliation.core.dispute_board import acknowledge_by, evidence_by
from reconciliation.sentences import sentence
from reconciliation.spreadsheets import Money

from .cells import FLAGS, ORGANIZATION, Column, amount_of, as_json, fact, money, of_side, person, plain


def told(row: Any) -> dict[str, Any]:
    """What the last run knew of a dispute."""
    more: dict[str, Any] = (row.explanation.get("right") or {}).get("more", {})
    return more


def moved(row: Any, name: str) -> Money | None:
    """An amount of a dispute in the currency its money moved in."""
    return money(told(row).get(name), told(row).get("moved_currency", ""))


def item_difference(row: Any) -> Money | None:
    """Provider less ours, in one currency only."""
    left, right = row.left_amount_minor, row.right_amount_minor
    if left is None or right is None or row.left_currency != row.right_currency:
        return None
    return Money(right - left, row.left_currency)


RUN = pgettext_lazy("noun", "Run")
OCCURRED = plain("occurred_at", _("Occurred (UTC)"))

DISCREPANCIES = (
    Column("discrepancy", _("Discrepancy"), str), ORGANIZATION, plain("comparison", _("Comparison")),
    plain("type", _("Type")), plain("severity", _("Severity")), plain("status", _("Status")),
    Column("sentence", _("What differs"), lambda row: sentence(row, ZoneInfo(row.organization.timezone))),
    Column("difference", _("Difference"), lambda row: money(row.difference_minor, row.currency)),
    Column("unexplained", _("Unexplained"), lambda row: money(row.unexplained_minor, row.currency)),
    plain("currency", _("Currency")), plain("reason_code", _("Reason code")),
    of_side("our_id", _("Our id"), "left", "own", "key"), amount_of("our_amount", _("Ours"), "left"),
    of_side("our_currency", _("Our currency"), "left", "currency"),
    of_side("provider_id", _("Provider id"), "right", "own", "key"),
    amount_of("provider_amount", _("Provider"), "right"),
    of_side("provider_currency", _("Provider currency"), "right", "currency"),
    Column("customer", _("Customer"), lambda row: fact(row, "left", "party") or fact(row, "right", "party") or ""),
    Column("cause", _("Cause"), lambda row: row.cause_name), OCCURRED, plain("opened_at", _("Opened (UTC)")),
    plain("due_at", _("Due (UTC)")),
    person("assigned_to", _("Assigned to")), plain("resolution_code", _("Resolution")),
    plain("resolution_reason", _("Reason")), person("proposed_by", _("Proposed by")),
    person("approved_by", _("Approved by")), plain("resolved_at", _("Resolved (UTC)")),
)  # fmt: skip
ITEMS = (
    Column("item", _("Item"), str), ORGANIZATION, plain("comparison", _("Comparison")), plain("kind", _("Kind")),
    plain("outcome", _("Outcome")), plain("match_pass", _("Matched by")), plain("reason", _("Reason")),
    plain("group_key", _("Group")), plain("left_name", _("Our id")),
    Column("our_amount", _("Ours"), lambda row: money(row.left_amount_minor, row.left_currency)),
    plain("left_currency", _("Our currency")), plain("left_status", _("Our status")),
    plain("right_name", _("Provider id")),
    Column("provider_amount", _("Provider"), lambda row: money(row.right_amount_minor, row.right_currency)),
    plain("right_currency", _("Provider currency")), plain("right_status", _("Provider status")),
    Column("difference", _("Difference"), item_difference), OCCURRED, plain("due_at", _("Due (UTC)")),
    plain("opened_run", _("Opened by run")), plain("closed_run", _("Closed by run")),
)  # fmt: skip
ACTION_LOG = (
    Column("entry", _("No."), lambda row: row.pk), ORGANIZATION, plain("at", _("Time (UTC)")),
    plain("actor", _("Who")), plain("action", _("What")),
    Column("discrepancy", _("Discrepancy"), lambda row: f"D-{row.discrepancy_id}" if row.discrepancy_id else ""),
    Column("run", RUN, lambda row: f"R-{row.run_id}" if row.run_id else ""),
    Column("before", _("Before"), lambda row: as_json(row.before)),
    Column("after", _("After"), lambda row: as_json(row.after)), plain("reason", _("Reason")),
    plain("request_id", _("Request id")), Column("batch", _("Batch"), lambda row: str(row.batch_id)),
)  # fmt: skip
RUNS = (
    Column("run", RUN, str), ORGANIZATION, plain("comparison", _("Comparison")), plain("status", _("Status")),
    plain("period_start", _("Period from (UTC)")), plain("period_end", _("Period to, excluded (UTC)")),
    Column("matched_percent", _("Matched, percent"), lambda row: (row.report or {}).get("matched_percent") or ""),
    Column("open", _("Open"), lambda row: sum((row.report or {}).get("discrepancies", {}).values())),
    plain("started_at", _("Started (UTC)")), plain("finished_at", _("Ended (UTC)")),
    person("requested_by", _("Requested by")), plain("requested_via", _("Requested via")),
    plain("report_digest", _("SHA-256 of the report")),
    plain("error", _("Error")),
)  # fmt: skip
DRY_RUNS = (
    Column("dry_run", pgettext_lazy("noun", "Dry run"), str), ORGANIZATION, plain("comparison", _("Comparison")),
    plain("status", _("Status")), plain("period_start", _("Period from (UTC)")),
    plain("period_end", _("Period to, excluded (UTC)")), plain("tolerance_minor", _("Tolerance (minor units)")),
    Column("matched_percent", _("Matched, percent"), lambda row: (row.report or {}).get("matched_percent") or ""),
    Column("items", _("Items written or replaced"), lambda row: row.written.get("items")),
    Column(
        "discrepancies", _("Discrepancies opened, changed or cleared"), lambda row: row.written.get("discrepancies")
    ),
    Column("log", _("Entries of the action log"), lambda row: row.written.get("log")),
    person("requested_by", _("Requested by")), plain("created_at", _("Created (UTC)")),
    plain("finished_at", _("Ended (UTC)")), plain("error", _("Error")),
)  # fmt: skip
DISPUTES = (
    Column("dispute", _("Dispute"), lambda row: row.reference), ORGANIZATION,
    Column("discrepancy", _("Discrepancy"), lambda row: f"D-{row.pk}"),
    Column("charge", _("Charge"), lambda row: row.card.charge),
    Column("customer", _("Customer"), lambda row: row.card.customer),
    Column("amount", _("Disputed"), lambda row: money(row.card.amount_minor, row.card.currency)),
    Column("amount_currency", _("Currency"), lambda row: row.card.currency),
    Column("withdrawn", _("Withdrawn"), lambda row: moved(row, "withdrawn_minor")),
    Column("reinstated", _("Reinstated"), lambda row: moved(row, "reinstated_minor")),
    Column("fee", _("Fee"), lambda row: moved(row, "fee_minor")),
    Column("moved_currency", _("Currency of the movements"), lambda row: told(row).get("moved_currency", "")),
    Column("reason", _("Reason"), lambda row: row.card.reason),
    Column("provider_status", _("Provider status"), lambda row: row.card.standing.word),
    plain("status", _("Status")), plain("queued_at", _("In the queue since (UTC)")),
    Column("acknowledge_by", _("Acknowledge by (UTC)"), lambda row: acknowledge_by(row.card.standing)),
    Column("evidence_by", _("Evidence due (UTC)"), lambda row: evidence_by(row.card.standing)),
    Column("response_possible", _("Response possible"), lambda row: FLAGS[not row.card.standing.no_response_possible]),
    person("assigned_to", _("Assigned to")), plain("resolution_code", _("Resolution")),
    plain("resolved_at", _("Resolved (UTC)")),
)  # fmt: skip
