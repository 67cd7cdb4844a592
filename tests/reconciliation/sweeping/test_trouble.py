"""Sweeps started at once, killed anywhere, delivered twice: in the end everything is as after one clean sweep."""

import itertools
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from billing.models import StatementLine, StatementLineVersion
from reconciliation.models import ReconciliationRun, SyncJob
from reconciliation.sweeping import JobLost, Settings, TimeUp, jobs, open_job, work_job
from reconciliation.sweeping.jobs import LEASE, MAX_DEATHS, STOPPED_OFTEN, claim
from tests.billing.stripe.desk import KEY, Desk, desk_of, organization
from tests.conftest import ROOT
from tests.reconciliation.books import NOON, Books
from tests.reconciliation.sweeping.sweeps import asked, content, stock, swept, without_key

names = itertools.count(1)


class Killed(BaseException):
    """The worker ends here: nothing may catch it."""


def kill_at(place: int, patch: pytest.MonkeyPatch) -> None:
    """End the worker at its sign of life number `place`, before or after it is stored."""
    seen, real = [0], jobs.update

    def update(**values: Any) -> None:
        seen[0] += 1
        if seen[0] == place and place % 2:
            raise Killed
        real(**values)
        if seen[0] == place:
            raise Killed

    for module in ("reconciliation.sweeping.jobs", "reconciliation.sweeping.work"):
        patch.setattr(f"{module}.update", update)


def killed_often(desk: Desk, job: SyncJob, places: list[int]) -> SyncJob:
    """Work a job in spite of kills: each next worker comes when the lease has run out."""
    for place in places:
        with pytest.MonkeyPatch.context() as patch:
            kill_at(place, patch)
            try:
                swept(desk, job)
            except Killed:
                desk.pass_time(int(LEASE.total_seconds()) + 1)
                # Dying without end is another test's business.
                SyncJob.objects.filter(pk=job.pk).update(deaths=0)
    return swept(desk, job)


def kills_change_nothing(rounds: int, payments: int, seed: int) -> None:
    chance = random.Random(seed)
    with desk_of(organization("clean", stripe_account="acct_1acme")) as calm:
        stock(calm, payments)
        swept(calm)
        expected = content(calm)
    for number in range(rounds):
        with desk_of(organization(f"try-{next(names)}", stripe_account="acct_1acme")) as desk:
            stock(desk, payments)
            job = killed_often(desk, asked(desk), [1 + number, chance.randint(1, 20)])
            found = content(desk)
            assert job.status == "done", (number, job.error)
            assert found["lines"] == expected["lines"], number
            assert found["unfinished"] == 0
            assert found["reports"].keys() == expected["reports"].keys()
            assert [one["name"] for one in job.steps] == list(dict.fromkeys(one["name"] for one in job.steps))


@pytest.mark.django_db
def test_a_sweep_killed_at_a_few_points_ends_as_a_clean_one() -> None:
    kills_change_nothing(rounds=4, payments=120, seed=3)


@pytest.mark.trust
@pytest.mark.django_db
def test_a_sweep_killed_at_forty_points_ends_as_a_clean_one() -> None:
    kills_change_nothing(rounds=40, payments=350, seed=4)


@pytest.mark.usefixtures("ledger_transactions")
def test_a_sweep_started_three_times_at_once_is_worked_once(together: Callable[..., list[Any]]) -> None:
    with desk_of(organization()) as desk:
        stock(desk, 150)
        found = together(lambda _number: swept(desk), [1, 2, 3])
        assert not [one for one in found if isinstance(one, Exception)]
        assert SyncJob.objects.filter(status="done").count() == SyncJob.objects.count()
        lines = len(desk.shelf.all("balance_transactions"))
        assert StatementLine.objects.count() == StatementLineVersion.objects.count() == lines
        running = ReconciliationRun.objects.filter(comparison="payments")
        assert running.count() == SyncJob.objects.count()


