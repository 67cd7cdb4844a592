"""The commands that fetch, list, attach and withdraw, as a person and as a program use them."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing.counters import counters
from billing.management.fetching import period
from billing.management.refusals import Refused
from billing.models import Organization
from billing.provider_api import KeyRefused
from billing.sandbox.banking import invoice, pay_out
from billing.stripe_access import open_access

from .desk import KEY, Desk, days_ago, organization


@pytest.fixture(autouse=True)
def keys(request: pytest.FixtureRequest, settings: Any) -> None:
    """The sandbox stands where Stripe would."""
    name = next((name for name in ("desk", "shared") if name in request.fixturenames), "")
    settings.STATEMENT_DAYS = 365
    if name:
        desk: Desk = request.getfixturevalue(name)
        settings.STRIPE_API_KEYS = {desk.organization.slug: KEY}
        settings.STRIPE_API_BASE = desk.sandbox.address


def told(command: str, *arguments: str, slug: str = "acme") -> Any:
    out = io.StringIO()
    call_command(command, *arguments, "--organization", slug, "--json", stdout=out, stderr=io.StringIO())
    return json.loads(out.getvalue())


def shown(command: str, *arguments: str, slug: str = "acme") -> str:
    out = io.StringIO()
    call_command(command, *arguments, "--organization", slug, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def refusal(command: str, *arguments: str, slug: str = "acme") -> str:
    with pytest.raises(CommandError) as caught:
        call_command(command, *arguments, "--organization", slug, stdout=io.StringIO(), stderr=io.StringIO())
    assert caught.value.returncode == 2
    return str(caught.value)


def test_ingesting_tells_what_came(desk: Desk) -> None:
    desk.merchant.charge(1_000, days_ago(2))
    desk.merchant.line(None, -3, 0, days_ago(1), words=("moon_fee", "moonlight"))
    first = told("ingest_statements")
    assert {name: first[name] for name in ("status", "created", "unattached", "unclassified", "unusable")} == {
        "status": "ok", "created": 2, "unattached": 0, "unclassified": 1, "unusable": 0,
    }  # fmt: skip
    assert told("ingest_statements")["created"] == 0
    assert "unchanged" in shown("ingest_statements", "--from", "2026-11-01", "--to", "2026-12-01")


def test_totals_are_a_list_of_groups_in_minor_units(desk: Desk) -> None:
    charge = desk.merchant.charge(1_000, days_ago(2))
    desk.merchant.refund(charge, 300, days_ago(1))
    desk.merchant.charge(500, days_ago(1), currency="jpy")
    told("ingest_statements")
    days = ("--from", "2026-11-01", "--to", "2026-12-01")
    assert told("statement_totals", *days) == [
        {
            "day": "2026-11-18",
            "currency": "EUR",
            "category": "charge",
            "count": 1,
            "gross": 1_000,
            "fee": 40,
            "net": 960,
        },
        {
            "day": "2026-11-19",
            "currency": "EUR",
            "category": "refund",
            "count": 1,
            "gross": -300,
            "fee": 0,
            "net": -300,
        },
        {"day": "2026-11-19", "currency": "JPY", "category": "charge", "count": 1, "gross": 500, "fee": 32, "net": 468},
    ]
    both = told("statement_totals", *days, "--by", "currency")
    assert [(row["currency"], row["count"], row["gross"]) for row in both] == [("EUR", 2, 700), ("JPY", 1, 500)]
    assert "9.60" in shown("statement_totals", *days)
    assert [row["count"] for row in told("statement_totals", "--from", "2026-11-19", "--to", "2026-11-20")] == [1, 1]


def test_days_are_those_of_the_organization_s_time_zone(desk: Desk) -> None:
    Organization.objects.update(timezone="Pacific/Kiritimati")
    desk.merchant.charge(1_000, days_ago(1))  # 12:00 UTC, the next day at 02:00 there
    told("ingest_statements")
    days = ("--from", "2026-11-20", "--to", "2026-11-21")
    assert [row["day"] for row in told("statement_totals", *days)] == ["2026-11-20"]


def test_currencies_are_never_added_together(desk: Desk) -> None:
    desk.merchant.charge(1_000, days_ago(2))
    desk.merchant.charge(500, days_ago(2), currency="jpy")
    told("ingest_statements")
    rows = told("statement_totals", "--from", "2026-11-01", "--to", "2026-12-01", "--by", "day")
    assert [row["currency"] for row in rows] == ["EUR", "JPY"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--from", "soon", "--to", "2026-12-01"), "soon"),
        (("--from", "2026-12-01", "--to", "2026-12-01"), "--to"),
        (("--from", "2026-11-01", "--to", "2026-12-01", "--by", "moon"), "--by"),
        (("--from", "2026-11-01", "--to", "2026-12-01", "--by", "day,day"), "--by"),
    ],
)
def test_arguments_that_make_no_sense_are_one_line(desk: Desk, arguments: tuple[str, ...], word: str) -> None:
    assert word in refusal("statement_totals", *arguments)


def test_disputes_payouts_and_invoices_tell_what_came(desk: Desk) -> None:
    charge = desk.merchant.charge(1_000, days_ago(4))
    invoice(desk.merchant, 1_000, days_ago(5), paid_by=[(charge, 1_000)])
    pay_out(desk.merchant, days_ago(3))
    desk.merchant.dispute(charge, days_ago(1))
    assert told("sync_disputes")["created"] == 1
    payouts = told("sync_payouts", "--from", "2026-11-01", "--to", "2026-12-01")
    assert (payouts["created"], payouts["itemised"], payouts["lines"]) == (1, 1, 2)
    invoices = told("sync_invoices", "--from", "2026-11-01", "--to", "2026-12-01")
    assert (invoices["invoices"]["created"], invoices["payments"]["created"]) == (1, 1)
    told("ingest_statements")
    figures = {one.name: one.value for one in counters() if one.organization == "acme"}
    assert (figures["statements_ingested"], figures["disputes_logged"], figures["payouts_logged"]) == (3, 1, 1)


def test_missing_payments_are_told_by_id(desk: Desk) -> None:
    desk.merchant.charge(1_000, days_ago(4))
    event = desk.shelf.all("events")[0]
    days = ("--from", "2026-11-01", "--to", "2026-12-01")
    done = told("sync_missing", *days)
    assert event["id"] in done["synced"]
    assert told("sync_missing", *days)["synced"] == []


def test_unattached_lines_are_listed_and_attached(shared: Desk) -> None:
    organization("acme", stripe_account="")
    shared.merchant.charge(1_000, days_ago(4), metadata={"workspace_id": "moon"})
    told("ingest_statements", slug="platform")
    listed = told("attach_statements", slug="platform")
    assert (listed["unattached"], listed["lines"][0]["workspace"]) == (1, "moon")
    assert "moon" in shown("attach_statements", slug="platform")
    name = listed["lines"][0]["id"]
    assert "--tenant" in refusal("attach_statements", name, slug="platform")
    assert "why" in refusal("attach_statements", name, "--tenant", "acme", slug="platform")
    done = told("attach_statements", name, "--tenant", "acme", "--reason", "their terminal", slug="platform")
    assert done["attached"] == [name]
    assert told("attach_statements", slug="platform")["unattached"] == 0


def test_an_ingestion_is_withdrawn_by_its_number(desk: Desk) -> None:
    desk.merchant.charge(1_000, days_ago(4))
    number = str(told("ingest_statements")["fetch"])
    assert told("withdraw_ingestion", number, "--reason", "wrong key") == {
        "ingestion": int(number), "excluded": 1, "put_back": 0,
    }  # fmt: skip
    assert "already" in refusal("withdraw_ingestion", number, "--reason", "again")
    assert "999" in refusal("withdraw_ingestion", "999", "--reason", "x")


def test_a_statement_file_is_imported_and_refused(desk: Desk, tmp_path: Path) -> None:
    desk.merchant.charge(1_000, days_ago(4))
    path = tmp_path / "bt.json"
    path.write_text(json.dumps(desk.shelf.all("balance_transactions")))
    done = told("import_statements", str(path))
    assert (done["status"], done["created"], done["unattached"]) == ("ok", 1, 0)
    assert "unchanged" in shown("import_statements", str(path))
    path.write_text('[{"object": "charge"}]')
    assert "Nothing was imported" in refusal("import_statements", str(path))


def test_without_a_key_the_command_says_which_to_set(desk: Desk, settings: Any) -> None:
    settings.STRIPE_API_KEYS = {}
    assert "STRIPE_API_KEYS=acme:" in refusal("ingest_statements")


def test_keys_of_another_mode_or_account_are_refused(desk: Desk, settings: Any) -> None:
    Organization.objects.update(livemode=True)
    assert "live mode" in refusal("ingest_statements")
    Organization.objects.update(livemode=False, stripe_account="acct_1other")
    assert "acct_1other" in refusal("ingest_statements")
    with pytest.raises(KeyRefused):
        open_access(organization=desk.organization, keys={"acme": "nonsense"}, base=desk.sandbox.address)


def test_a_restricted_key_need_not_name_its_account(desk: Desk) -> None:
    desk.sandbox.closed_to = frozenset({"/v1/account"})
    access = open_access(organization=desk.organization, keys={"acme": KEY}, base=desk.sandbox.address)
    assert access.account == "acct_1acme"
    desk.sandbox.closed_to = frozenset({"/v1/disputes"})
    assert "read permission" in refusal("sync_disputes")


def test_open_ends_of_a_period_stay_open(desk: Desk) -> None:
    start, end = period(desk.organization, {"start": None, "end": "2026-11-01"})
    assert (start, end.isoformat() if end else "") == (None, "2026-11-01T00:00:00+00:00")
    with pytest.raises(Refused):
        period(desk.organization, {"start": "2026-13-01", "end": None})
