"""The hourly sweep: every source, then every comparison; each step stored, one failing step keeps none from running."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from billing.models import Organization, PayoutVersion, ProviderEvent, ProviderFetch, ProviderRecord, StatementLine
from billing.provider_api import KeyRefused
from billing.sandbox.banking import invoice, pay_out
from billing.sandbox.server import BROKEN, Request
from billing.stripe_access import Access
from reconciliation import runs
from reconciliation.models import ReconciliationRun, SyncJob
from reconciliation.runs import leases
from reconciliation.sweeping import Settings, TimeUp
from reconciliation.sweeping.periods import months
from tests.billing.stripe.desk import NOW, Desk, days_ago, desk_of, organization
from tests.reconciliation.sweeping.sweeps import HOUR, asked, step, stock, swept, told, without_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(db: None) -> Iterator[Desk]:
    with desk_of(organization()) as found:
        stock(found)
        yield found


def test_a_sweep_brings_in_every_source_and_reconciles(desk: Desk) -> None:
    charge = desk.merchant.charge(2_500, days_ago(2))
    invoice(desk.merchant, 2_500, days_ago(2), paid_by=[(charge, 2_500)])
    pay_out(desk.merchant, days_ago(1))
    job = swept(desk)
    assert (job.status, job.error) == ("done", "")
    assert StatementLine.objects.count() == len(desk.shelf.all("balance_transactions"))
    assert ProviderRecord.objects.filter(kind="dispute").count() == 1
    assert PayoutVersion.objects.count() == 1
    assert step(job, "invoices")["figures"]["created"] == 2
    assert ProviderEvent.objects.filter(source=ProviderEvent.Source.EVENT_SYNC).exists()
    run = ReconciliationRun.objects.get(pk=step(job, "reconcile payments 2026-11")["figures"]["run"])
    assert (run.status, run.requested_via) == ("break", "sweep")
    assert (run.period_start, run.period_end) == (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))


def test_a_second_sweep_brings_nothing_new_and_reads_only_recent_events(desk: Desk) -> None:
    swept(desk)
    desk.pass_time(3_600)
    before = len(desk.sandbox.requests)
    job = swept(desk)
    assert job.status == "done"
    for name in ("events", "invoices", "statements", "disputes", "payouts"):
        assert (step(job, name)["figures"]["created"], step(job, name)["figures"]["changed"]) == (0, 0), name
    listed = next(one for one in desk.sandbox.requests[before:] if one.path == "/v1/events")
    assert int(listed.query["created"]["gte"]) == int((NOW - timedelta(days=1)).timestamp())


def test_what_was_fetched_names_who_wanted_it(desk: Desk) -> None:
    swept(desk)
    assert set(ProviderFetch.objects.values_list("started_by", flat=True)) == {"test"}


def test_an_organization_without_a_key_is_only_reconciled(desk: Desk) -> None:
    desk.ingest()
    before = len(desk.sandbox.requests)
    job = swept(desk, told=Settings(opener=without_key, days=7, months=1))
    assert job.status == "done"
    assert len(desk.sandbox.requests) == before
    assert {one["name"].split(" ")[0] for one in job.steps} == {"reconcile"}


def test_a_period_that_holds_nothing_gets_no_run(desk: Desk) -> None:
    job = swept(desk)
    assert step(job, "reconcile payments 2026-10")["figures"] == {"nothing": True}
    assert not ReconciliationRun.objects.filter(period_start__lt=datetime(2026, 11, 1, tzinfo=UTC)).exists()


def test_a_step_that_fails_is_told_and_the_others_are_done(desk: Desk) -> None:
    desk.sandbox.closed_to = frozenset({"/v1/disputes"})
    job = swept(desk)
    assert job.status == "failed"
    assert "read permission" in step(job, "disputes")["error"]
    assert job.error == step(job, "disputes")["error"]
    assert step(job, "payouts")["status"] == "ok"
    assert step(job, "reconcile payments 2026-11")["status"] == "ok"


def test_an_error_nobody_foresaw_is_told_and_logged(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_options: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("reconciliation.sweeping.steps.sync_payouts", broken)
    job = swept(desk)
    assert step(job, "payouts")["error"] == "ZeroDivisionError: by zero"
    assert "a step of a source job failed" in caplog.text
    assert step(job, "reconcile payments 2026-11")["status"] == "ok"


def test_a_provider_that_cannot_be_reached_keeps_nobody_from_reconciling(desk: Desk) -> None:
    desk.ingest()
    desk.sandbox.script = lambda _request: BROKEN
    job = swept(desk, told=told(desk))
    assert job.status == "failed"
    assert step(job, "statements")["status"] == "failed"
    assert step(job, "reconcile payments 2026-11")["status"] == "ok"


def test_a_key_of_the_wrong_mode_is_told_once(desk: Desk) -> None:
    def refuse(_organization: Organization) -> Access:
        raise KeyRefused("The API key is a live one.", "livemode_mismatch")

    job = swept(desk, told=Settings(opener=refuse, days=7, months=1))
    assert [(one["name"], one["error"]) for one in job.steps if one["status"] == "failed"] == [
        ("connect", "The API key is a live one.")
    ]


def test_a_run_left_behind_is_taken_up_and_closed(desk: Desk) -> None:
    start, end = months(organization=desk.organization, now=NOW, count=1)[0]
    left = runs.open_run(
        organization=desk.organization,
        comparison="payments",
        start=start,
        end=end,
        by=None,
        via="admin",
        now=NOW - HOUR,
    )
    leases.acquire(run=left, now=NOW - HOUR)  # its worker died an hour ago
    job = swept(desk)
    assert step(job, "reconcile payments 2026-11")["figures"]["run"] == left.pk
    left.refresh_from_db()
    assert left.status == "break"


def test_a_run_that_somebody_else_is_writing_is_left_to_them(desk: Desk) -> None:
    start, end = months(organization=desk.organization, now=NOW, count=1)[0]
    other = runs.open_run(
        organization=desk.organization, comparison="payments", start=start, end=end, by=None, via="admin", now=NOW
    )
    fence = leases.acquire(run=other, now=NOW)
    job = swept(desk)
    assert job.status == "done"
    assert step(job, "reconcile payments 2026-11")["status"] == "put_off"
    leases.release(run=other, fence=fence)


def test_a_sweep_that_takes_long_goes_back_to_the_queue_and_goes_on(desk: Desk) -> None:
    job = asked(desk)
    with pytest.raises(TimeUp):
        swept(desk, job, stay_seconds=0.0)
    job.refresh_from_db()
    assert (job.status, job.expires_at, job.deaths) == ("queued", None, 0)
    turns = 1
    while job.status == "queued":
        try:
            job = swept(desk, job, stay_seconds=0.0 if turns < 4 else None)
        except TimeUp:
            turns += 1
            job.refresh_from_db()
    assert job.status == "done"
    assert turns > 2
    assert len({one["name"] for one in job.steps}) == len(job.steps)
    assert StatementLine.objects.count() == len(desk.shelf.all("balance_transactions"))


def test_lines_that_were_withdrawn_come_back_with_the_next_sweep(desk: Desk) -> None:
    swept(desk)
    fetch = ProviderFetch.objects.get(kind="statements")
    job = asked(desk, "withdrawal", subject=str(fetch.pk), parameters={"fetch": fetch.pk}, reason="Wrong account")
    desk.pass_time(60)
    done = swept(desk, job)
    assert step(done, "withdraw")["figures"]["excluded"] == fetch.created
    desk.pass_time(3_600)
    again = swept(desk)
    assert step(again, "statements")["figures"]["changed"] == fetch.created


def test_a_refused_withdrawal_says_why(desk: Desk) -> None:
    swept(desk)
    fetch = ProviderFetch.objects.get(kind="disputes")
    job = asked(desk, "withdrawal", subject=str(fetch.pk), parameters={"fetch": fetch.pk}, reason="Wrong account")
    assert "nothing to withdraw" in swept(desk, job).error


@pytest.mark.parametrize(
    ("zone", "moment", "starts"),
    [
        ("UTC", "2026-11-20T12:00", ["2026-11-01T00:00:00+00:00", "2026-10-01T00:00:00+00:00"]),
        ("Europe/Paris", "2026-10-31T23:30", ["2026-11-01T00:00:00+01:00", "2026-10-01T00:00:00+02:00"]),
        ("America/New_York", "2026-01-01T04:00", ["2025-12-01T00:00:00-05:00", "2025-11-01T00:00:00-04:00"]),
    ],
)
def test_months_are_those_of_the_organizations_zone(zone: str, moment: str, starts: list[str]) -> None:
    found = months(
        organization=organization("there", timezone=zone),
        now=datetime.fromisoformat(moment).replace(tzinfo=UTC),
        count=2,
    )
    assert [start.isoformat() for start, _end in found] == starts
    assert found[1][1] == found[0][0]


def test_requests_that_fail_meanwhile_are_tried_again(desk: Desk) -> None:
    def every_third(request: Request) -> str | None:
        return BROKEN if request.number % 3 == 0 else None

    desk.sandbox.script = every_third
    assert swept(desk).status == "done"
    assert SyncJob.objects.get().deaths == 0
