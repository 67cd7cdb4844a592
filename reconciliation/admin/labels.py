"""Shapes and words for what the desk shows. Shape and word carry the meaning; colour only helps."""

from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from billing.admin.cells import shaped
from reconciliation.core import findings, preparation
from reconciliation.sentences import type_name


def severity_cell(severity: str) -> SafeString:
    """How much a discrepancy matters."""
    shape, word = {
        "major": ("▲", _("Major")),
        "minor": ("◆", _("Minor")),
    }.get(severity, ("○", _("None")))
    return shaped(shape, word, f"severity-{severity}")


def status_cell(status: str) -> SafeString:
    """Where a discrepancy stands."""
    shape, word = {
        "open": ("○", _("Open")),
        "acknowledged": ("◐", _("Acknowledged")),
        "pending_approval": ("◕", _("Needs approval")),
    }.get(status, ("●", _("Resolved")))
    return shaped(shape, word, f"step-{status}")


def run_status_cell(status: str) -> SafeString:
    """How a run stands or ended."""
    shape, word = {
        "queued": ("○", _("Queued")),
        "running": ("◐", _("Running")),
        "ok": ("✓", _("OK")),
        "break": ("≠", _("Break")),
    }.get(status, ("✕", _("Error")))
    return shaped(shape, word, f"run-{status}")


def outcome_word(outcome: str) -> str:
    """What became of a record."""
    return {
        "matched": _("Matched"),
        "mismatched": _("Mismatched"),
        "only_left": _("Missing at the provider"),
        "only_right": _("Missing here"),
        "not_due": _("Expected, not due yet"),
        "ambiguous": _("Ambiguous"),
        "excluded": _("Excluded"),
    }.get(outcome, outcome)


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
        "customer_amount": _("customer, amount and time"),
    }.get(match_pass, match_pass)


def exclusion_words(reason: str) -> str:
    """Why a record takes no part."""
    return {
        preparation.REFUNDS_NOT_BOOKED: _(
            "No refund is booked here yet, so the provider's have nothing to be compared with."
        ),
        preparation.REFUNDS_NOT_COMPARED: _("The organization does not compare refunds."),
        "destination_payment": _("Money passed on to a connected account: not charged to the platform."),
        preparation.SUPERSEDED: _("A later attempt of the same payment counts instead."),
    }.get(reason, reason)


def stage_words(stage: str) -> str:
    """What a run is doing."""
    return {
        "": _("Waiting to start"),
        "reading": _("Reading both sides"),
        "matching": _("Matching"),
        "explaining": _("Explaining the differences"),
        "writing": _("Writing the result"),
        "done": _("Done"),
    }.get(stage, stage)


def type_choices() -> list[tuple[str, Any]]:
    """Discrepancy types with their names for people."""
    return [(type_, type_name(type_)) for type_ in findings.TYPES]


def rule_rows(rules: dict[str, Any]) -> list[tuple[str, str]]:
    """The rules of a run, named and in units people use."""

    def hours(seconds: int) -> str:
        return f"{seconds / 3600:g} h"

    tolerance = _("%(minor)s minor units, %(ppm)s per million") % {
        "minor": rules.get("tolerance_minor", 0),
        "ppm": rules.get("tolerance_ppm", 0),
    }
    return [
        (_("Grace period before a record counts as missing"), hours(rules.get("grace_seconds", 0))),
        (_("Window for matching by customer, amount and time"), hours(rules.get("match_window_seconds", 0))),
        (_("Window for suspected double charges"), hours(rules.get("duplicate_window_seconds", 0))),
        (_("Tolerance per pair"), tolerance),
        (_("Refunds"), _("compared") if rules.get("compare_refunds") else _("not compared")),
    ]
