"""The columns of each list that can be taken away. Names are for machines, titles for people."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reconciliation.sentences import sentence
from reconciliation.spreadsheets import Cell, Money


@dataclass(frozen=True)
class Column:
    """A column: its name in a CSV file, its title in a workbook, and the cell of a row."""

    name: str
    title: Any
    cell: Callable[[Any], Cell]


def money(amount_minor: int | None, currency: str) -> Money | None:
    """An amount, if there is one."""
    return None if amount_minor is None else Money(amount_minor, currency)


def plain(name: str, title: Any) -> Column:
    """A column that shows a field as it is."""
    return Column(name, title, lambda row: getattr(row, name))


def fact(row: Any, side: str, name: str) -> Any:
    """What a discrepancy knows of the record on a side."""
    return (row.explanation.get(side) or {}).get(name)


def of_side(name: str, title: Any, side: str, *facts: str) -> Column:
    """A column of the first of some facts that a side has."""
    return Column(name, title, lambda row: next((str(v) for one in facts if (v := fact(row, side, one))), ""))


def amount_of(name: str, title: Any, side: str) -> Column:
    """A column of the amount of a side, in the currency of that side."""
    return Column(name, title, lambda row: money(fact(row, side, "amount_minor"), fact(row, side, "currency") or ""))


def person(name: str, title: Any) -> Column:
    """A column of a user's name."""
    return Column(name, title, lambda row: user.get_username() if (user := getattr(row, name)) else "")


def item_difference(row: Any) -> Money | None:
    """Provider less ours, in one currency only."""
    left, right = row.left_amount_minor, row.right_amount_minor
    if left is None or right is None or row.left_currency != row.right_currency:
        return None
    return Money(right - left, row.left_currency)


def as_json(value: Any) -> str:
    """A JSON value as text; nothing for nothing."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""


RUN = pgettext_lazy("noun", "Run")
ORGANIZATION = Column("organization", _("Organization"), lambda row: row.organization.slug)
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
    OCCURRED, plain("opened_at", _("Opened (UTC)")), plain("due_at", _("Due (UTC)")),
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
    person("requested_by", _("Requested by")), plain("report_digest", _("SHA-256 of the report")),
    plain("error", _("Error")),
)  # fmt: skip
PAYMENTS = (
    Column("payment", _("Our id"), lambda row: row.external_id), ORGANIZATION, plain("kind", _("Kind")),
    Column("amount", _("Amount"), lambda row: money(row.now_amount_minor, row.now_currency)),
    plain("now_currency", _("Currency")), plain("now_status", _("Status")),
    plain("now_provider_reference", _("Provider reference")), plain("now_customer", _("Customer")),
    plain("now_invoice_number", _("Invoice")), plain("now_occurred_at", _("Occurred (UTC)")),
    plain("current_number", _("Version")),
)  # fmt: skip

COLUMNS: dict[str, tuple[Column, ...]] = {
    "reconciliationdiscrepancy": DISCREPANCIES,
    "reconciliationitem": ITEMS,
    "reconciliationactionlog": ACTION_LOG,
    "reconciliationrun": RUNS,
    "payment": PAYMENTS,
}
"""By the name of the model whose list it is."""
