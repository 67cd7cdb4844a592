"""Causes of statements and payouts on generated clues: what was put in is named, with its members; noise is not."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciliation.core.causes import Background, Clue, find
from reconciliation.core.causes.recorded import ON_RECORD
from reconciliation.core.findings import MISSING_PROVIDER
from reconciliation.core.payout_findings import DIFFERS, LINES_MISSING, UNKNOWN
from reconciliation.core.statement_types import FEE, MISSING_INVOICE, UNAPPLIED_REFUND, UNCLASSIFIED, UNDERPAID

from .test_causes import HOUR, MINUTE, MONTH, START, arrivals, kinds

DAY = 24 * HOUR


def clue(number: int, type_: str, reason: str, **facts: Any) -> Clue:
    values: dict[str, Any] = {"kind": "charge", "currency": "EUR", **facts}
    return Clue(id=number, type=type_, reason=reason, **values)


def line(number: int, at: int = START, reason: str = "invoice.unknown", **facts: Any) -> Clue:
    """A payment on the statement without an invoice."""
    values = {"right_amount": 1_000 + number, "right_at": at, "difference": 1_000 + number, **facts}
    return clue(number, MISSING_INVOICE, reason, **values)


def fee(number: int, gross: int, extra: int, **facts: Any) -> Clue:
    reason = "fee.higher" if extra > 0 else "fee.lower"
    return clue(number, FEE, reason, right_amount=gross, right_at=START, difference=extra, **facts)


def others(count: int, total: int) -> Background:
    """So many records have the feature, of so many."""
    return Background(
        total=lambda _side: total, of_prefix=lambda _side, _value: count, of_party=lambda _side, _value: count,
        of_payout=lambda _side, _value: count, of_import=lambda _side, _value: count,
    )  # fmt: skip


def test_fees_that_differ_by_a_share_of_what_was_paid_are_one_cause() -> None:
    rng = random.Random(3)
    amounts = [rng.randrange(1_000, 90_000) for _number in range(12)]
    clues = [fee(number, gross, int(gross * 0.015)) for number, gross in enumerate(amounts)]
    clues += [fee(100 + number, rng.randrange(1_000, 90_000), rng.randrange(1, 900)) for number in range(10)]
    (cause,) = find(clues, Background())
    assert (cause.kind, cause.facts["parts"], cause.facts["constant_minor"]) == ("share", 150, 0)
    assert (cause.facts["type"], set(range(12)) <= set(cause.members)) == (FEE, True)


@given(st.integers(0, 10_000), st.integers(8, 60))
@settings(max_examples=40, deadline=None)
def test_fees_that_differ_by_chance_have_no_cause(seed: int, count: int) -> None:
    rng = random.Random(seed)
    clues = [fee(number, rng.randrange(1_000, 90_000), rng.randrange(20, 3_000)) for number in range(count)]
    assert find(clues, Background()) == []


def test_invoices_and_payouts_that_are_always_short_by_the_same_amount_are_causes_of_their_own() -> None:
    short = [
        clue(number, UNDERPAID, "invoice.underpaid", left_at=START, left_amount=1_000 + 37 * number, difference=-250)
        for number in range(7)
    ]
    sent = [
        clue(50 + number, DIFFERS, "payout.lines_differ", left_at=START, left_amount=90_000 + 91 * number,
             right_at=START, difference=-25)
        for number in range(9)
    ]  # fmt: skip
    found = find(short + sent, Background())
    assert {(cause.facts["type"], cause.facts["constant_minor"], len(cause.members)) for cause in found} == {
        (UNDERPAID, -250, 7), (DIFFERS, -25, 9),
    }  # fmt: skip


def test_payments_for_invoices_of_one_system_are_one_cause() -> None:
    clues = [line(number, key=f"SUB-{number:04}") for number in range(9)] + [line(99, key="INV-7")]
    (cause,) = find(clues, others(9, 300))
    assert (cause.kind, cause.facts["prefix"], len(cause.members)) == ("prefix", "SUB-", 9)
    assert find(clues, others(40, 300)) == []  # most payments that name such an invoice are fine


@pytest.mark.parametrize(("field", "kind"), [("party", "customer"), ("payout", "payout"), ("batch", "import_faulty")])
def test_a_customer_a_payout_or_a_fetch_with_a_fault_of_its_own_is_one_cause(field: str, kind: str) -> None:
    value: Any = 7 if field == "batch" else "one"
    clues = [line(number, START + number * DAY, key=f"{number}", **{field: value}) for number in range(10)]
    clues += [line(100 + number, START + number * DAY, key=f"{number}") for number in range(3)]
    (cause,) = find(clues, others(11, 400))
    assert (cause.kind, len(cause.members), cause.facts["outside"]) == (kind, 10, 3)
    assert find(clues, others(11, 13)) == []  # nothing to compare it with


def test_a_window_of_the_statement_that_was_never_fetched_is_named() -> None:
    rng = random.Random(4)
    gap = (START + 10 * DAY, START + 10 * DAY + 5 * HOUR)
    paid = [
        clue(number, MISSING_PROVIDER, "missing.not_on_statement", kind="invoice", left_amount=500,
             left_at=rng.randrange(*gap))
        for number in range(8)
    ]  # fmt: skip
    (cause,) = find(paid, Background(present={("left", "invoice"): arrivals(rng, 900, gap)}))
    assert (cause.kind, cause.facts["side"], len(cause.members)) == ("gap", "left", 8)


def test_refunds_that_nobody_booked_for_a_week_are_a_gap_and_disputes_are_none() -> None:
    rng = random.Random(5)
    gap = (START + 10 * DAY, START + 17 * DAY)
    told = {"kind": "refund", "right_amount": -300}
    refunds = [
        clue(number, UNAPPLIED_REFUND, "refund.not_applied", right_at=gap[0] + number * 20 * HOUR, **told)
        for number in range(8)
    ]
    disputes = [
        clue(50 + number, UNAPPLIED_REFUND, "dispute.open", right_at=gap[0] + number * HOUR, **told)
        for number in range(8)
    ]
    around = Background(present={("right", "refund"): arrivals(rng, 200, gap)})
    (cause,) = find(refunds + disputes, around)
    assert (cause.kind, set(cause.members)) == ("gap", set(range(8)))


def test_payouts_in_a_row_without_lines_or_never_fetched_are_gaps() -> None:
    days = [START + number * DAY for number in range(30)]
    for side, type_, reason in (
        ("right", LINES_MISSING, "payout.lines_missing"),
        ("left", UNKNOWN, "payout.not_known"),
    ):
        clues = [clue(number, type_, reason, kind="payout", **{f"{side}_at": days[number]}) for number in range(10, 16)]
        rest = [at for at in days if at not in days[10:16]]
        (cause,) = find(clues, Background(present={(side, "payout"): rest}))
        assert (cause.kind, cause.facts["from"], cause.facts["to"]) == ("gap", days[9], days[16])


def test_payments_that_name_no_invoice_are_put_beside_the_invoices_that_wait_for_them() -> None:
    clues = []
    for number in range(6):
        at = START + number * DAY
        common = {"party": f"cus_{number}"}
        clues.append(
            clue(number, MISSING_PROVIDER, "missing.not_on_statement", kind="invoice", left_amount=700 + number,
                 left_at=at, **common)
        )  # fmt: skip
        clues.append(line(50 + number, at + 40 * MINUTE, "invoice.not_named", right_amount=700 + number, **common))
    late = line(99, START + MONTH, "invoice.not_named", right_amount=700, party="cus_0")
    (cause,) = find([*clues[2:], *clues[:2]], Background())
    assert (cause.kind, cause.facts["pairs"], len(cause.members)) == ("reference_lost", 6, 12)
    found = find([*clues, late], Background())  # cus_0 has two payments: which of them is meant?
    assert [(cause.facts["pairs"], cause.misfits) for cause in found] == [(5, (50, 99))]


def test_too_few_lost_references_and_customers_unknown_are_no_cause() -> None:
    nameless = [
        one
        for number in range(6)
        for one in (
            clue(
                number, MISSING_PROVIDER, "missing.not_on_statement", kind="invoice", left_amount=number, left_at=START
            ),
            line(50 + number, START, "invoice.not_named", right_amount=number),
        )
    ]
    assert find(nameless, Background()) == []


def test_what_a_row_on_record_says_is_told_apart_by_its_word() -> None:
    clues = [clue(number, UNCLASSIFIED, "type.unknown", word="moon_fee", right_at=START) for number in range(3)]
    clues += [clue(10 + number, UNCLASSIFIED, "type.unknown", word="sun_fee", right_at=START) for number in range(2)]
    clues.append(clue(20, UNCLASSIFIED, "type.unknown", word="star_fee", right_at=START))
    found = find(clues, Background())
    assert [(cause.kind, cause.facts["word"], len(cause.members)) for cause in found] == [
        ("unclassified", "moon_fee", 3), ("unclassified", "sun_fee", 2),
    ]  # fmt: skip


def test_every_reason_on_record_makes_a_cause_once_there_are_enough() -> None:
    for reason, (kind, fewest) in ON_RECORD.items():
        clues = [clue(number, "any", reason, right_at=START) for number in range(fewest)]
        assert kinds(find(clues, Background())) == [kind]
        assert find(clues[1:], Background()) == []
