"""Findings: one small function for each discrepancy type, listed once in `FINDINGS`.

A function takes a case and answers with a finding or None. Several may speak about one case. Type codes are the API's.
"""

from collections.abc import Callable, Sequence

from .cases import Case, Finding, Part, Record
from .parameters import Tolerance
from .schema import REFUNDED, STATUS_CLASSES

MISSING_INTERNAL = "MissingInternalRecord"
MISSING_PROVIDER = "MissingProviderRecord"
AMOUNT = "AmountMismatch"
CURRENCY = "CurrencyMismatch"
STATUS = "StatusMismatch"
DUPLICATE = "DuplicateChargeSuspected"
AMBIGUOUS = "AmbiguousMatch"

# Severity by type and circumstance; the first row that fits decides. "*" fits anything.
SEVERITY = (
    (MISSING_INTERNAL, "missing.no_money_moved", "minor"),
    (MISSING_PROVIDER, "missing.no_money_moved", "minor"),
    (MISSING_INTERNAL, "*", "major"),
    (MISSING_PROVIDER, "*", "major"),
    (AMOUNT, "amount.unexplained", "major"),
    (AMOUNT, "amount.minor_units_confused", "major"),
    (AMOUNT, "amount.partly_explained", "major"),
    (AMOUNT, "*", "minor"),
    (CURRENCY, "*", "major"),
    (STATUS, "status.money_disputed", "major"),
    (STATUS, "*", "minor"),
    (DUPLICATE, "duplicate.both_booked", "minor"),
    (DUPLICATE, "*", "major"),
    (AMBIGUOUS, "*", "minor"),
)


def severity(type_: str, reason_code: str, table: Sequence[tuple[str, str, str]] = SEVERITY) -> str:
    """How much a finding matters: `major` or `minor`."""
    return next(level for kind, reason, level in table if kind == type_ and reason in ("*", reason_code))


def moved_no_money(record: Record) -> bool:
    """Whether a record tells of money that never moved."""
    return STATUS_CLASSES.get(record.status) == "no_money"


def missing_internal(case: Case, _tolerance: Tolerance) -> Finding | None:
    """A provider record that nobody booked; a second charge of the same kind is a suspected duplicate instead."""
    right = case.right
    if case.outcome != "only_right" or right is None or case.twin is not None:
        return None
    reason = "missing.no_money_moved" if moved_no_money(right) else "missing.not_booked"
    return Finding(
        MISSING_INTERNAL, reason, severity(MISSING_INTERNAL, reason), case,
        expected="", actual=right.key or "", currency=right.currency,
        difference_minor=0 if moved_no_money(right) else right.amount, clears="book_or_correct",
    )  # fmt: skip


def missing_provider(case: Case, _tolerance: Tolerance) -> Finding | None:
    """A payment booked here that the provider does not know, or that claims a record another payment holds."""
    left = case.left
    if case.outcome != "only_left" or left is None:
        return None
    reason = "missing.booked_twice" if case.claimed_by else "missing.not_at_provider"
    if moved_no_money(left):
        reason = "missing.no_money_moved"
    return Finding(
        MISSING_PROVIDER, reason, severity(MISSING_PROVIDER, reason), case,
        expected=left.key or left.own or "", actual="", currency=left.currency,
        difference_minor=0 if moved_no_money(left) else -left.amount,
        clears="remove_second_booking" if case.claimed_by else "event_or_correct",
    )  # fmt: skip


def explained_parts(left: Record, right: Record) -> tuple[str, tuple[Part, ...]]:
    """What on record explains right − left: (reason code, parts). Nothing is explained by likeness of size alone: a
    part is always the amount of a named row.
    """
    difference = right.amount - left.amount
    # Booked net of what the provider kept, or gross where the provider's file is net.
    if right.fee and abs(difference) == abs(right.fee):
        return "amount.fee_deducted", (Part("fee", difference, f"fee of {right.key}"),)
    if right.refunded and difference == right.refunded:
        return "amount.refund_netted", (Part("refund", difference, f"refunds of {right.key}"),)
    if right.refunded and right.fee and difference == right.refunded + right.fee:
        parts = (
            Part("refund", right.refunded, f"refunds of {right.key}"),
            Part("fee", right.fee, f"fee of {right.key}"),
        )
        return "amount.fee_and_refund", parts
    if (left.amount and right.amount in (left.amount * 100, left.amount * 1000)) or (
        right.amount
        and left.amount
        in (
            right.amount * 100,
            right.amount * 1000,
        )
    ):
        return "amount.minor_units_confused", ()
    return "amount.unexplained", ()


