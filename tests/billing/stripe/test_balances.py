"""What the provider says is on the balance, as a control of the lines kept here."""

from datetime import UTC, datetime, timedelta

import pytest

from billing.balances import held_by_currency
from billing.models import ProviderBalance
from billing.payouts import sync_payouts
from billing.roll_forward import RollForward, roll_forward
from billing.roll_forward_words import plain, verdict
from billing.sandbox.banking import pay_out
from billing.stripe_fields import UnusableObject

from .desk import DAY, HOUR, NOW, Desk, days_ago


def sweep(desk: Desk) -> None:
    """An hourly sweep: the statement, then payouts and the balance."""
    desk.ingest()
    sync_payouts(organization=desk.organization, access=desk.access, by="test", clock=desk.clock)
    desk.pass_time(HOUR)


def rolled(desk: Desk) -> RollForward:
    start, end = NOW - timedelta(days=10), NOW + timedelta(days=10)
    (one,) = roll_forward(organization=desk.organization, start=start, end=end)
    return one


def words(desk: Desk) -> str:
    return verdict(plain(rolled(desk)), "EUR")


def test_a_balance_is_kept_when_it_says_something_new_or_a_day_later(desk: Desk) -> None:
    desk.merchant.charge(1_000, days_ago(2))
    sweep(desk)
    sweep(desk)
    assert ProviderBalance.objects.count() == 1
    desk.merchant.charge(2_000, days_ago(-0.01))
    sweep(desk)
    assert ProviderBalance.objects.count() == 2
    desk.pass_time(DAY)
    sweep(desk)
    assert ProviderBalance.objects.count() == 3


def test_lines_that_are_all_here_tie_to_the_balance(desk: Desk) -> None:
    desk.merchant.charge(10_000, days_ago(2))
    sweep(desk)
    assert rolled(desk).told is None  # lines may still be missing: the next ingestion decides
    pay_out(desk.merchant, days_ago(-0.01))
    desk.merchant.charge(3_000, days_ago(-0.02))
    sweep(desk)
    assert "the next answer will be compared with it" in words(desk)
    sweep(desk)
    told = rolled(desk).told
    assert told is not None
    assert (told.before_minor, told.gap_minor, rolled(desk).ties) == (0, 0, True)
    assert "as the lines tell." in words(desk)


def test_a_line_that_never_came_is_the_gap(desk: Desk) -> None:
    desk.merchant.charge(10_000, days_ago(2))
    sweep(desk)
    missed = desk.merchant.charge(3_000, days_ago(9))  # created before what a routine sweep reads
    sweep(desk)
    sweep(desk)
    net = desk.shelf.by_id[missed["balance_transaction"]]["net"]
    found = rolled(desk)
    assert found.told is not None
    assert (found.told.gap_minor, found.ties) == (net, False)
    assert "✕ The balance does not tie." in words(desk)
    assert "more than the lines tell" in words(desk)


def test_what_was_held_before_the_first_known_line_opens_the_balance(desk: Desk) -> None:
    old = desk.merchant.charge(50_000, days_ago(300))
    desk.merchant.charge(10_000, days_ago(2))
    sweep(desk)
    sweep(desk)
    net = desk.shelf.by_id[old["balance_transaction"]]["net"]
    found = rolled(desk)
    assert (found.days[0].opening, found.ties) == (net, True)


def test_a_moment_beside_a_line_decides_nothing(desk: Desk) -> None:
    desk.merchant.charge(10_000, int(NOW.timestamp()) + 2)
    sweep(desk)
    sweep(desk)
    assert ProviderBalance.objects.get().observed_at == NOW
    assert rolled(desk).told is None


def test_a_key_that_may_not_read_the_balance_fetches_payouts_all_the_same(desk: Desk) -> None:
    desk.sandbox.closed_to = frozenset({"/v1/balance"})
    desk.merchant.charge(10_000, days_ago(2))
    sweep(desk)
    assert not ProviderBalance.objects.exists()
    assert rolled(desk).told is None


def test_available_pending_and_reserved_count_together() -> None:
    item = {
        "object": "balance",
        "available": [{"amount": 100, "currency": "eur"}, {"amount": -5, "currency": "usd"}],
        "pending": [{"amount": 30, "currency": "eur"}],
        "connect_reserved": [{"amount": 7, "currency": "eur"}],
        "instant_available": [{"amount": 100, "currency": "eur"}],
    }
    assert held_by_currency(item) == {"EUR": 137, "USD": -5}
    with pytest.raises(UnusableObject):
        held_by_currency({"object": "list"})


def test_the_moment_of_an_answer_is_kept_in_utc(desk: Desk) -> None:
    desk.merchant.charge(10_000, days_ago(2))
    sweep(desk)
    assert ProviderBalance.objects.get().observed_at == datetime(2026, 11, 20, 12, tzinfo=UTC)
