"""Ingesting the statement from a loopback Stripe, with the real SDK."""

from datetime import timedelta
from typing import Any

import pytest

from billing.models import ProviderFetch, SourceChange, StatementLine, StatementLineVersion
from billing.provider_api import KeyRefused, RequestRefused, StripeUnavailable
from billing.sandbox.server import BROKEN, LOST, TIMEOUT, TOO_MANY, UNAUTHORIZED, Request
from billing.statement_queries import current_lines
from billing.statements import routine_start
from billing.stripe_client import list_page, retrieve

from .desk import DAY, NOW, Desk, days_ago


def charges(desk: Desk, number: int, since: float = 3) -> None:
    for place in range(number):
        desk.merchant.charge(1_000 + place, days_ago(since) + place)


def content(desk: Desk) -> dict[str, tuple[Any, ...]]:
    names = ("gross_minor", "fee_minor", "net_minor", "currency", "kind", "content_digest", "number")
    return {row[0]: row[1:] for row in current_lines(desk.organization).values_list("line__external_id", *names)}


def test_lines_of_the_last_days_come_in_with_gross_fee_and_net(desk: Desk) -> None:
    desk.merchant.charge(10_000, days_ago(2))
    desk.merchant.charge(10_000, days_ago(30))
    done = desk.ingest()
    line = current_lines(desk.organization).get()
    assert (line.gross_minor, line.fee_minor, line.net_minor, line.currency) == (10_000, 175, 9_825, "EUR")
    assert (done.fetch.created, done.unattached, done.fetch.status) == (1, 0, "done")


def test_ingesting_again_adds_nothing(desk: Desk) -> None:
    charges(desk, 250)
    desk.ingest()
    before = (StatementLineVersion.objects.count(), SourceChange.objects.count())
    again = desk.ingest()
    assert (again.fetch.created, again.fetch.changed, again.fetch.unchanged) == (0, 0, 250)
    assert (StatementLineVersion.objects.count(), SourceChange.objects.count()) == before


def test_a_line_that_becomes_available_is_no_change(desk: Desk) -> None:
    charges(desk, 1)
    desk.ingest()
    for line in desk.shelf.all("balance_transactions"):
        line["status"] = "available"
    assert desk.ingest().fetch.changed == 0


def test_each_new_line_is_in_the_journal(desk: Desk) -> None:
    charges(desk, 3)
    desk.ingest()
    noted = SourceChange.objects.filter(source="statement_line").values_list("identity_id", flat=True)
    assert set(noted) == set(StatementLine.objects.values_list("pk", flat=True))


def test_rows_that_arrive_while_paging_come_in_too(desk: Desk) -> None:
    charges(desk, 350)

    def arrive(request: Request) -> None:
        desk.merchant.charge(7, days_ago(0) + request.number)

    desk.sandbox.script = arrive
    desk.ingest()
    desk.sandbox.script = lambda _request: None
    assert len(content(desk)) >= 350 + 4
    shown = {line["id"] for line in desk.shelf.all("balance_transactions")}
    assert shown - set(content(desk)) <= {max(shown)}  # the row that came with the very last answer may wait


@pytest.mark.parametrize("fault", [TOO_MANY, BROKEN, LOST, TIMEOUT])
def test_a_page_that_fails_once_is_asked_for_again(desk: Desk, fault: str) -> None:
    charges(desk, 250)
    desk.timeout, desk.sandbox.stall_seconds = 0.3, 0.6
    desk.sandbox.script = lambda request: fault if request.number in {1, 3, 4} else None
    desk.ingest()
    assert len(content(desk)) == 250
    assert len([seconds for seconds in desk.slept if seconds > 0.1]) >= 3


def test_a_limit_that_does_not_end_is_given_up_with_a_word(desk: Desk) -> None:
    desk.sandbox.script = lambda _request: TOO_MANY
    with pytest.raises(StripeUnavailable, match="too many requests") as problem:
        desk.ingest()
    assert (problem.value.code, len(desk.sandbox.requests)) == ("rate_limited", 4)


