"""The sentences of payouts: what the payout says, what its lines come to, how far apart, and what explains it."""

from datetime import tzinfo
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.wording import amount_text, count_text
from reconciliation.core import payout_findings
from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.wording import Facts, capital, moment_text, money


def lines_text(left: Facts) -> str:
    """How many lines, and what they come to."""
    count = left["more"]["lines"]
    text = ngettext("its %(count)s line comes to %(amount)s", "its %(count)s lines come to %(amount)s", count)
    return text % {"count": count_text(count), "amount": money(left)}


def differs(row: ReconciliationDiscrepancy, facts: Facts, _zone: tzinfo) -> str:
    """A payout and its lines do not tie."""
    left, right = facts["left"], facts["right"]
    words = {"name": right["key"], "paid": money(right), "lines": lines_text(left), "their": money(left)}
    if row.reason_code == "payout.currency_differs":
        return _("%(name)s sent %(paid)s to the bank; %(lines)s. Amounts are not compared.") % words
    if row.reason_code == "payout.status_unknown":
        return _("%(name)s, %(paid)s: Stripe gives it a status that is not known here.") % words
    if row.reason_code == "payout.own_line_differs":
        words["own"] = amount_text(right["more"]["own"] or 0, right["currency"])
        return _("%(name)s says it sent %(paid)s to the bank; the statement says %(own)s left.") % words
    difference = row.difference_minor or 0
    words["difference"] = amount_text(abs(difference), row.currency)
    if difference < 0:
        text = _("%(name)s sent %(paid)s to the bank; %(lines)s: %(difference)s too little was sent.")
    else:
        text = _("%(name)s sent %(paid)s to the bank; %(lines)s: %(difference)s too much was sent.")
    return f"{text % words} {why(row, facts)}"


def why(row: ReconciliationDiscrepancy, facts: Facts) -> str:
    """What explains the difference, and what stays unexplained."""
    parts = facts["parts"]
    if not parts:
        return _("Nothing on record explains it.")
    words = {
        "lines": parts[0]["source"],
        "amount": amount_text(parts[0]["amount_minor"], row.currency),
        "rest": amount_text(row.unexplained_minor or 0, row.currency, sign=True),
    }
    if row.unexplained_minor:
        return _("Withdrawn lines (%(lines)s, %(amount)s) explain part of it; %(rest)s stay unexplained.") % words
    return _("Withdrawn lines (%(lines)s, %(amount)s) explain all of it.") % words


def failed(row: ReconciliationDiscrepancy, facts: Facts, zone: tzinfo) -> str:
    """The money of a payout is not at the bank."""
    right = facts["right"]
    words = {
        "name": right["key"],
        "paid": money(right),
        "when": moment_text(right["occurred_at"], zone),
        "why": f" ({right['more']['failure']})" if right["more"]["failure"] else "",
        "line": ", ".join(right["more"]["back_names"]),
        "other": right["more"]["taken_back_by"],
    }
    texts = {
        "payout.failed_returned": _(
            "The bank returned %(name)s, %(paid)s%(why)s. The money is back on the Stripe balance (%(line)s), and no "
            "later payout has taken it along."
        ),
        "payout.failed_not_returned": _(
            "%(name)s, %(paid)s, failed%(why)s, and the statement does not show the money coming back."
        ),
        "payout.canceled_not_returned": _(
            "%(name)s, %(paid)s, was canceled, and the statement does not show the money coming back."
        ),
        "payout.taken_back": _("%(name)s, %(paid)s, was taken back from the bank by %(other)s."),
        "payout.returned_unnoticed": _(
            "The statement shows %(name)s, %(paid)s, coming back (%(line)s), but the payout still says it was sent."
        ),
    }
    return texts.get(row.reason_code, row.reason_code) % words


def late(_row: ReconciliationDiscrepancy, facts: Facts, zone: tzinfo) -> str:
    """A payout that should have arrived."""
    right = facts["right"]
    return _(
        "%(name)s, %(paid)s, was to arrive on %(when)s and is still on its way. The %(hours)s h grace ended on %(due)s."
    ) % {
        "name": capital(right["key"]), "paid": money(right), "when": moment_text(right["occurred_at"], zone),
        "hours": facts["grace"] // 3_600_000_000, "due": moment_text(facts["due_at"], zone),
    }  # fmt: skip


def lines_missing(row: ReconciliationDiscrepancy, facts: Facts, zone: tzinfo) -> str:
    """A payout without lines."""
    right = facts["right"]
    words = {"name": right["key"], "paid": money(right), "when": moment_text(right["occurred_at"], zone)}
    if row.reason_code == "payout.not_itemised":
        return _("%(name)s sent %(paid)s to the bank on %(when)s; Stripe does not list its lines yet.") % words
    return _("%(name)s sent %(paid)s to the bank on %(when)s; none of its lines is known here.") % words


def unknown(_row: ReconciliationDiscrepancy, facts: Facts, _zone: tzinfo) -> str:
    """Lines of a payout nobody else tells of."""
    left = facts["left"]
    words = {"name": left["key"], "lines": capital(lines_text(left))}
    return _("%(name)s is named by the statement only. %(lines)s; the payout itself was not fetched.") % words


SENTENCES: dict[str, Any] = {
    payout_findings.DIFFERS: differs,
    payout_findings.FAILED: failed,
    payout_findings.LATE: late,
    payout_findings.LINES_MISSING: lines_missing,
    payout_findings.UNKNOWN: unknown,
}


def names() -> dict[str, str]:
    """Short names of the types for people."""
    return {
        payout_findings.DIFFERS: _("Payout does not tie"),
        payout_findings.FAILED: _("Payout failed"),
        payout_findings.LATE: _("Payout late"),
        payout_findings.LINES_MISSING: _("Payout without lines"),
        payout_findings.UNKNOWN: _("Payout not fetched"),
    }


def clearings() -> dict[str, str]:
    """What would clear a discrepancy, by the finding's word."""
    return {
        "payout_sent_again": _(
            "It clears when a later payout takes the returned money along, or a manager accepts it. Check the bank "
            "account in Stripe first."
        ),
        "payout_arrives": _("It clears when the payout arrives, or fails and is told so."),
        "payout_lines_right": _("It clears when the lines come to the payout: fetch its lines again."),
        "payout_fetched_again": _("It clears when the payout is fetched with a status that is known here."),
        "payout_lines_come": _("It clears when the lines of the payout are fetched: manage.py sync_payouts."),
        "payout_fetched": _("It clears when the payout is fetched: manage.py sync_payouts."),
    }
