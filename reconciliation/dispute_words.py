"""Words of disputes for people."""

from django.utils.translation import gettext as _


def state_word(word: str) -> str:
    """The provider's status of a dispute."""
    return {
        "": _("Known from the statement only"),
        "needs_response": _("Needs a response"),
        "under_review": _("With the bank"),
        "won": _("Won"),
        "lost": _("Lost"),
        "warning_needs_response": _("Inquiry, needs a response"),
        "warning_under_review": _("Inquiry, with the bank"),
        "warning_closed": _("Inquiry closed"),
        "charge_refunded": _("Charge refunded"),
        "prevented": _("Prevented"),
    }.get(word, word)


def reason_word(reason: str) -> str:
    """Why the customer disputes (https://docs.stripe.com/api/disputes/object#dispute_object-reason)."""
    return {
        "": _("No reason given"),
        "bank_cannot_process": _("Bank could not process it"),
        "check_returned": _("Check returned"),
        "credit_not_processed": _("Credit not processed"),
        "customer_initiated": _("Customer's own request"),
        "debit_not_authorized": _("Debit not authorised"),
        "duplicate": _("Charged twice"),
        "fraudulent": _("Fraud"),
        "general": _("General"),
        "incorrect_account_details": _("Wrong account details"),
        "insufficient_funds": _("Insufficient funds"),
        "noncompliant": _("Breaks the card rules"),
        "product_not_received": _("Not received"),
        "product_unacceptable": _("Not as described"),
        "subscription_canceled": _("Subscription was canceled"),
        "unrecognized": _("Not recognised"),
    }.get(reason, reason)


def column_word(column: str) -> str:
    """The heading of a column of the board."""
    return {
        "acknowledge": _("Acknowledge (24 h)"),
        "gather": _("Gather evidence"),
        "submitted": _("Submitted"),
        "closed": _("Won / Lost"),
    }.get(column, column)


def column_hint(column: str) -> str:
    """What a column holds."""
    return {
        "acknowledge": _("Nobody has taken these in charge."),
        "gather": _("In charge; evidence goes to Stripe before its deadline."),
        "submitted": _("With the bank, or no response is possible."),
        "closed": _("Closed by Stripe, or resolved here, in the last 60 days."),
    }.get(column, "")


def nothing_words(column: str) -> str:
    """What an empty column means."""
    return {
        "acknowledge": _("Every dispute is taken in charge."),
        "gather": _("No evidence is to be gathered."),
        "submitted": _("Nothing is with the bank."),
        "closed": _("Nothing was closed of late."),
    }.get(column, "")