@pytest.mark.usefixtures("ledger_transactions")
def test_one_of_many_takes_a_job_up(together: Callable[..., list[Any]]) -> None:
    with desk_of(organization()) as desk:
        job = asked(desk)
        won = together(lambda _number: claim(job=SyncJob.objects.get(pk=job.pk), now=desk.clock()), [1, 2, 3, 4])
        assert sorted(won) == [False, False, False, True]


@pytest.mark.django_db
def test_without_the_lease_several_would_take_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with desk_of(organization()) as desk:
        job = asked(desk)
        assert claim(job=job, now=desk.clock())
        assert not claim(job=SyncJob.objects.get(pk=job.pk), now=desk.clock())
        SyncJob.objects.filter(pk=job.pk).update(expires_at=None)
        assert claim(job=SyncJob.objects.get(pk=job.pk), now=desk.clock())


@pytest.mark.django_db
def test_a_holder_whose_lease_ran_out_does_nothing_more() -> None:
    with desk_of(organization()) as desk:
        stock(desk)
        job = asked(desk)
        claim(job=job, now=desk.clock())
        desk.pass_time(int(LEASE.total_seconds()) + 1)
        swept(desk, SyncJob.objects.get(pk=job.pk))
        with pytest.raises(JobLost):
            jobs.update(job=job, now=desk.clock(), stage="statements")
        job.refresh_from_db()
        assert job.status == "done"


@pytest.mark.django_db
def test_a_job_that_kills_its_worker_every_time_stops_and_says_so() -> None:
    with desk_of(organization()) as desk:
        job = asked(desk)
        for _death in range(MAX_DEATHS):
            assert claim(job=job, now=desk.clock())
            desk.pass_time(int(LEASE.total_seconds()) + 1)
        assert swept(desk, job).status == "failed"
        job.refresh_from_db()
        assert (job.error, job.expires_at) == (STOPPED_OFTEN, None)
        assert asked(desk).pk != job.pk  # the next hour begins anew


@pytest.mark.usefixtures("ledger_transactions")
def test_a_killed_sweep_is_taken_up_by_the_next(
    child_environment: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    with desk_of(organization()) as desk:
        stock(desk, 300)
        reached = threading.Event()

        def script(request: Any) -> None:
            if request.path == "/v1/balance_transactions" and "starting_after" in request.query:
                reached.set()
                time.sleep(0.2)

        desk.sandbox.script = script
        environment = child_environment(same_database=True) | {
            "STRIPE_API_KEYS": f"acme:{KEY}", "STRIPE_API_BASE": desk.sandbox.address, "STATEMENT_DAYS": "365",
        }  # fmt: skip
        child = subprocess.Popen(
            [sys.executable, "manage.py", "sweep"], env=environment, cwd=ROOT, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert reached.wait(60)
        child.kill()
        child.wait(30)
        desk.sandbox.script = lambda _request: None
        job = SyncJob.objects.get()
        assert job.status == "running"
        SyncJob.objects.update(expires_at=desk.clock())  # ten minutes later
        job = swept(desk, job)
        assert job.status == "done", job.error
        lines = len(desk.shelf.all("balance_transactions"))
        assert StatementLine.objects.count() == lines
        assert StatementLineVersion.objects.filter(number=1).count() == lines


@pytest.mark.django_db
def test_time_that_is_up_ends_no_run_and_the_next_turn_goes_on() -> None:
    books = Books()
    books.paid("p1", key="ch_1")
    job = open_job(organization=books.organization, kind="sweep", by=None, via="schedule", now=NOON)
    told, turns = Settings(opener=without_key, days=7, months=2), 0
    while True:
        try:
            work_job(job=job, told=told, clock=lambda: NOON, stay_seconds=0.0)
            break
        except TimeUp:
            turns += 1
    assert turns > 2
    assert set(ReconciliationRun.objects.values_list("status", flat=True)) == {"ok"}
