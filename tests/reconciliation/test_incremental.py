"""Runs that match only what changed: the same items and discrepancies as a full run, whatever came before."""

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from billing.models import Payment, ProviderRecord
from reconciliation.core import report as reports
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem, ReconciliationRun
from tests.database import tries
from tests.reconciliation.books import END, LATER, NOON, START, Books

pytestmark = pytest.mark.django_db
MID = START + timedelta(days=15)
WINDOWS = [(START, END), (START, MID), (MID - timedelta(days=2), END)]
numbers = itertools.count()

KEYS = ["ch_0", "ch_1", "ch_2", "ch_3"]
OWN = ["p0", "p1", "p2", "p3"]
moments = st.sampled_from([NOON + timedelta(hours=h) for h in (0, 1, 30, 80, 200, 400)])
amounts = st.sampled_from([500, 1000])
customers = st.sampled_from(["", "cus_a", "cus_b"])
statuses = st.sampled_from(["succeeded", "succeeded", "pending", "failed"])


@dataclass(frozen=True)
class Paid:
    """Book a payment, or change it."""

    own: str
    amount: int
    key: str
    at: datetime
    customer: str
    status: str
    invoice: str

    def apply(self, books: Books) -> None:
        books.paid(
            self.own, self.amount, self.key, at=self.at, customer=self.customer, status=self.status,
            invoice_number=self.invoice,
        )  # fmt: skip


@dataclass(frozen=True)
class Charged:
    """Record a charge, or change it."""

    key: str
    amount: int
    parent: str
    at: datetime
    customer: str
    status: str
    reference: str

    def apply(self, books: Books) -> None:
        books.charged(
            self.key, self.amount, at=self.at, customer=self.customer, status=self.status,
            parent_reference=self.parent, reference=self.reference,
        )  # fmt: skip


@dataclass(frozen=True)
class Refunded:
    """Record a refund of a charge, or change it."""

    key: str
    amount: int
    charge: str
    at: datetime

    def apply(self, books: Books) -> None:
        books.charged(self.key, self.amount, at=self.at, kind="refund", parent_reference=self.charge)


@dataclass(frozen=True)
class Intended:
    """Record a payment intent, or change which charge it names."""

    key: str
    latest: str
    at: datetime

    def apply(self, books: Books) -> None:
        books.charged(self.key, 1000, at=self.at, kind="payment_intent", detail={"latest_charge": self.latest})


@dataclass(frozen=True)
class Ruled:
    """Change the rules, or change them back."""

    tolerance_minor: int
    refunds: str

    def apply(self, books: Books) -> None:
        books.organization.tolerance_minor, books.organization.refunds = self.tolerance_minor, self.refunds
        books.organization.save()


@dataclass(frozen=True)
class Run:
    """Run a period at a time of the clock."""

    window: int
    now: datetime

    def apply(self, books: Books) -> None:
        start, end = WINDOWS[self.window]
        books.run(start=start, end=end, now=self.now)


paid = st.builds(
    Paid, own=st.sampled_from(OWN), amount=amounts, key=st.sampled_from(["", "", *KEYS, "pi_0"]), at=moments,
    customer=customers, status=statuses, invoice=st.sampled_from(["", "INV-1"]),
)  # fmt: skip
charged = st.builds(
    Charged, key=st.sampled_from(KEYS), amount=amounts, parent=st.sampled_from(["", "pi_0"]), at=moments,
    customer=customers, status=statuses, reference=st.sampled_from(["", "", "p0", "INV-1"]),
)  # fmt: skip
refunded = st.builds(
    Refunded, key=st.sampled_from(["re_0", "re_1"]), amount=amounts, charge=st.sampled_from(KEYS), at=moments
)
intended = st.builds(Intended, key=st.just("pi_0"), latest=st.sampled_from(KEYS), at=moments)
ruled = st.builds(
    Ruled, tolerance_minor=st.sampled_from([0, 500]), refunds=st.sampled_from(["always", "always", "auto", "never"])
)
runs = st.builds(Run, window=st.integers(0, 2), now=st.sampled_from([NOON + timedelta(hours=h) for h in (10, 60, 900)]))
programs = st.lists(
    st.one_of(paid, charged, runs, paid, charged, runs, refunded, intended, ruled), min_size=4, max_size=24
)