def amount_mismatch(case: Case, tolerance: Tolerance) -> Finding | None:
    """Amounts of a pair differ by more than the tolerance, in one currency."""
    left, right = case.left, case.right
    if left is None or right is None or left.currency != right.currency or tolerance.allows(left.amount, right.amount):
        return None
    reason, parts = explained_parts(left, right)
    return Finding(
        AMOUNT, reason, severity(AMOUNT, reason), case,
        expected=str(left.amount), actual=str(right.amount), currency=left.currency,
        difference_minor=right.amount - left.amount, parts=parts, clears="correct_amount",
    )  # fmt: skip


def currency_mismatch(case: Case, _tolerance: Tolerance) -> Finding | None:
    """A pair in two currencies; amounts are not compared."""
    left, right = case.left, case.right
    if left is None or right is None or left.currency == right.currency:
        return None
    reason = "currency.differs"
    return Finding(
        CURRENCY, reason, severity(CURRENCY, reason), case,
        expected=left.currency, actual=right.currency, currency=left.currency,
        difference_minor=None, clears="correct_currency",
    )  # fmt: skip


def status_agrees(left: str, right: str) -> bool:
    """The scalar twin of schema.statuses_agree."""
    same = STATUS_CLASSES.get(left, "unknown") == STATUS_CLASSES.get(right, "unknown")
    return left == right or (same and left not in REFUNDED)


def status_mismatch(case: Case, _tolerance: Tolerance) -> Finding | None:
    """The two sides tell different stories about what became of the money."""
    left, right = case.left, case.right
    if left is None or right is None or status_agrees(left.status, right.status):
        return None
    money = "money" in (STATUS_CLASSES.get(left.status), STATUS_CLASSES.get(right.status))
    reason = "status.money_disputed" if money else "status.differs"
    return Finding(
        STATUS, reason, severity(STATUS, reason), case,
        expected=left.status, actual=right.status, currency=left.currency,
        difference_minor=None, clears="correct_status",
    )  # fmt: skip


def duplicate_charge(case: Case, _tolerance: Tolerance) -> Finding | None:
    """A second charge of the same customer, amount and currency within the window, as another provider object."""
    right, twin = case.right, case.twin
    if right is None or twin is None or case.outcome not in ("only_right", "matched", "mismatched", "ambiguous"):
        return None
    invoice = case.left.invoice if case.left else None
    if invoice and case.twin_invoice and invoice != case.twin_invoice:
        return None  # two invoices paid: two deliberate payments
    reason = "duplicate.both_booked" if case.left else "duplicate.not_booked"
    return Finding(
        DUPLICATE, reason, severity(DUPLICATE, reason), case,
        expected=twin.key or "", actual=right.key or "", currency=right.currency,
        difference_minor=right.amount if case.left is None else 0, clears="refund_or_confirm",
    )  # fmt: skip


def ambiguous_match(case: Case, _tolerance: Tolerance) -> Finding | None:
    """Several records fit equally: a finding for each payment that waits for somebody's choice."""
    record = case.left
    if case.outcome != "ambiguous" or record is None:
        return None
    reason = "ambiguous.equal_candidates"
    names = [rival.key or rival.own or "" for rival in case.rivals]
    return Finding(
        AMBIGUOUS, reason, severity(AMBIGUOUS, reason), case,
        expected=record.own or record.key or "", actual=", ".join(names)[:300], currency=record.currency,
        difference_minor=None, clears="choose",
    )  # fmt: skip


Find = Callable[[Case, Tolerance], Finding | None]
FINDINGS: tuple[Find, ...] = (
    missing_internal,
    missing_provider,
    currency_mismatch,
    amount_mismatch,
    status_mismatch,
    duplicate_charge,
    ambiguous_match,
)
TYPES = (MISSING_INTERNAL, MISSING_PROVIDER, AMOUNT, CURRENCY, STATUS, DUPLICATE, AMBIGUOUS)


def findings_of(case: Case, tolerance: Tolerance, finders: Sequence[Find] = FINDINGS) -> list[Finding]:
    """Every finding about a case."""
    return [finding for find in finders if (finding := find(case, tolerance)) is not None]