def test_an_interrupted_ingestion_goes_on_where_it_stopped(desk: Desk) -> None:
    charges(desk, 450)
    desk.sandbox.script = lambda request: BROKEN if request.number > 2 else None
    with pytest.raises(StripeUnavailable):
        desk.ingest()
    stopped = ProviderFetch.objects.get()
    assert (stopped.status, stopped.pages, stopped.rows) == ("failed", 2, 200)
    assert "try later" in stopped.error
    desk.sandbox.script = lambda _request: None
    asked = len(desk.sandbox.requests)
    done = desk.ingest().fetch
    assert (done.pk, done.status, done.error, done.rows) == (stopped.pk, "done", "", 450)
    assert desk.sandbox.requests[asked].query["starting_after"] == stopped.cursor
    assert len(content(desk)) == 450


def test_a_refused_key_is_said_without_the_key(desk: Desk) -> None:
    desk.sandbox.script = lambda _request: UNAUTHORIZED
    with pytest.raises(KeyRefused) as problem:
        desk.ingest()
    assert "rk_test" not in str(problem.value)
    assert "STRIPE_API_KEYS" in str(problem.value)
    assert len(desk.sandbox.requests) == 1


def test_a_position_stripe_no_longer_knows_starts_from_the_top(desk: Desk) -> None:
    charges(desk, 250)
    desk.sandbox.script = lambda request: BROKEN if request.number > 1 else None
    with pytest.raises(StripeUnavailable):
        desk.ingest()
    ProviderFetch.objects.update(cursor="txn_gone", newest="txn_gone")
    desk.sandbox.script = lambda _request: None
    desk.ingest()
    assert len(content(desk)) == 250


def test_other_refusals_are_told_with_stripe_s_words(desk: Desk) -> None:
    with pytest.raises(RequestRefused, match="must be between"):
        list_page(desk.api, "balance_transactions", {"limit": 1_000})
    with pytest.raises(RequestRefused) as missing:
        retrieve(desk.api, "charges", "ch_nowhere")
    assert (missing.value.code, len(desk.sandbox.requests)) == ("resource_missing", 2)


def test_a_range_takes_the_days_asked_for_only(desk: Desk) -> None:
    for age in (20, 15, 10):
        desk.merchant.charge(100 + age, days_ago(age))
    desk.ingest(start=NOW - timedelta(days=16), end=NOW - timedelta(days=12))
    assert [row[0] for row in content(desk).values()] == [115]


def test_after_a_long_pause_the_sweep_reaches_back_to_the_last_one(desk: Desk) -> None:
    desk.ingest()
    desk.pass_time(20 * DAY)
    assert routine_start(desk.organization, desk.moment, 7) == NOW - timedelta(days=1)
    desk.merchant.charge(500, days_ago(-1))
    assert desk.ingest().fetch.created == 1


def test_a_line_that_cannot_be_read_is_counted_and_named(desk: Desk) -> None:
    charges(desk, 2)
    broken = desk.shelf.all("balance_transactions")[0]
    broken["net"] = 1
    fetch = desk.ingest().fetch
    assert (fetch.created, fetch.refused) == (1, 1)
    assert broken["id"] in fetch.problems[0]


def test_an_unknown_category_is_kept_and_counted(desk: Desk) -> None:
    desk.merchant.line(None, -40, 0, days_ago(1), words=("moon_fee", "moonlight"))
    desk.ingest()
    line = current_lines(desk.organization).get()
    assert (line.kind, line.category, line.type) == ("unknown", "moonlight", "moon_fee")
    assert line.source_reference == ""


def test_a_fee_correction_becomes_a_new_version_of_the_same_line(desk: Desk) -> None:
    charges(desk, 1)
    desk.ingest()
    line = desk.shelf.all("balance_transactions")[0]
    line |= {"fee": line["fee"] + 1, "net": line["net"] - 1}
    assert desk.ingest().fetch.changed == 1
    assert StatementLine.objects.get().current_number == 2
    assert [row[2] for row in content(desk).values()] == [line["net"]]
