"""A faulty ingestion is taken back by compensating versions; what is read again counts again."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest

from billing.imports.statement_files import import_statements
from billing.models import ProviderFetch, StatementLineVersion
from billing.statement_queries import current_lines, statement_totals
from billing.statements import routine_start
from billing.withdrawals import WithdrawalRefused, withdraw_ingestion

from .desk import NOW, Desk, days_ago


def import_lines(desk: Desk, *lines: dict[str, Any]) -> ProviderFetch:
    done = import_statements(
        organization=desk.organization, file=io.BytesIO(json.dumps(lines).encode()), filename="wrong.json", by="test",
        now=desk.moment,
    )  # fmt: skip
    assert done.fetch_id is not None
    return ProviderFetch.objects.get(pk=done.fetch_id)


def total(desk: Desk) -> list[int]:
    rows = statement_totals(organization=desk.organization, start=NOW - timedelta(days=400), end=NOW, by=["currency"])
    return [row["gross"] for row in rows]


def withdraw(desk: Desk, fetch: ProviderFetch) -> tuple[int, int]:
    done = withdraw_ingestion(fetch=fetch, by="mia", reason="wrong file", now=desk.moment)
    return done.lines, done.restored


def test_lines_of_a_withdrawn_ingestion_no_longer_count_and_are_kept(desk: Desk) -> None:
    desk.merchant.charge(100, days_ago(1))
    desk.ingest()
    stranger = desk.shelf.all("balance_transactions")[0] | {"id": "txn_stranger", "source": None}
    fetch = import_lines(desk, stranger)
    assert total(desk) == [200]
    assert withdraw(desk, fetch) == (1, 0)
    assert total(desk) == [100]
    versions = StatementLineVersion.objects.filter(line__external_id="txn_stranger").order_by("number")
    assert [(row.excluded_reason, row.reason, row.recorded_by) for row in versions] == [
        ("", "", "test"),
        ("withdrawn", "wrong file", "mia"),
    ]


def test_a_line_goes_back_to_what_a_sound_ingestion_said(desk: Desk) -> None:
    desk.merchant.charge(100, days_ago(1))
    desk.ingest()
    before = current_lines(desk.organization).get()
    line = desk.shelf.all("balance_transactions")[0]
    fetch = import_lines(desk, line | {"amount": 9_100, "net": 9_100 - line["fee"]})
    assert total(desk) == [9_100]
    assert withdraw(desk, fetch) == (0, 1)
    after = current_lines(desk.organization).get()
    assert (after.gross_minor, after.content_digest, after.number) == (100, before.content_digest, 3)


def test_the_next_sweep_reads_withdrawn_lines_again(desk: Desk) -> None:
    desk.merchant.charge(100, days_ago(20))
    fetch = desk.ingest(start=NOW - timedelta(days=30)).fetch
    desk.ingest()
    desk.pass_time(60)
    withdraw(desk, fetch)
    assert total(desk) == []
    assert routine_start(desk.organization, desk.moment, 7) == NOW - timedelta(days=20)
    desk.pass_time(60)
    assert desk.ingest().fetch.changed == 1
    assert total(desk) == [100]


def test_an_ingestion_is_withdrawn_once_and_with_a_reason(desk: Desk) -> None:
    desk.merchant.charge(100, days_ago(1))
    fetch = desk.ingest().fetch
    with pytest.raises(WithdrawalRefused, match="why"):
        withdraw_ingestion(fetch=fetch, by="mia", reason="", now=NOW)
    withdraw(desk, fetch)
    with pytest.raises(WithdrawalRefused, match="already"):
        withdraw(desk, fetch)


def test_a_running_ingestion_is_left_alone_until_it_shows_no_life(desk: Desk) -> None:
    values: dict[str, Any] = {"organization": desk.organization, "kind": "statements", "started_at": NOW}
    lively = ProviderFetch.objects.create(**values, updated_at=NOW)
    with pytest.raises(WithdrawalRefused, match="still running"):
        withdraw(desk, lively)
    crashed = ProviderFetch.objects.create(**values, updated_at=NOW - timedelta(hours=2))
    assert withdraw(desk, crashed) == (0, 0)


def test_fetches_that_brought_no_lines_cannot_be_withdrawn(desk: Desk) -> None:
    fetch = ProviderFetch.objects.create(
        organization=desk.organization, kind="disputes", started_at=NOW, updated_at=NOW, status="done"
    )
    with pytest.raises(WithdrawalRefused, match="no statement lines"):
        withdraw(desk, fetch)
