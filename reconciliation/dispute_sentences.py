"""What a dispute says: who took what back, where it stands, and until when it can be answered."""

from datetime import tzinfo

from django.utils.translation import gettext as _

from billing.wording import amount_text
from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.wording import Facts, moment_text


def disputed(row: ReconciliationDiscrepancy, facts: Facts, zone: tzinfo) -> str:
    """A dispute, as it stands."""
    told = facts["right"]["more"]
    words = {
        "dispute": told["dispute"],
        "charge": told["charge"] or _("a payment"),
        "amount": amount_text(told["disputed_minor"], told["disputed_currency"]),
        "gone": amount_text(abs(row.difference_minor or 0), row.currency),
        "due": moment_text(told["due_by"], zone) if told["due_by"] else "",
    }
    texts = {
        "dispute.inquiry": _("A customer's bank asks about %(amount)s of %(charge)s (%(dispute)s); no money moved."),
        "dispute.open": _("A customer disputes %(amount)s of %(charge)s (%(dispute)s)."),
        "dispute.lost": _(
            "The dispute %(dispute)s over %(amount)s of %(charge)s is lost; our books do not show that %(gone)s are "
            "gone."
        ),
        "dispute.over": _("The dispute %(dispute)s over %(amount)s of %(charge)s is over; nothing is left to book."),
    }
    text = texts.get(row.reason_code) or _(
        "The dispute %(dispute)s over %(amount)s of %(charge)s: the bank took %(gone)s that have not come back."
    )
    return " ".join(filter(None, (text % words, taken(row, words), deadline(row, told, words))))


def taken(row: ReconciliationDiscrepancy, words: dict[str, str]) -> str:
    """What an open dispute has taken so far."""
    if row.reason_code != "dispute.open":
        return ""
    if row.difference_minor:
        return _("The bank took %(gone)s until it is decided.") % words
    return _("No money is missing at the moment.")


def deadline(row: ReconciliationDiscrepancy, told: Facts, words: dict[str, str]) -> str:
    """Until when evidence can be given."""
    if row.reason_code not in ("dispute.open", "dispute.inquiry"):
        return ""
    if told["no_response_possible"]:
        return _("No response is possible.")
    return _("Answer by %(due)s.") % words if words["due"] else ""