def named(books: Books) -> tuple[set[tuple[object, ...]], set[tuple[object, ...]]]:
    """Open items and open discrepancies, with ids of the outside world instead of the database's."""
    ours = {p.pk: p.external_id for p in Payment.objects.filter(organization=books.organization)}
    theirs = {r.pk: r.external_id for r in ProviderRecord.objects.filter(organization=books.organization)}
    items = ReconciliationItem.objects.filter(organization=books.organization, closed_run=None)
    rows = ReconciliationDiscrepancy.objects.filter(organization=books.organization).exclude(status="resolved")
    return (
        {
            (ours.get(i.left_id), theirs.get(i.right_id), i.outcome, i.match_pass, i.reason, i.left_amount_minor,
             i.right_amount_minor, i.left_status, i.right_status, i.occurred_at, i.due_at)
            for i in items
        },
        {
            (ours.get(d.left_id), theirs.get(d.right_id), d.type, d.reason_code, d.expected, d.actual, d.severity,
             d.difference_minor, d.unexplained_minor, d.occurred_at)
            for d in rows
        },
    )  # fmt: skip


def lived_and_fresh_end_alike(program: list[Paid | Charged | Run]) -> None:
    """The program with runs all along ends as the program with one full run at its end."""
    lived = Books(f"lived-{next(numbers)}", refunds="always")
    for step in [*program[: len(program) // 2], Run(0, NOON), *program[len(program) // 2 :]]:
        step.apply(lived)
    fresh = Books(f"fresh-{next(numbers)}", refunds="always")
    for step in program:
        if not isinstance(step, Run):
            step.apply(fresh)
    ends = [lived.run(now=LATER), fresh.run(now=LATER, full=True)]
    assert named(lived) == named(fresh)
    bodies = [reports.canonical({**end.report, "organization": ""}) for end in ends]
    assert bodies[0] == bodies[1]


PHASES = [Phase.explicit, Phase.reuse, Phase.generate]


@settings(max_examples=tries(6), deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(program=programs)
def test_any_history_ends_in_the_items_of_one_full_run_from_empty(program: list[Paid | Charged | Run]) -> None:
    lived_and_fresh_end_alike(program)


@pytest.mark.trust
@settings(max_examples=300, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(program=programs)
def test_many_histories_end_in_the_items_of_one_full_run_from_empty(program: list[Paid | Charged | Run]) -> None:
    lived_and_fresh_end_alike(program)


@pytest.fixture
def books() -> Books:
    books = Books()
    for number in range(40):
        books.paid(f"p{number}", key=f"ch_{number}")
        books.charged(f"ch_{number}")
    return books


def last_metrics() -> dict[str, int | None]:
    metrics: dict[str, int | None] = ReconciliationRun.objects.latest("id").metrics
    return metrics


def test_a_second_run_reads_only_what_changed(books: Books) -> None:
    first = books.run()
    books.charged("ch_7", 900)
    assert books.run().written == {"items": 2, "discrepancies": 1, "log": 1}
    assert first.run is not None
    assert (last_metrics()["built_on"], last_metrics()["right_matched_again"]) == (first.run.pk, 1)


def test_a_full_run_reads_everything_and_still_writes_nothing(books: Books) -> None:
    books.run()
    assert books.run(full=True).written == {"items": 0, "discrepancies": 0, "log": 0}
    assert (last_metrics()["built_on"], last_metrics()["right_matched_again"]) == (None, 40)


def test_a_rule_that_changed_is_applied_to_everything(books: Books) -> None:
    books.charged("ch_7", 1001)
    assert books.run().status == "break"
    books.organization.tolerance_minor = 1
    books.organization.save()
    assert books.run().status == "ok"
    assert last_metrics()["built_on"] is None


def test_what_fell_due_is_looked_at_without_any_change(books: Books) -> None:
    books.paid("late", key="ch_late", at=NOON)
    assert books.run(now=NOON + timedelta(hours=1)).counts["not_due"] == 1
    assert books.run(now=NOON + timedelta(hours=48)).discrepancies == {"MissingProviderRecord": 1}
    assert last_metrics()["left_matched_again"] == 1


def test_a_clock_set_back_starts_from_the_whole_period(books: Books) -> None:
    books.paid("late", key="ch_late", at=NOON)
    books.run(now=LATER)
    assert books.run(now=NOON + timedelta(hours=1)).counts["not_due"] == 1


def test_a_run_of_another_period_in_between_does_not_spoil_the_totals(books: Books) -> None:
    books.run()
    books.paid("p3", 950, key="ch_3")
    books.run(start=START, end=MID)
    books.paid("p4", 960, key="ch_4")
    incremental = books.run()
    assert last_metrics()["built_on"] is not None
    assert reports.canonical(incremental.report) == reports.canonical(books.run(full=True).report)
