"""Histories of invoices, lines, links and disputes: totals add up, order and what ran before do not matter."""

import itertools
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reconciliation.core import report as reports
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem
from reconciliation.runs import RunResult
from tests.database import tries

from .books import END, LATER, NOON, START
from .invoice_books import InvoiceBooks

pytestmark = pytest.mark.django_db
MID = START + timedelta(days=15)
WINDOWS = [(START, END), (START, MID), (MID - timedelta(days=2), END)]
numbers = itertools.count()
FIXED = settings(
    deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate], suppress_health_check=list(HealthCheck)
)

INVOICES = ["INV-0", "INV-1", "INV-2"]
moments = st.sampled_from([NOON + timedelta(hours=h) for h in (0, 1, 30, 200, 400)])
amounts = st.sampled_from([500, 1000])


class Step(Protocol):
    """One thing that happens."""

    def apply(self, books: InvoiceBooks) -> None:
        """Lets it happen."""


@dataclass(frozen=True)
class Billed:
    """Issue an invoice or credit note, or change it."""

    own: str
    total: int
    status: str
    paid: int | None
    at: datetime
    currency: str
    kind: str

    def apply(self, books: InvoiceBooks) -> None:
        books.billed(
            self.own if self.kind == "invoice" else f"CN{self.own}", self.total, status=self.status,
            paid_minor=self.paid, at=self.at, currency=self.currency, kind=self.kind,
        )  # fmt: skip


@dataclass(frozen=True)
class Stated:
    """A line of the statement, or what else it says later."""

    own: str
    gross: int
    kind: str
    invoice: str
    charge: str
    intent: str
    at: datetime

    def apply(self, books: InvoiceBooks) -> None:
        negative = self.kind in ("refund", "dispute", "charge_failure", "partial_capture", "payout")
        source = {"refund": "re_", "refund_failure": "re_", "dispute": "dp_", "dispute_reversal": "dp_"}.get(self.kind)
        named = {"source_reference": f"{source}{self.charge}"} if source else {}
        books.line(
            self.own, -self.gross if negative else self.gross, self.invoice, kind=self.kind, charge=self.charge,
            intent_reference=self.intent, at=self.at, **named,
        )  # fmt: skip


@dataclass(frozen=True)
class Linked:
    """The provider links an invoice and a payment, or says otherwise."""

    own: str
    invoice: str
    payment: str
    amount: int
    status: str

    def apply(self, books: InvoiceBooks) -> None:
        books.linked(self.own, self.invoice, self.payment, self.amount, status=self.status)


@dataclass(frozen=True)
class Disputed:
    """The provider tells a state of a dispute."""

    charge: str
    status: str

    def apply(self, books: InvoiceBooks) -> None:
        books.disputed(f"dp_{self.charge}", 500, self.charge, self.status)


@dataclass(frozen=True)
class Withdrawn:
    """A line is taken back."""

    own: str

    def apply(self, books: InvoiceBooks) -> None:
        if books.has_line(self.own):
            books.withdrawn(self.own)


@dataclass(frozen=True)
class Run:
    """Run a period at a time of the clock."""

    window: int
    now: datetime

    def apply(self, books: InvoiceBooks) -> None:
        start, end = WINDOWS[self.window]
        books.run(start=start, end=end, now=self.now)


billed = st.builds(
    Billed, own=st.sampled_from(INVOICES), total=amounts,
    status=st.sampled_from(["paid", "paid", "open", "void"]), paid=st.sampled_from([None, None, 0, 500]), at=moments,
    currency=st.sampled_from(["EUR", "EUR", "EUR", "USD"]), kind=st.sampled_from(["invoice", "invoice", "credit_note"]),
)  # fmt: skip
stated = st.builds(
    Stated, own=st.sampled_from(["0", "1", "2", "3"]), gross=amounts,
    kind=st.sampled_from(
        ["charge", "charge", "charge", "refund", "refund_failure", "dispute", "dispute_reversal", "charge_failure",
         "partial_capture", "payout", "adjustment", "unknown"]
    ),
    invoice=st.sampled_from(["", "", *INVOICES, "CNINV-0"]), charge=st.sampled_from(["ch_0", "ch_1", "ch_2"]),
    intent=st.sampled_from(["", "", "pi_0", "pi_1"]), at=moments,
)  # fmt: skip
linked = st.builds(
    Linked, own=st.sampled_from(["l0", "l1"]), invoice=st.sampled_from(INVOICES),
    payment=st.sampled_from(["pi_0", "pi_1", "ch_0"]), amount=amounts,
    status=st.sampled_from(["paid", "paid", "canceled"]),
)  # fmt: skip
disputed = st.builds(
    Disputed, charge=st.sampled_from(["ch_0", "ch_1"]),
    status=st.sampled_from(["needs_response", "won", "lost", "warning_needs_response"]),
)  # fmt: skip
withdrawn = st.builds(Withdrawn, own=st.sampled_from(["0", "1"]))
runs = st.builds(Run, window=st.integers(0, 2), now=st.sampled_from([NOON + timedelta(hours=h) for h in (10, 60, 900)]))
facts = st.one_of(billed, stated, stated, linked, disputed, withdrawn)
programs = st.lists(st.one_of(billed, stated, runs, stated, linked, disputed, withdrawn), min_size=4, max_size=24)


