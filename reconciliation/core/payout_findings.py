"""What may be found about a payout and its lines; the same shape as `findings`. Differences are the payout − its lines.

A payout that did not reach the bank counts as 0: its difference is what the bank did not get.
"""

from .cases import Case, Finding, Part, Record
from .findings import Find, severity, status_agrees
from .parameters import Tolerance
from .schema import STATUS_CLASSES

DIFFERS = "PayoutDiffers"
FAILED = "PayoutFailed"
LATE = "PayoutLate"
LINES_MISSING = "PayoutLinesMissing"
UNKNOWN = "PayoutUnknown"
TYPES = (DIFFERS, FAILED, LATE, LINES_MISSING, UNKNOWN)

SEVERITY = (
    (DIFFERS, "payout.status_unknown", "minor"),
    (DIFFERS, "payout.lines_withdrawn", "minor"),
    (DIFFERS, "*", "major"),
    (FAILED, "*", "major"),
    (LATE, "*", "major"),
    (LINES_MISSING, "payout.not_itemised", "minor"),
    (LINES_MISSING, "*", "major"),
    (UNKNOWN, "*", "minor"),
)


def finding(
    type_: str, reason: str, case: Case, difference: int | None, *, parts: tuple[Part, ...] = (), clears: str,
) -> Finding:  # fmt: skip
    """A finding about a payout, its sides told by their amounts."""
    left, right = case.left, case.right
    return Finding(
        type_, reason, severity(type_, reason, SEVERITY), case,
        expected=str(left.amount) if left else "", actual=str(right.amount) if right else "",
        currency=case.record.currency, difference_minor=difference, parts=parts, clears=clears,
    )  # fmt: skip


def lost(case: Case) -> bool:
    """Whether the payout did not stay at the bank, and no later one made up for it."""
    right = case.right
    if right is None or case.outcome not in ("mismatched", "only_right"):
        return False
    if STATUS_CLASSES.get(right.status) == "no_money":
        return case.left is None or not status_agrees(case.left.status, right.status)
    return case.left is not None and STATUS_CLASSES.get(case.left.status) == "no_money"


def failed(case: Case, _tolerance: Tolerance) -> Finding | None:
    """The bank returned a payout, or somebody canceled or took it back; the money is on the balance, or should be."""
    right = case.right
    if right is None or not lost(case):
        return None
    reason = failure_reason(right)
    expected = case.left.amount if case.left else right.amount
    parts: tuple[Part, ...] = ()
    if right.more["back"]:
        parts = (Part("returned", -right.more["back"], ", ".join(right.more["back_names"])),)
    elif right.more["taken_back_by"]:
        parts = (Part("taken_back", -expected, right.more["taken_back_by"]),)
    return finding(FAILED, reason, case, -expected, parts=parts, clears="payout_sent_again")


def failure_reason(right: Record) -> str:
    """Which kind of failure it is."""
    if right.more["taken_back_by"]:
        return "payout.taken_back"
    if STATUS_CLASSES.get(right.status) == "money":
        return "payout.returned_unnoticed"
    if right.status == "canceled":
        return "payout.canceled_not_returned"
    return "payout.failed_returned" if right.more["back"] else "payout.failed_not_returned"


def late(case: Case, _tolerance: Tolerance) -> Finding | None:
    """A payout still on its way after its day of arrival and the grace."""
    right = case.right
    if right is None or right.status != "pending" or case.outcome not in ("mismatched", "only_right"):
        return None
    expected = case.left.amount if case.left else right.amount
    return finding(LATE, "payout.late", case, -expected, clears="payout_arrives")


def differs(case: Case, _tolerance: Tolerance) -> Finding | None:
    """The lines of a payout do not come to what it sent, or the statement tells another amount."""
    left, right = case.left, case.right
    if left is None or right is None or case.outcome != "mismatched":
        return None
    if left.currency != right.currency:
        return finding(DIFFERS, "payout.currency_differs", case, None, clears="payout_lines_right")
    if left.amount != right.amount:
        parts = withdrawn(left)
        explained = sum(part.amount_minor for part in parts) == right.amount - left.amount
        reason = "payout.lines_withdrawn" if explained else "payout.lines_differ"
        return finding(DIFFERS, reason, case, right.amount - left.amount, parts=parts, clears="payout_lines_right")
    if left.status == "unknown" and right.status != "pending" and not lost(case):
        gap = right.amount - (right.more["own"] or 0)
        return finding(DIFFERS, "payout.own_line_differs", case, gap, clears="payout_lines_right")
    if right.status == "unknown":
        return finding(DIFFERS, "payout.status_unknown", case, None, clears="payout_fetched_again")
    return None


def withdrawn(left: Record) -> tuple[Part, ...]:
    """Lines of the payout that a rollback took out: what they came to is missing from the sum."""
    if not left.more["withdrawn"]:
        return ()
    return (Part("withdrawn", left.more["withdrawn"], ", ".join(left.more["withdrawn_names"])),)


def lines_missing(case: Case, _tolerance: Tolerance) -> Finding | None:
    """A payout reached the bank, and none of its lines is known."""
    right = case.right
    if right is None or case.outcome != "only_right" or right.status not in ("succeeded", "unknown"):
        return None
    listed = right.more["itemised"] is not False
    reason = "payout.lines_missing" if listed else "payout.not_itemised"
    return finding(LINES_MISSING, reason, case, right.amount, clears="payout_lines_come")


def unknown(case: Case, _tolerance: Tolerance) -> Finding | None:
    """Lines name a payout that neither the provider nor the statement tells of."""
    left = case.left
    if left is None or case.outcome != "only_left":
        return None
    return finding(UNKNOWN, "payout.not_known", case, -left.amount, clears="payout_fetched")


FINDERS: tuple[Find, ...] = (failed, late, differs, lines_missing, unknown)
