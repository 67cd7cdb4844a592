"""The sentences of `statements`: what the statement shows, what the invoice says, and what explains the difference."""

from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from django.utils.translation import gettext as _

from billing.wording import amount_text
from reconciliation.core import findings, statement_types
from reconciliation.dispute_sentences import disputed
from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.wording import Facts, moment_text, money, source_words

Row = ReconciliationDiscrepancy


def invoice_name(left: Facts | None) -> str:
    """An invoice as people call it: its number, and the id where that says something else."""
    if not left:
        return "–"
    number, own = left["invoice"], left["own"]
    return f"{number} ({own})" if number and own and number != own else number or own or "–"


def state_word(state: str) -> str:
    """What an invoice's own books say of it."""
    return {
        "draft": _("a draft"), "open": _("open"), "paid": _("paid"), "void": _("void"),
        "uncollectible": _("written off"),
    }.get(state, _("in a state that is not known"))  # fmt: skip


def words_of(row: Row, facts: Facts, zone: tzinfo) -> dict[str, Any]:
    """What sentences about a line or an invoice name."""
    left, right = facts["left"], facts["right"]
    told = right or left
    return {
        "invoice": invoice_name(left),
        "asked": money(left) if left else "",
        "amount": amount_text(abs(told["amount_minor"]), told["currency"]),
        "line": (right["key"] or right["own"]) if right else "",
        "named": (right["invoice"] if right else "") or "–",
        "when": moment_text(told["occurred_at"], zone),
        "difference": amount_text(abs(row.difference_minor or 0), row.currency),
        "state": state_word(left["more"]["state"]) if left and "more" in left else "",
    }


def missing_invoice(row: Row, facts: Facts, zone: tzinfo) -> str:
    """A payment without an invoice here."""
    if row.reason_code == "invoice.unknown":
        text = _("Stripe received %(amount)s on %(when)s (%(line)s) for invoice %(named)s; no such invoice is here.")
    else:
        text = _("Stripe received %(amount)s on %(when)s (%(line)s); nothing says for which invoice.")
    return text % words_of(row, facts, zone)


def unapplied_refund(row: Row, facts: Facts, zone: tzinfo) -> str:
    """A refund or a dispute that our books do not show."""
    if row.reference:
        return disputed(row, facts, zone)
    words = words_of(row, facts, zone)
    words["shown"] = amount_text(-int(row.expected), row.currency)
    texts = {
        "refund.not_applied": _(
            "Stripe gave %(amount)s back on %(when)s (%(line)s) of invoice %(invoice)s; our books do not show it."
        ),
        "refund.partly_applied": _(
            "Stripe gave %(amount)s back on %(when)s (%(line)s) of invoice %(invoice)s; our books show %(shown)s of it."
        ),
        "refund.came_back": _(
            "%(amount)s came back on %(when)s from a refund that failed (%(line)s); the statement here does not show "
            "that refund."
        ),
    }
    known = texts.get(row.reason_code)
    if known is None:
        known = _("Stripe gave %(amount)s back on %(when)s (%(line)s); no invoice here belongs to that payment.")
    return known % words


def paid_wrong(row: Row, facts: Facts, zone: tzinfo) -> str:
    """An invoice that got more or less than it asks."""
    words = words_of(row, facts, zone)
    words["received"] = amount_text(int(row.actual), row.currency)
    words["expected"] = amount_text(int(row.expected), row.currency)
    converted = facts["left"]["currency"] != row.currency
    if (row.difference_minor or 0) > 0:
        text = _("Stripe received %(received)s for invoice %(invoice)s, which shows %(expected)s: %(difference)s more.")
    else:
        text = _("Stripe received %(received)s for invoice %(invoice)s, which shows %(expected)s: %(difference)s less.")
    rate = _("The invoice is over %(asked)s; compared at the rate Stripe settled at.") % words if converted else ""
    return " ".join(filter(None, (text % words, rate, why(row, facts))))


def part_words(code: str) -> str:
    """What explains a part of a difference."""
    return {
        "fee": _("the card fee"),
        "payment_failed": _("a payment that failed"),
        "not_captured": _("a part that was not captured"),
        "adjusted": _("an adjustment by Stripe"),
        "payment": _("a second payment"),
        "overpayment": _("an overpayment noted on the invoice"),
        "withdrawn": _("withdrawn"),
        "reinstated": _("given back"),
        "fee.tax": _("tax on the fee"),
        "fee.application_fee": _("the application's fee"),
    }.get(code, code)


def why(row: Row, facts: Facts) -> str:
    """What on record explains a difference, and what stays unexplained."""
    if not facts["parts"]:
        return _("Nothing on record explains it.")
    named = ", ".join(
        f"{part_words(part['code'])} ({amount_text(part['amount_minor'], row.currency, sign=True)}, "
        f"{source_words(part['source'])})"
        for part in facts["parts"]
    )
    if row.unexplained_minor:
        rest = amount_text(row.unexplained_minor, row.currency, sign=True)
        return _("On record: %(parts)s; %(rest)s stay unexplained.") % {"parts": named, "rest": rest}
    return _("It is explained by %(parts)s.") % {"parts": named}


