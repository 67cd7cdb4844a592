"""What webhooks never delivered comes back: from the event list, and beyond it from balance transactions."""

import random
from datetime import timedelta

import pytest

from billing.events import record_event
from billing.missing import Missing, sync_missing
from billing.models import ProviderEvent, ProviderRecord, ProviderRecordVersion

from .desk import NOW, T0, Desk, days_ago


def sync(desk: Desk, **options: object) -> Missing:
    return sync_missing(organization=desk.organization, access=desk.access, by="mia", clock=desk.clock, **options)  # type: ignore[arg-type]


def deliver(desk: Desk, dropped: set[str]) -> None:
    """Every event the webhook should have brought, but for those that were dropped."""
    for event in reversed(desk.shelf.all("events")):
        if event["id"] not in dropped:
            shown = desk.shelf.rendered(event, [])
            record_event(organization=desk.organization, event=shown, source="webhook", now=NOW)


def charges(desk: Desk, number: int) -> list[str]:
    for place in range(number):
        desk.merchant.charge(100 + place, days_ago(20) + place * 60)
    return [event["id"] for event in desk.shelf.all("events")]


def back_fill(desk: Desk, number: int, lost: int) -> None:
    """Drop `lost` of `number` events; the sync brings exactly those."""
    ids = charges(desk, number)
    dropped = set(random.Random(7).sample(ids, lost))
    deliver(desk, dropped)
    assert ProviderRecord.objects.count() == number - lost
    done = sync(desk)
    assert set(done.synced) == dropped
    assert (len(done.already), done.failed) == (number - lost, [])
    stored = ProviderEvent.objects.filter(organization=desk.organization)
    assert set(stored.values_list("event_id", flat=True)) == set(ids)
    assert ProviderRecord.objects.count() == number
    assert set(stored.filter(source="event_sync").values_list("event_id", flat=True)) == dropped
    assert set(stored.filter(source="event_sync").values_list("fetch__started_by", flat=True)) == {"mia"}
    again = sync(desk)
    assert (again.synced, len(again.already)) == ([], number)


def test_dropped_webhooks_come_back_from_the_event_list(desk: Desk) -> None:
    back_fill(desk, 400, 20)


@pytest.mark.trust
def test_five_hundred_of_ten_thousand_dropped_webhooks_come_back(desk: Desk) -> None:
    back_fill(desk, 10_000, 500)


def test_a_gap_that_events_no_longer_cover_is_told_and_filled_from_the_statement(desk: Desk) -> None:
    first = desk.merchant.charge(100, days_ago(60))
    deliver(desk, set())
    lost = [desk.merchant.charge(200, days_ago(45)), desk.merchant.charge(300, days_ago(45), sepa=True)]
    back = desk.merchant.refund(lost[0], 50, days_ago(40))
    recent = desk.merchant.charge(400, days_ago(10))
    done = sync(desk)
    assert done.gap == (NOW - timedelta(days=60), NOW - timedelta(days=30))
    known = set(ProviderRecord.objects.values_list("external_id", flat=True))
    assert known == {first["id"], recent["id"], back["id"], *(charge["id"] for charge in lost)}
    assert {lost[0]["id"], lost[1]["id"], back["id"]} <= set(done.synced)
    version = ProviderRecordVersion.objects.get(record__external_id=lost[0]["id"])
    assert (version.fee_minor, version.amount_minor) == (28, 200)
    assert version.event is not None
    assert (version.event.source, version.event.fetch is not None) == ("object_sync", True)


def test_a_gap_is_filled_once(desk: Desk) -> None:
    desk.merchant.charge(200, days_ago(45))
    desk.merchant.charge(300, days_ago(45))
    since = {"start": NOW - timedelta(days=50)}
    assert len(sync(desk, **since).synced) == 2
    again = sync(desk, **since)
    assert (again.synced, len(again.already)) == ([], 2)


def test_an_event_that_is_refused_is_told_and_does_not_keep_the_others_out(desk: Desk) -> None:
    ids = charges(desk, 5)
    desk.shelf.by_id[ids[2]]["livemode"] = True
    done = sync(desk)
    assert [external_id for external_id, _why in done.failed] == [ids[2]]
    assert "live" in done.failed[0][1]
    assert len(done.synced) == 4
    assert done.fetches[0].problems


def test_events_of_unknown_types_are_kept(desk: Desk) -> None:
    desk.merchant.event("moon.landed", {"id": "moon_1", "object": "moon"}, T0 - 60)
    assert len(sync(desk).synced) == 1
    assert ProviderEvent.objects.get().type == "moon.landed"
