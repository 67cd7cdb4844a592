"""Bringing in missing payments on request: each id's outcome is kept, exactly once, whatever happens meanwhile."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from billing.models import ProviderEvent, ProviderFetch
from reconciliation.models import ReconciliationActionLog, SyncResult
from reconciliation.sweeping import Settings, open_job
from reconciliation.sweeping.jobs import LEASE
from tests.billing.stripe.desk import NOW, Desk, days_ago, desk_of, organization
from tests.people import person
from tests.reconciliation.sweeping.sweeps import asked, step, swept, without_key
from tests.reconciliation.sweeping.test_trouble import Killed, kill_at

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(db: None) -> Iterator[Desk]:
    with desk_of(organization()) as found:
        for place in range(250):
            found.merchant.charge(1_000 + place, days_ago(5) + place)
        yield found


def outcomes() -> dict[str, int]:
    return {name: SyncResult.objects.filter(outcome=name).count() for name in ("synced", "already", "failed")}


def test_each_id_is_told_with_what_became_of_it(desk: Desk) -> None:
    desk.shelf.all("events")[3]["livemode"] = True
    job = swept(desk, asked(desk, "missing"))
    assert job.status == "done"
    assert outcomes() == {"synced": 249, "already": 0, "failed": 1}
    assert SyncResult.objects.get(outcome="failed").why
    assert step(job, "missing")["figures"]["synced"] == 249


def test_what_is_here_already_is_told_as_such(desk: Desk) -> None:
    swept(desk, asked(desk, "missing"))
    again = swept(desk, asked(desk, "missing"))
    told = step(again, "missing")["figures"]
    assert [told[name] for name in ("synced", "already", "failed")] == [0, 250, 0]
    assert again.results.filter(outcome="already").count() == 250


def test_a_killed_fetch_goes_on_and_tells_each_id_once(desk: Desk) -> None:
    job = asked(desk, "missing")
    with pytest.MonkeyPatch.context() as patch:
        kill_at(3, patch)
        with pytest.raises(Killed):
            swept(desk, job)
    assert 0 < SyncResult.objects.count() < 250
    desk.pass_time(int(LEASE.total_seconds()) + 1)
    assert swept(desk, job).status == "done"
    assert outcomes() == {"synced": 250, "already": 0, "failed": 0}


def test_a_range_of_days_older_than_events_is_filled_from_balance_transactions(desk: Desk) -> None:
    old = desk.merchant.charge(7_000, days_ago(50))
    days = {"from": (NOW - timedelta(days=60)).isoformat(), "to": (NOW - timedelta(days=40)).isoformat()}
    job = swept(desk, asked(desk, "missing", subject="60-40", parameters=days))
    assert [row.external_id for row in SyncResult.objects.filter(outcome="synced")] == [old["id"]]
    assert step(job, "missing")["figures"]["gap"] == list(days.values())


def test_what_was_brought_in_is_marked_as_synced_and_by_whom(desk: Desk) -> None:
    mia = person("Manager", desk.organization, name="mia")
    job = open_job(
        organization=desk.organization, kind="missing", by=mia, via="admin", now=desk.clock(), request_id="req-1"
    )
    swept(desk, job)
    fetch = ProviderFetch.objects.get()
    assert fetch.started_by == "mia"
    assert set(ProviderEvent.objects.values_list("source", "fetch_id")) == {(ProviderEvent.Source.EVENT_SYNC, fetch.pk)}
    entry = ReconciliationActionLog.objects.get()
    assert (entry.action, entry.actor, entry.request_id) == ("source_job_requested", "user:mia", "req-1")


def test_asking_twice_gives_the_same_unfinished_job(desk: Desk) -> None:
    assert asked(desk, "missing").pk == asked(desk, "missing").pk
    assert asked(desk, "missing", subject="other days").pk != asked(desk, "missing").pk


def test_without_a_key_it_says_what_to_set(desk: Desk) -> None:
    job = swept(desk, asked(desk, "missing"), told=Settings(opener=without_key, days=7, months=1))
    assert (job.status, job.error) == ("failed", "There is no API key for acme.")