def fee_differs(row: Row, facts: Facts, zone: tzinfo) -> str:
    """A fee that is not as agreed."""
    words = words_of(row, facts, zone)
    words["taken"] = amount_text(int(row.actual), row.currency)
    words["agreed"] = amount_text(int(row.expected), row.currency)
    if (row.difference_minor or 0) > 0:
        text = _("Stripe took %(taken)s of %(line)s; the agreed terms come to %(agreed)s: %(difference)s more.")
    else:
        text = _("Stripe took %(taken)s of %(line)s; the agreed terms come to %(agreed)s: %(difference)s less.")
    return f"{text % words} {why(row, facts)}"


def unclassified(row: Row, facts: Facts, zone: tzinfo) -> str:
    """A line of a type nobody here has classified."""
    right = facts["right"]
    words = {
        "amount": money(right),
        "when": moment_text(right["occurred_at"], zone),
        "line": right["own"],
        "type": row.actual or _("no type at all"),
    }
    return _("The statement shows %(amount)s on %(when)s (%(line)s) as “%(type)s”, which is not known here.") % words


def status_differs(row: Row, facts: Facts, zone: tzinfo) -> str:
    """An invoice whose books disagree with what was received."""
    words = words_of(row, facts, zone)
    if row.reason_code == "status.paid_but_open":
        return _("Stripe received all of invoice %(invoice)s, %(asked)s; here it is still open.") % words
    return _("Stripe received %(amount)s for invoice %(invoice)s, which is %(state)s here.") % words


def currency_differs(row: Row, facts: Facts, _zone: tzinfo) -> str:
    """A payment that nothing converts to the invoice's currency."""
    words = {"invoice": invoice_name(facts["left"]), "asked": row.expected, "settled": row.actual}
    return (
        _(
            "Invoice %(invoice)s is in %(asked)s; its payment settled in %(settled)s, and the statement does not say "
            "what the customer paid. Amounts are not compared."
        )
        % words
    )


def not_on_statement(row: Row, facts: Facts, zone: tzinfo) -> str:
    """An invoice that is paid here only."""
    words = words_of(row, facts, zone)
    words |= {"hours": facts["grace"] // 3_600_000_000, "due": moment_text(facts["due_at"], zone)}
    text = _("Invoice %(invoice)s, %(asked)s, is paid here; no line of Stripe's statement is for it.") % words
    return f"{text} {_('The %(hours)s h grace ended on %(due)s.') % words}"


SENTENCES: dict[str, Callable[[Row, Any, tzinfo], str]] = {
    statement_types.MISSING_INVOICE: missing_invoice,
    statement_types.UNAPPLIED_REFUND: unapplied_refund,
    statement_types.OVERPAID: paid_wrong,
    statement_types.UNDERPAID: paid_wrong,
    statement_types.FEE: fee_differs,
    statement_types.UNCLASSIFIED: unclassified,
    findings.STATUS: status_differs,
    findings.CURRENCY: currency_differs,
    findings.MISSING_PROVIDER: not_on_statement,
}


def names() -> dict[str, str]:
    """The types' short names for people."""
    return {
        statement_types.MISSING_INVOICE: _("Invoice missing"),
        statement_types.UNAPPLIED_REFUND: _("Refund or dispute"),
        statement_types.OVERPAID: _("Invoice overpaid"),
        statement_types.UNDERPAID: _("Invoice underpaid"),
        statement_types.FEE: _("Fee not as agreed"),
        statement_types.UNCLASSIFIED: _("Unknown type of line"),
    }


def clearings() -> dict[str, str]:
    """What would clear each."""
    return {
        "import_invoice": _("It clears when the invoice is imported or fetched, or the payment names another one."),
        "name_invoice": _("It clears when the payment's metadata or Stripe's links name an invoice that is here."),
        "line_or_outside": _(
            "It clears when a line of the statement is for the invoice, or the invoice says it was paid elsewhere."
        ),
        "book_refund": _("It clears when a credit note or the invoice's paid amount shows the refund."),
        "correct_invoice": _(
            "It clears when the excess is given back or shown on the invoice, or a manager accepts it."
        ),
        "collect_or_correct": _(
            "It clears when the rest is received, the invoice is corrected, or a manager accepts it."
        ),
        "update_invoice": _("It clears when the invoice here says what became of it."),
        "correct_terms": _("It clears when the agreed terms are corrected, or a manager accepts the fee."),
        "classify": _("It clears when a later version of Tieout knows the type, or a manager accepts the line."),
        "dispute_outcome": _(
            "It clears when the dispute is over and the money is back, or our books show that it is gone."
        ),
    }
