"""What may be wrong with a line of the provider's statement by itself. Pure; plain values."""

from dataclasses import dataclass

from .cases import Case, Finding, Part, Record
from .fees import Terms, expected_fee
from .findings import severity
from .parameters import Parameters
from .statement_types import FEE, MISSING_INVOICE, SEVERITY, UNAPPLIED_REFUND, UNCLASSIFIED


@dataclass(frozen=True)
class Line:
    """A line as compared. `words`: the provider's category and type; `cover`: how much of what it gave back our books
    show, in the currency of the invoices; `fees`: what its fee consists of, (the provider's word, minor units).
    """

    record: Record
    outcome: str
    words: str = ""
    cover: int = 0
    fees: tuple[tuple[str, int], ...] = ()
    invoice: Record | None = None


def case_of(line: Line, parameters: Parameters) -> Case:
    """A line, and the invoice to show beside it."""
    due_at = line.record.occurred_at + parameters.grace
    return Case(line.outcome, line.invoice, line.record, due_at=due_at, grace=parameters.grace)


def missing_invoice(line: Line, parameters: Parameters) -> Finding:
    """A payment on the statement, and no invoice of ours for it."""
    record = line.record
    reason = "invoice.unknown" if record.invoice else "invoice.not_named"
    return Finding(
        MISSING_INVOICE, reason, severity(MISSING_INVOICE, reason, SEVERITY), case_of(line, parameters), about="right",
        expected=record.invoice or "", actual=record.key or record.own or "", currency=record.currency,
        difference_minor=record.amount, clears="import_invoice" if record.invoice else "name_invoice",
    )  # fmt: skip


def unapplied_refund(line: Line, parameters: Parameters) -> Finding:
    """Money given back that our books do not show, or show in part; or a failed refund whose refund was never seen."""
    record = line.record
    reason = "refund.not_applied" if record.amount < 0 else "refund.came_back"
    if line.cover and record.amount < 0:
        reason = "refund.partly_applied"
    elif line.invoice is None and record.amount < 0:
        reason = "refund.payment_unknown"
    return Finding(
        UNAPPLIED_REFUND, reason, severity(UNAPPLIED_REFUND, reason, SEVERITY), case_of(line, parameters),
        about="right", expected=str(-line.cover), actual=str(record.amount), currency=record.currency,
        difference_minor=record.amount + line.cover, clears="book_refund",
    )  # fmt: skip


def unclassified(line: Line, parameters: Parameters) -> Finding:
    """A line of a type that nobody here has classified: kept, counted, and shown."""
    reason = "type.unknown"
    return Finding(
        UNCLASSIFIED, reason, severity(UNCLASSIFIED, reason, SEVERITY), case_of(line, parameters), about="right",
        expected="", actual=line.words, currency=line.record.currency, difference_minor=line.record.amount,
        clears="classify",
    )  # fmt: skip


def fee_variance(line: Line, terms: Terms, parameters: Parameters) -> Finding | None:
    """A fee that is not what the agreed terms come to; what the provider itself names as other fees explains it."""
    record, wanted = line.record, expected_fee(terms, line.record.amount)
    difference = (record.fee or 0) - wanted
    if abs(difference) <= terms.tolerance_minor:
        return None
    others = tuple((word, amount) for word, amount in line.fees if word != "stripe_fee" and amount)
    parts = tuple(Part(f"fee.{word}", amount, record.own or "") for word, amount in others)
    rest = difference - sum(amount for _word, amount in others)
    explained = bool(parts) and abs(rest) <= terms.tolerance_minor
    reason = "fee.explained" if explained else "fee.higher" if difference > 0 else "fee.lower"
    return Finding(
        FEE, reason, severity(FEE, reason, SEVERITY), case_of(line, parameters), about="right",
        expected=str(wanted), actual=str(record.fee or 0), currency=record.currency, difference_minor=difference,
        parts=parts, clears="correct_terms",
    )  # fmt: skip