def named(books: InvoiceBooks) -> tuple[set[tuple[object, ...]], set[tuple[object, ...]]]:
    """Open items and open discrepancies, with ids of the outside world instead of the database's."""
    items = ReconciliationItem.objects.filter(organization=books.organization, closed_run=None)
    rows = ReconciliationDiscrepancy.objects.filter(organization=books.organization).exclude(status="resolved")
    return (
        {
            (books.ours(i.left_id), books.theirs(i.right_id), i.outcome, i.match_pass, i.reason, i.group_key,
             i.left_amount_minor, i.right_amount_minor, i.occurred_at, i.due_at)
            for i in items
        },
        {
            (books.ours(d.left_id), books.theirs(d.right_id), d.reference, d.type, d.reason_code, d.expected, d.actual,
             d.severity, d.difference_minor, d.unexplained_minor, d.occurred_at)
            for d in rows
        },
    )  # fmt: skip


def canonical(result: RunResult) -> str:
    return reports.canonical({**result.report, "organization": ""})


@settings(FIXED, max_examples=tries(6))
@given(program=programs)
def test_any_history_ends_in_the_items_of_one_full_run_from_empty(program: list[Step]) -> None:
    lived = InvoiceBooks(f"lived-{next(numbers)}")
    for step in [*program[: len(program) // 2], Run(0, NOON), *program[len(program) // 2 :]]:
        step.apply(lived)
    fresh = InvoiceBooks(f"fresh-{next(numbers)}")
    for step in program:
        if not isinstance(step, Run):
            step.apply(fresh)
    ends = [lived.run(now=LATER), fresh.run(now=LATER, full=True)]
    assert named(lived) == named(fresh)
    assert canonical(ends[0]) == canonical(ends[1])


@settings(FIXED, max_examples=tries(6))
@given(program=st.lists(facts, min_size=3, max_size=16))
def test_every_record_is_in_one_item_and_totals_add_up_to_what_was_read(program: list[Step]) -> None:
    books = InvoiceBooks(f"sums-{next(numbers)}")
    for step in program:
        step.apply(books)
    result = books.run(start=START, end=END + timedelta(days=5))
    open_items = ReconciliationItem.objects.filter(organization=books.organization, closed_run=None)
    for side, population in (("left", books.invoices()), ("right", books.lines())):
        assert sorted(open_items.filter(**{f"{side}_id__gt": 0}).values_list(f"{side}_id", flat=True)) == population
    assert all(totals["control"] for totals in result.totals.values())
    told = ReconciliationDiscrepancy.objects.filter(organization=books.organization).exclude(status="resolved")
    for row in told:
        parts = sum(part["amount_minor"] for part in row.explanation["parts"])
        assert row.difference_minor is None or row.difference_minor - parts == row.unexplained_minor
    about = set(told.values_list("left_id", flat=True)) | {-pk for pk in told.values_list("right_id", flat=True)}
    for item in open_items.filter(outcome__in=["mismatched", "only_left", "only_right"]).exclude(
        kind__in=["dispute", "dispute_reversal"]
    ):
        tied = open_items.filter(group_key=item.group_key) if item.group_key else [item]
        assert any(({one.left_id, -one.right_id} - {0}) & about for one in tied), (item.outcome, item.kind)


@settings(FIXED, max_examples=tries(5))
@given(program=st.lists(stated, min_size=3, max_size=8, unique_by=lambda step: step.own), order=st.randoms())
def test_the_order_in_which_facts_come_in_does_not_matter(program: list[Stated], order: random.Random) -> None:
    steps: list[Step] = [
        *program,
        Billed("INV-0", 1000, "paid", None, NOON, "EUR", "invoice"),
        Linked("l0", "INV-1", "pi_0", 500, "paid"),
    ]
    ends = []
    for shuffled in (False, True):
        books = InvoiceBooks(f"order-{next(numbers)}")
        if shuffled:
            order.shuffle(steps)
        for step in steps:
            step.apply(books)
        ends.append((canonical(books.run()), named(books)))
    assert ends[0] == ends[1]
