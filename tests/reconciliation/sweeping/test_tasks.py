"""The sweep in the worker: planned once, a job for each organization, worked once however often delivered."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone
from django_q.models import OrmQ, Schedule
from pytest_django import Settings as DjangoSettings

from reconciliation import queue_watch, sweep_tasks
from reconciliation.doctor import examine
from reconciliation.models import SyncJob
from reconciliation.queue_watch import LOOKS, PATIENCE, QueueWatch
from reconciliation.sweep_tasks import declare_schedule, request_job, sweep_every_organization, work_source_job
from reconciliation.sweeping import TimeUp
from tests.billing.stripe.desk import KEY, desk_of, organization
from tests.reconciliation.sweeping.sweeps import stock


def watch_at(clock: Callable[[], datetime]) -> QueueWatch:
    """A watch that leaves the test's connection open."""
    return QueueWatch(clock=clock, done=lambda: None)


@pytest.mark.django_db
def test_the_hourly_sweep_is_planned_once() -> None:
    now = timezone.now()
    assert declare_schedule(now=now)
    assert not declare_schedule(now=now)
    Schedule.objects.create(name="surplus", func=sweep_tasks.SWEEP_EVERY)
    call_command("declare_schedules")
    one = Schedule.objects.get(func=sweep_tasks.SWEEP_EVERY)
    assert (one.schedule_type, one.repeats) == (Schedule.HOURLY, -1)
    assert one.next_run <= now + timedelta(minutes=2)


@pytest.mark.usefixtures("ledger_transactions")
def test_planning_it_at_once_from_several_places_plans_it_once_in_the_end(together: Callable[..., list[Any]]) -> None:
    together(lambda _number: declare_schedule(now=timezone.now()), [1, 2, 3])
    declare_schedule(now=timezone.now())
    assert Schedule.objects.count() == 1


@pytest.mark.django_db
def test_each_organization_gets_a_job_of_its_own_and_an_unfinished_one_is_reused() -> None:
    for slug in ("one", "two", "three"):
        organization(slug)
    assert sweep_every_organization() == "3 organizations"
    assert sweep_every_organization() == "3 organizations"
    assert SyncJob.objects.count() == 3
    assert OrmQ.objects.count() == 6  # a second place, in case the first was lost


@pytest.mark.django_db
def test_one_organization_that_fails_does_not_stop_the_others(settings: DjangoSettings) -> None:
    with desk_of(organization()) as desk:
        stock(desk)
        organization("broken", stripe_account="acct_1elsewhere")
        settings.STRIPE_API_KEYS = {"acme": KEY, "broken": KEY}
        settings.STRIPE_API_BASE = desk.sandbox.address
        sweep_every_organization()
        found = {job.organization.slug: work_source_job(job.pk) for job in SyncJob.objects.order_by("-pk")}
    assert found == {"broken": "failed", "acme": "done"}
    assert "belongs to the account" in SyncJob.objects.get(organization__slug="broken").error
    told = [problem.message for problem in examine()["sweeps"]]
    assert any("broken" in message and "belongs to the account" in message for message in told)
    assert not any("sweep of acme" in message for message in told)


@pytest.mark.django_db
def test_a_job_delivered_again_changes_nothing() -> None:
    job = request_job(organization=organization(), kind="sweep", by=None, via="test", now=timezone.now())
    assert work_source_job(job.pk) == "done"
    before = SyncJob.objects.filter(pk=job.pk).values().get()
    assert work_source_job(job.pk) == "done"
    assert SyncJob.objects.filter(pk=job.pk).values().get() == before
    assert work_source_job(987_654) == "gone"


@pytest.mark.django_db
def test_a_job_that_takes_long_gets_another_place_in_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    job = request_job(organization=organization(), kind="sweep", by=None, via="test", now=timezone.now())

    def long(**_options: Any) -> None:
        raise TimeUp(str(job))

    monkeypatch.setattr(sweep_tasks, "work_job", long)
    places = OrmQ.objects.count()
    assert work_source_job(job.pk) == "goes on"
    assert OrmQ.objects.count() == places + 1


@pytest.mark.django_db
def test_a_hanging_worker_is_found_by_the_age_of_the_queue() -> None:
    now = timezone.now()
    OrmQ.objects.create(key="tieout", payload="x", lock=now)
    hangs = watch_at(lambda: now + PATIENCE * 2)
    assert [hangs() for _look in range(LOOKS)] == [False] * (LOOKS - 1) + [True]
    young = watch_at(lambda: now + PATIENCE / 2)
    assert not any(young() for _look in range(LOOKS))


@pytest.mark.django_db
def test_a_worker_busy_with_a_long_job_does_not_hang() -> None:
    now = timezone.now()
    OrmQ.objects.create(key="tieout", payload="x", lock=now - PATIENCE * 2)
    taken = OrmQ.objects.create(key="tieout", payload="y", lock=now + timedelta(seconds=1260 - 300))
    watch = watch_at(lambda: now)
    assert not any(watch() for _look in range(LOOKS + 1))
    taken.lock = now + timedelta(seconds=1260 - 700)  # nothing may take that long
    taken.save()
    assert any(watch() for _look in range(LOOKS + 1))


@pytest.mark.django_db
def test_a_queue_that_moves_is_no_hanging_worker() -> None:
    now = timezone.now()
    rows = [OrmQ.objects.create(key="tieout", payload="x", lock=now - PATIENCE * 2) for _row in range(LOOKS + 2)]
    watch = watch_at(lambda: now)
    for row in rows:
        assert not watch()
        row.delete()


@pytest.mark.django_db
def test_a_database_that_does_not_answer_says_nothing_about_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_now: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(queue_watch, "look", gone)
    assert not watch_at(timezone.now)()


@pytest.mark.django_db
def test_the_doctor_misses_a_plan_and_a_queue_that_stands() -> None:
    organization()
    assert [problem.warning for problem in examine()["sweeps"]] == [True]
    declare_schedule(now=timezone.now())
    assert examine()["sweeps"] == []
    OrmQ.objects.create(key="tieout", payload="x", lock=timezone.now() - timedelta(hours=1))
    assert "waits" in examine()["sweeps"][0].message
    Schedule.objects.update(next_run=timezone.now() - timedelta(hours=2))
    assert len(examine()["sweeps"]) == 2
