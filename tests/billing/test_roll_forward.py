"""The roll-forward of a balance: opening + activity − payouts = closing."""

import io
import itertools
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.models import Organization
from billing.roll_forward import RollForward, roll_forward
from billing.roll_forward_words import lines as lines_of
from billing.roll_forward_words import plain, verdict
from tests.reconciliation.payout_books import END, SENT, START, PayoutBooks

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> PayoutBooks:
    return PayoutBooks()


def rolled(books: PayoutBooks, start: datetime = START, end: datetime = END) -> dict[str, RollForward]:
    return {one.currency: one for one in roll_forward(organization=books.organization, start=start, end=end)}


def test_the_balance_of_a_period_adds_up(books: PayoutBooks) -> None:
    books.line("txn_old", 700, fee=20, at=START - timedelta(days=3))
    books.line("txn_1", 10_000, fee=300)
    books.line("txn_2", -1_000, type_="refund")
    books.line("txn_3", -250, type_="dispute", fee=15)
    books.line("txn_own", -5_000, fee=50, at=SENT, type_="payout", source="po_1")
    books.returned(amount=5_000)
    whole = rolled(books)["EUR"].total()
    assert whole.opening == 680
    assert whole.parts == {"charges": 10_000, "refunds": -1_000, "disputes": -250, "fees": -365, "other": 0}
    assert (whole.activity, whole.sent, whole.returned) == (8_385, 5_000, 5_000)
    assert whole.closing == 680 + 8_385 == 9_065
    shown = lines_of(plain(rolled(books)["EUR"]))
    assert sum(amount for _name, amount, _sum in shown[:-1]) == shown[-1][1]


def test_a_kind_nobody_knows_is_activity_too(books: PayoutBooks) -> None:
    books.line("txn_1", -77, type_="moonlight")
    assert rolled(books)["EUR"].total().parts["other"] == -77


def test_every_day_opens_where_the_day_before_closed(books: PayoutBooks) -> None:
    for day in (2, 3, 9):
        books.line(f"txn_{day}", 100 * day, at=START + timedelta(days=day))
    days = rolled(books)["EUR"].days
    assert [days[0].day, days[-1].day, len(days)] == [date(2026, 10, 1), date(2026, 10, 31), 31]
    assert all(after.opening == before.closing for before, after in itertools.pairwise(days))
    assert days[-1].closing == 1_400


def test_a_day_is_one_of_the_organizations_zone() -> None:
    books = PayoutBooks("kiwi", timezone="Pacific/Auckland")
    books.line("txn_1", 100, at=datetime(2026, 10, 9, 23, 30, tzinfo=UTC))
    (day,) = [one for one in rolled(books)["EUR"].days if one.activity]
    assert day.day == date(2026, 10, 10)


def test_currencies_are_never_added(books: PayoutBooks) -> None:
    books.line("txn_1", 100)
    books.line("txn_2", 300, currency="USD")
    assert {name: one.total().closing for name, one in rolled(books).items()} == {"EUR": 100, "USD": 300}


def test_a_withdrawn_line_counts_no_more(books: PayoutBooks) -> None:
    faulty = books.line("txn_1", 100)
    books.line("txn_2", 300)
    books.withdraw(faulty)
    assert rolled(books)["EUR"].total().closing == 300


def test_a_payout_told_alike_ties(books: PayoutBooks) -> None:
    books.sent()
    found = rolled(books)["EUR"]
    assert (found.ties, found.not_fetched) == (True, 0)
    assert verdict(plain(found), "EUR").startswith("✓")


def test_a_payout_that_the_statement_tells_otherwise_is_the_gap(books: PayoutBooks) -> None:
    books.sent()
    books.payout("po_1", 9_000)
    found = rolled(books)["EUR"]
    assert [(gap.payout, gap.gap_minor) for gap in found.gaps] == [("po_1", 500)]
    assert verdict(plain(found), "EUR") == (
        "✕ Payouts do not tie, gap +5.00 EUR. po_1 says 90.00 EUR was sent, the statement says 95.00 EUR."
    )


def test_a_payout_that_is_not_on_the_statement_is_the_gap(books: PayoutBooks) -> None:
    books.payout("po_1", 9_500)
    found = rolled(books)["EUR"]
    assert (found.gaps[0].gap_minor, found.total().closing) == (-9_500, 0)
    assert "po_1, 95.00 EUR, is not on the statement." in verdict(plain(found), "EUR")


def test_a_payout_that_only_the_statement_tells_of_is_said_so(books: PayoutBooks) -> None:
    books.line("txn_own", -5_000, at=SENT, type_="payout", source="po_1")
    found = rolled(books)["EUR"]
    assert (found.ties, found.not_fetched) == (True, 1)
    assert "1 payout is known from the statement only." in verdict(plain(found), "EUR")


def test_an_organization_without_lines_has_no_balance() -> None:
    assert roll_forward(organization=Organization.objects.create(slug="new", name="New"), start=START, end=END) == []


lines = st.lists(
    st.tuples(
        st.integers(-30, 40),
        st.integers(-1_000, 1_000),
        st.integers(0, 50),
        st.sampled_from(["charge", "refund", "dispute", "fee", "payout", "payout_failure", "moonlight"]),
        st.sampled_from(["EUR", "JPY"]),
    ),
    max_size=12,
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(lines=lines, cut=st.integers(0, 31))
def test_two_periods_roll_into_each_other_and_end_at_the_sum_of_all_lines(
    lines: list[tuple[int, int, int, str, str]], cut: int
) -> None:
    books = PayoutBooks(f"roll-{Organization.objects.count()}")
    for place, (day, gross, fee, type_, currency) in enumerate(lines):
        at = START + timedelta(days=day, hours=place)
        books.line(f"txn_{place}", gross, fee=fee, at=at, type_=type_, source=f"po_{place}", currency=currency)
    middle = START + timedelta(days=max(1, min(30, cut)))
    whole, first, second = rolled(books), rolled(books, START, middle), rolled(books, middle, END)
    for currency, one in whole.items():
        sums = [g - f for d, g, f, _t, c in lines if c == currency and START + timedelta(days=d) < END]
        assert one.total().closing == one.days[-1].closing == second[currency].total().closing
        if currency in first:
            assert first[currency].total().closing == second[currency].total().opening
        assert one.total().closing == sum(sums)


def test_the_command_prints_the_days_and_exits_by_the_verdict(books: PayoutBooks) -> None:
    books.sent()
    out = io.StringIO()
    days = ["--from", "2026-10-01", "--to", "2026-11-01"]
    call_command("roll_forward", "--organization", "acme", *days, "--json", stdout=out)
    (told,) = json.loads(out.getvalue())
    assert (told["currency"], told["closing_minor"], told["ties"], len(told["days"])) == ("EUR", 0, True, 31)
    books.payout("po_1", 9_000)
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("roll_forward", "--organization", "acme", *days, stdout=out)
    assert ended.value.code == 1
    assert "Payouts do not tie" in out.getvalue()
    assert "2026-10-09" in out.getvalue()
