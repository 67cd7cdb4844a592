"""Words for people that the desk, the commands and the reports share, in the reader's language and zone."""

from datetime import UTC, datetime, tzinfo
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.wording import amount_text, decimal_text, time_text
from reconciliation.core import payouts, preparation

Facts = dict[str, Any]


def moment_text(micros: int, zone: tzinfo) -> str:
    """Microseconds since 1970 UTC as a person in `zone` reads it: 18 Nov 2026, 09:31 CET."""
    moment = datetime.fromtimestamp(micros // 1_000_000, UTC)
    return time_text(moment, zone)


def money(record: Facts) -> str:
    """The amount of a record."""
    return amount_text(record["amount_minor"], record["currency"])


def provider_name(record: Facts | None) -> str:
    """Who the provider is, as a sentence names it."""
    name = (record or {}).get("provider")
    return "Stripe" if name in (None, "stripe") else _("the provider file") if name == "csv" else str(name)


def capital(text: str) -> str:
    """With a capital first letter, whatever follows."""
    return text[:1].upper() + text[1:]


OUTCOME_WORDS = {
    "matched": gettext_noop("Matched"),
    "mismatched": gettext_noop("Mismatched"),
    "only_left": gettext_noop("Missing at the provider"),
    "only_right": gettext_noop("Missing here"),
    "not_due": gettext_noop("Expected, not due yet"),
    "ambiguous": gettext_noop("Ambiguous"),
    "excluded": gettext_noop("Excluded"),
}


def outcome_word(outcome: str) -> str:
    """What became of a record."""
    return _(OUTCOME_WORDS[outcome]) if outcome in OUTCOME_WORDS else outcome


def exclusion_words(reason: str) -> str:
    """Why a record takes no part."""
    return {
        preparation.REFUNDS_NOT_BOOKED: _(
            "No refund is booked here yet, so the provider's have nothing to be compared with."
        ),
        preparation.REFUNDS_NOT_COMPARED: _("The organization does not compare refunds."),
        "destination_payment": _("Money passed on to a connected account: not charged to the platform."),
        payouts.MANUAL: _("Paid out by hand: Stripe lists no lines of such a payout."),
        payouts.TAKES_BACK: _("It takes an earlier payout back from the bank."),
        payouts.NOT_FETCHED: _("Only its line on the statement is known: fetch payouts to see what it holds."),
        "unpaid": _("Not paid yet: nothing can be on the statement."),
        "draft": _("A draft: nobody was asked to pay it."),
        "void": _("Void: nobody is asked to pay it."),
        "uncollectible": _("Written off here."),
        "paid_outside": _("Paid outside Stripe."),
        "nothing_to_pay": _("It asks for nothing."),
        "credit_note": _("A credit note that nothing was given back for."),
        "unclassified": _("Of a type that is not known here."),
        **line_words(),
        preparation.SUPERSEDED: _("A later attempt of the same payment counts instead."),
    }.get(reason, reason)


def line_words() -> dict[str, str]:
    """Lines of the statement that are about no invoice of ours."""
    return {
        "fee": _("A fee of Stripe's."),
        "tax": _("A tax on Stripe's fees."),
        "payout": _("A payout: compared with its own lines."),
        "payout_reversal": _("A payout that came back."),
        "transfer": _("A transfer to another account."),
        "transfer_reversal": _("A transfer that came back."),
        "topup": _("Money added to the Stripe balance."),
        "reserve": _("Held back or set free by Stripe."),
        "adjustment": _("An adjustment by Stripe that names no payment."),
        "other": _("Not about a payment by a customer."),
    }


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


def percent_text(value: str | None) -> str:
    """A stored percentage, "98.5", as the reader writes it; a dash when nothing was compared."""
    return "–" if value is None else _("%s %%") % decimal_text(value)


def source_words(source: str) -> str:
    """Where the part of a difference is on record: "fee of ch_1" or a record's own name."""
    fee_of = source.removeprefix("fee of ")
    return source if fee_of == source else _("fee of %s") % fee_of
