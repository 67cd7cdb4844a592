"""Runs over payouts that look only at what changed: the same as a full run, whatever came before."""

import itertools
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from billing.models import Payout, ProviderFetch
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem
from tests.database import tries
from tests.reconciliation.payout_books import ARRIVES, END, LATER, SENT, START, PayoutBooks

pytestmark = pytest.mark.django_db
numbers = itertools.count()
NAMES = ["po_1", "po_2"]
NOWS = [ARRIVES - timedelta(days=1), ARRIVES + timedelta(hours=50), LATER]


@dataclass(frozen=True)
class Stated:
    """Stripe renders a payout, or renders it anew."""

    name: str
    amount: int
    status: str
    automatic: bool
    listed: str

    def apply(self, books: PayoutBooks) -> None:
        books.payout(
            self.name, self.amount, status=self.status, automatic=self.automatic, reconciliation_status=self.listed
        )


@dataclass(frozen=True)
class Line:
    """A line of the statement, or what is said of it now."""

    name: str
    gross: int
    payout: str

    def apply(self, books: PayoutBooks) -> None:
        books.line(self.name, self.gross, payout=self.payout)


@dataclass(frozen=True)
class Own:
    """A payout's own line: money leaving, or coming back."""

    name: str
    gross: int
    back: bool
    taken_by: str

    def apply(self, books: PayoutBooks) -> None:
        word = "payout_failure" if self.back else "payout"
        gross = self.gross if self.back else -self.gross
        books.line(f"own_{self.name}_{word}", gross, type_=word, source=self.name, payout=self.taken_by, at=SENT)


@dataclass(frozen=True)
class Withdrawn:
    """An ingestion of lines is taken back."""

    place: int

    def apply(self, books: PayoutBooks) -> None:
        fetches = ProviderFetch.objects.filter(
            organization=books.organization, kind="statements", withdrawal=None
        ).order_by("pk")
        if fetches:
            books.withdraw(fetches[self.place % len(fetches)])


@dataclass(frozen=True)
class Run:
    """A run at a time of the clock."""

    now: int

    def apply(self, books: PayoutBooks) -> None:
        books.run(now=NOWS[self.now])


amounts = st.sampled_from([500, 1_000, 1_500])
steps = st.one_of(
    st.builds(
        Stated, name=st.sampled_from(NAMES), amount=amounts, automatic=st.sampled_from([True, True, False]),
        status=st.sampled_from(["paid", "paid", "in_transit", "failed", "canceled"]),
        listed=st.sampled_from(["completed", "completed", "in_progress"]),
    ),
    st.builds(Line, name=st.sampled_from(["a", "b", "c"]), gross=amounts, payout=st.sampled_from(["", *NAMES])),
    st.builds(
        Own, name=st.sampled_from(NAMES), gross=amounts, back=st.booleans(), taken_by=st.sampled_from(["", *NAMES])
    ),
    st.builds(Withdrawn, place=st.integers(0, 5)),
    st.builds(Run, now=st.integers(0, 2)),
)  # fmt: skip


def state(books: PayoutBooks) -> tuple[set[object], set[object]]:
    """Open items and discrepancies, by the payouts' names."""
    names = {row.pk: row.external_id for row in Payout.objects.filter(organization=books.organization)}
    items = ReconciliationItem.objects.filter(organization=books.organization, closed_run=None)
    rows = ReconciliationDiscrepancy.objects.filter(organization=books.organization).exclude(status="resolved")
    return (
        {
            (names.get(i.left_id), names.get(i.right_id), i.outcome, i.reason, i.left_version_id, i.right_version_id,
             i.left_amount_minor, i.right_amount_minor, i.left_status, i.right_status, i.occurred_at, i.due_at)
            for i in items
        },
        {(names.get(d.left_id), names.get(d.right_id), d.type, d.reason_code, d.difference_minor, d.unexplained_minor)
         for d in rows},
    )  # fmt: skip


@settings(
    max_examples=tries(10), deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(program=st.lists(steps, min_size=3, max_size=14))
def test_any_history_ends_as_one_full_run_would_say(program: list[Line | Own | Run | Stated | Withdrawn]) -> None:
    books = PayoutBooks(f"lived-{next(numbers)}")
    for step in [*program[: len(program) // 2], Run(1), *program[len(program) // 2 :]]:
        step.apply(books)
    last = books.run()
    lived = state(books)
    again = books.run(full=True)
    assert again.written == {"items": 0, "discrepancies": 0, "log": 0}
    assert (state(books), again.report["totals"]) == (lived, last.report["totals"])
    assert all(cell["control"] for cell in last.report["totals"].values())


def test_a_change_of_a_line_costs_one_payout() -> None:
    books = PayoutBooks("many")
    for place in range(8):
        books.sent(f"po_{place}", 1_000 + place)
    books.run()
    books.line("txn_po_3_0", 900, payout="po_3")
    result = books.run()
    assert result.run is not None
    assert (result.run.metrics["left_matched_again"], result.run.metrics["right_matched_again"]) == (1, 1)
    assert books.open() == {"PayoutDiffers": ["payout.lines_differ"]}


def test_a_period_holds_the_payouts_that_arrive_in_it() -> None:
    books = PayoutBooks("edges")
    for name, arrives in (("po_first", START), ("po_next", END), ("po_before", START - timedelta(seconds=1))):
        books.sent(name, 1_000)
        books.payout(name, 1_000, arrival_date=int(arrives.timestamp()))
    result = books.run()
    assert result.report["totals"]["EUR"]["read"]["right"] == {"count": 1, "amount_minor": 1_000}
    assert ReconciliationItem.objects.get().occurred_at == START


def test_a_payout_sent_by_hand_that_does_not_arrive_is_late() -> None:
    books = PayoutBooks()
    books.payout(status="in_transit", automatic=False, reconciliation_status="not_applicable")
    assert books.run(now=ARRIVES).counts["not_due"] == 1
    assert books.run(now=LATER).discrepancies == {"PayoutLate": 1}
    assert books.run(now=LATER, full=True).written == {"items": 0, "discrepancies": 0, "log": 0}
