"""Shapes and words for what the desk shows. Shape and word carry the meaning; colour only helps."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from billing.admin.cells import shaped, zone_of
from billing.wording import hours_text, stamp_text
from reconciliation.core import findings, payout_findings, statement_types
from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.sentences import type_name
from reconciliation.wording import outcome_word


def severity_cell(severity: str) -> SafeString:
    """How much a discrepancy matters."""
    shape = {"major": "▲", "minor": "◆"}.get(severity, "○")
    return shaped(shape, severity_word(severity), f"severity-{severity}")


def status_cell(status: str) -> SafeString:
    """Where a discrepancy stands."""
    shape = {"open": "○", "acknowledged": "◐", "pending_approval": "◕"}.get(status, "●")
    return shaped(shape, step_word(status), f"step-{status}")


RUN_SHAPES = {"queued": "○", "running": "◐", "ok": "✓", "break": "≠"}


def run_status_word(status: str) -> str:
    """How a run stands or ended, in a word."""
    return {"queued": _("Queued"), "running": _("Running"), "ok": _("OK"), "break": _("Break")}.get(status, _("Error"))


def due_cell(row: ReconciliationDiscrepancy, now: datetime) -> SafeString:
    """Until when it should be resolved, told from `now`; the time itself on hover. Nothing once it is resolved."""
    if row.resolved_at is not None:
        return format_html('<span class="nothing">{}</span>', "–")
    late = row.due_at <= now
    span = short_span(abs(row.due_at - now))
    text = _("%(span)s late") % {"span": span} if late else _("in %(span)s") % {"span": span}
    return format_html(
        '<time class="due{}" datetime="{}" title="{}">{}{}</time>',
        " due-late" if late else "",
        row.due_at.astimezone(UTC).isoformat(),
        f"{stamp_text(row.due_at, zone_of(row))} = {row.due_at.astimezone(UTC):%Y-%m-%d %H:%M UTC}",
        "! " if late else "",
        text,
    )


def short_span(span: timedelta) -> str:
    """A span in one short unit: 40 min, 7 h, 3 d."""
    minutes = int(span.total_seconds()) // 60
    if minutes < 120:
        return _("%d min") % minutes
    hours = minutes // 60
    return _("%d h") % hours if hours < 48 else _("%d d") % (hours // 24)


def run_status_cell(status: str) -> SafeString:
    """How a run stands or ended."""
    return shaped(RUN_SHAPES.get(status, "✕"), run_status_word(status), f"run-{status}")


OUTCOME_SHAPES = {
    "matched": "✓",
    "mismatched": "≠",
    "only_left": "←",
    "only_right": "→",
    "not_due": "◷",
    "ambiguous": "?",
    "excluded": "∅",
}


def outcome_cell(outcome: str) -> SafeString:
    """What became of a record, with its shape."""
    return shaped(OUTCOME_SHAPES.get(outcome, "·"), outcome_word(outcome), f"outcome-{outcome}")


def pass_words(match_pass: str) -> str:
    """How two records were found to belong together."""
    return {
        "": "–",
        "reference": _("provider reference"),
        "payment_intent": _("payment intent"),
        "own_reference": _("our reference"),
        "invoice": _("invoice number"),
        "payout": _("payout"),
        "invoice_named": _("invoice named by the payment"),
        "invoice_payment": _("Stripe's link to the invoice"),
        "invoice_group": _("payments and invoices that belong together"),
        "given_back": _("refund shown in our books, or undone"),
        "customer_amount": _("customer, amount and time"),
        "person": _("a person's decision"),
    }.get(match_pass, match_pass)


def via_words(via: str) -> str:
    """How a run was asked for that no person asked for in the admin."""
    return {
        "": "–",
        "command": _("command line"),
        "admin": _("in the admin"),
        "schedule": _("by the hour"),
        "sweep": _("hourly sweep"),
    }.get(via, via)


def severity_word(severity: str) -> str:
    """How much a discrepancy matters, in a word."""
    return {"major": _("Major"), "minor": _("Minor")}.get(severity, _("None"))


def step_word(status: str) -> str:
    """Where a discrepancy stands, in a word."""
    return {
        "open": _("Open"),
        "acknowledged": _("Acknowledged"),
        "pending_approval": _("Needs approval"),
        "resolved": _("Resolved"),
    }.get(status, status)


def type_choices() -> list[tuple[str, Any]]:
    """Discrepancy types with their names for people."""
    return [(type_, type_name(type_)) for type_ in (*findings.TYPES, *payout_findings.TYPES, *statement_types.TYPES)]


def rule_rows(rules: dict[str, Any]) -> list[tuple[str, str]]:
    """The rules of a run, named and in units people use."""
    tolerance = _("%(minor)s minor units, %(ppm)s per million") % {
        "minor": rules.get("tolerance_minor", 0),
        "ppm": rules.get("tolerance_ppm", 0),
    }
    return [
        (_("Grace period before a record counts as missing"), hours_text(rules.get("grace_seconds", 0))),
        (_("Window for matching by customer, amount and time"), hours_text(rules.get("match_window_seconds", 0))),
        (_("Window for suspected double charges"), hours_text(rules.get("duplicate_window_seconds", 0))),
        (_("Tolerance per pair"), tolerance),
        (_("Refunds"), _("compared") if rules.get("compare_refunds") else _("not compared")),
    ]
