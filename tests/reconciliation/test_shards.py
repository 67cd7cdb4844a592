"""A run cut into parts: the same as uncut, whatever the books hold, however many parts."""

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from reconciliation.models import ReconciliationRun, RunPart
from reconciliation.runs.shards import finishing
from tests.database import tries
from tests.reconciliation.books import END, START, Books, filled
from tests.reconciliation.shard_facts import alike, cut, left_by, whole
from tests.reconciliation.test_incremental import WINDOWS
from tests.reconciliation.workflow.test_decided_histories import steps

pytestmark = pytest.mark.django_db
numbers = itertools.count()


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.RUN_FILES = tmp_path
    monkeypatch.setattr(finishing, "ITEMS_A_LOT", 3)
    return tmp_path


def parts_of(run: ReconciliationRun) -> list[tuple[str, int, int]]:
    return list(RunPart.objects.filter(run=run).order_by("pk").values_list("phase", "round", "number"))


def test_a_run_in_parts_leaves_what_an_uncut_one_leaves(settings: Any, files: Path) -> None:
    books = filled(Books())
    alike(books, settings, records=10, start=START, end=END)
    run = ReconciliationRun.objects.latest("id")
    phases = [phase for phase, _round, _number in parts_of(run)]
    assert phases.count("match") > 1
    assert phases[-1] == "finish"
    assert list(files.iterdir()) == []


def test_keys_that_settle_little_are_followed_by_rounds_of_other_keys(settings: Any) -> None:
    books = Books()
    for number in range(8):
        books.paid(f"order-{number}", 100 + number)
        books.charged(f"ch_{number}", 100 + number, reference=f"order-{number}")
    books.paid("order-8", 9, key="pi_8")
    books.charged("ch_8", 9, parent_reference="pi_8")
    alike(books, settings, records=8, start=START, end=END)
    assert ("match", 2, 0) in parts_of(ReconciliationRun.objects.latest("id"))
    assert books.outcomes() == {"matched": 9}


def test_a_small_run_is_not_cut(settings: Any) -> None:
    cut(settings, from_records=10_000)
    left_by(filled(Books()), start=START, end=END)
    assert not RunPart.objects.exists()


def test_a_second_run_in_parts_writes_nothing(settings: Any) -> None:
    books = filled(Books())
    cut(settings, records=14)
    left_by(books, start=START, end=END)
    assert left_by(books, start=START, end=END)["written"] == {"items": 0, "discrepancies": 0, "log": 0}


histories = st.lists(steps, min_size=4, max_size=24)
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]


def cut_alike(program: list[Any], settings: Any, window: int, records: int, *, refunds: str) -> None:
    """After any history (runs of any period in it) a full run leaves the same, in parts of any size and uncut."""
    whole(settings)
    books = Books(f"cut-{next(numbers)}", refunds=refunds)
    for step in program:
        step.apply(books)
    start, end = WINDOWS[window]
    alike(books, settings, records=records, start=start, end=end)


@tried(max_examples=tries(5), deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(histories, st.integers(0, 2), st.sampled_from([2, 4, 10]), st.sampled_from(["always", "auto"]))
def test_any_history_ends_alike_in_parts_and_uncut(
    settings: Any, program: list[Any], window: int, records: int, refunds: str
) -> None:
    cut_alike(program, settings, window, records, refunds=refunds)


@pytest.mark.trust
@tried(max_examples=400, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(histories, st.integers(0, 2), st.sampled_from([2, 4, 6, 10, 18]), st.sampled_from(["always", "auto"]))
def test_many_histories_end_alike_in_parts_and_uncut(
    settings: Any, program: list[Any], window: int, records: int, refunds: str
) -> None:
    cut_alike(program, settings, window, records, refunds=refunds)
