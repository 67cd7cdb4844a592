"""Ingestion ends with the same content whatever happens on the way: faults, crashes, rows that arrive meanwhile."""

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
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import walks
from billing.models import ProviderFetch, StatementLine, StatementLineVersion
from billing.provider_api import StripeProblem
from billing.sandbox.server import BROKEN, LOST, TIMEOUT, TOO_MANY, Request
from billing.statement_store import FACTS

from ...conftest import ROOT
from .desk import KEY, Desk, days_ago, desk_of, organization

FAULTS = (BROKEN, LOST, TIMEOUT, TOO_MANY)
Content = dict[str, list[tuple[Any, ...]]]
numbers = itertools.count(1)


class Crash(BaseException):
    """The process ends here: nothing may catch it."""


def fill(desk: Desk, rows: int) -> None:
    for place in range(rows):
        desk.merchant.charge(1_000 + place, days_ago(3) + place)


def content(desk: Desk) -> Content:
    """Every version of every line, but for whose it is: the clean run has an organization of its own."""
    rows = StatementLineVersion.objects.filter(organization=desk.organization).order_by("number")
    said = ("number", *(name for name in FACTS if name not in {"tenant_id", "fee_details", "detail"}))
    found: Content = {}
    for row in rows.values("line__external_id", *said):
        found.setdefault(row["line__external_id"], []).append(tuple(row[name] for name in said))
    return found


def crash_in(place: int, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """End the process while storing the page number `place`: before its rows, or after them and before the commit."""
    seen = [0]
    real = walks._move

    def move(fetch: ProviderFetch, page: Any) -> None:
        seen[0] += 1
        if seen[0] == place and moment == "before":
            raise Crash
        real(fetch, page)
        if seen[0] == place:
            raise Crash

    monkeypatch.setattr(walks, "_move", move)


def ingest_to_the_end(desk: Desk) -> None:
    for _try in range(50):
        try:
            desk.ingest()
        except StripeProblem:
            continue
        return
    raise AssertionError("the ingestion never came to its end")


def run_with_crashes(desk: Desk, crashes: list[tuple[int, str]]) -> None:
    for place, moment in crashes:
        with pytest.MonkeyPatch.context() as patch:
            crash_in(place, moment, patch)
            try:
                desk.ingest()
            except (Crash, StripeProblem):
                continue
    ingest_to_the_end(desk)


@pytest.fixture
def clean(db: None) -> Callable[[int], Content]:
    """What a run without any trouble comes to, of so many rows."""

    def run(rows: int) -> Content:
        with desk_of(organization("clean", stripe_account="acct_1acme")) as calm:
            fill(calm, rows)
            calm.ingest()
            return content(calm)

    return run


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    crashes=st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["before", "after"])), max_size=4),
    faults=st.dictionaries(st.integers(1, 20), st.sampled_from([BROKEN, LOST, TOO_MANY]), max_size=12),
)
def test_any_crashes_and_faults_end_in_the_content_of_a_clean_run(
    db: None, crashes: list[tuple[int, str]], faults: dict[int, str]
) -> None:
    with desk_of(organization(f"try-{next(numbers)}", stripe_account="acct_1acme")) as desk:
        fill(desk, 250)
        desk.sandbox.script = lambda request: faults.get(request.number)
        run_with_crashes(desk, crashes)
        lines = {line["id"] for line in desk.shelf.all("balance_transactions")}
        stored = content(desk)
        assert stored.keys() == lines
        assert {len(versions) for versions in stored.values()} == {1}


def trouble(desk: Desk, *, rows: int, crashes: int, seed: int) -> None:
    """Rows arriving, each page failing once in some way, and crashes at many places."""
    chance = random.Random(seed)
    fill(desk, rows)
    failed: set[str] = set()
    arrived = [0]

    def script(request: Request) -> str | None:
        page = str(request.query.get("starting_after", "")) + str(request.query.get("ending_before", ""))
        if page not in failed:
            failed.add(page)
            return chance.choice(FAULTS)
        if arrived[0] < 200:
            arrived[0] += 1
            desk.merchant.charge(5, days_ago(1) + arrived[0])
        return None

    desk.sandbox.script, desk.timeout, desk.sandbox.stall_seconds = script, 0.25, 0.5
    run_with_crashes(desk, [(chance.randint(1, 3), chance.choice(["before", "after"])) for _ in range(crashes)])
    desk.sandbox.script = lambda _request: None
    ingest_to_the_end(desk)


def test_trouble_on_every_page_changes_nothing_in_the_end(desk: Desk, clean: Callable[[int], Content]) -> None:
    trouble(desk, rows=600, crashes=8, seed=11)
    stored = content(desk)
    assert stored.keys() == {line["id"] for line in desk.shelf.all("balance_transactions")}
    calm = clean(600)
    assert {name: stored[name] for name in calm} == calm


@pytest.mark.trust
def test_five_thousand_rows_with_trouble_on_every_page_and_a_hundred_crashes(
    desk: Desk, clean: Callable[[int], Content]
) -> None:
    trouble(desk, rows=5_000, crashes=100, seed=12)
    stored = content(desk)
    assert stored.keys() == {line["id"] for line in desk.shelf.all("balance_transactions")}
    calm = clean(5_000)
    assert {name: stored[name] for name in calm} == calm


@pytest.mark.usefixtures("ledger_transactions")
def test_two_sweeps_at_once_store_each_line_once(together: Callable[..., list[Any]]) -> None:
    with desk_of(organization()) as desk:
        fill(desk, 500)
        results = together(lambda _number: desk.ingest(), [1, 2, 3])
        assert not [result for result in results if isinstance(result, Exception)]
        assert StatementLine.objects.count() == StatementLineVersion.objects.count() == 500


@pytest.mark.usefixtures("ledger_transactions")
def test_a_killed_process_is_taken_up_by_the_next(
    child_environment: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    with desk_of(organization()) as desk:
        fill(desk, 700)
        reached = threading.Event()

        def script(request: Request) -> str | None:
            if request.number >= 5:  # the account, then pages
                reached.set()
                time.sleep(0.2)
            return None

        desk.sandbox.script = script
        environment = child_environment(same_database=True) | {
            "STRIPE_API_KEYS": f"acme:{KEY}", "STRIPE_API_BASE": desk.sandbox.address, "STATEMENT_DAYS": "365",
        }  # fmt: skip
        command = [sys.executable, "manage.py", "ingest_statements", "--organization", "acme"]
        child = subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert reached.wait(60)
        child.kill()
        child.wait(30)
        cut_off = ProviderFetch.objects.get()
        assert cut_off.status == "running"
        assert 0 < StatementLine.objects.count() < 700
        desk.sandbox.script = lambda _request: None
        done = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        assert ProviderFetch.objects.get().status == "done"
        assert StatementLine.objects.count() == StatementLineVersion.objects.count() == 700
