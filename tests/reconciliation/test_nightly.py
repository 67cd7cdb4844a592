"""The log checked every night by the worker: against the newest checkpoint, which only a log that holds moves on."""

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from billing.models import Organization
from reconciliation import log_tasks
from reconciliation.action_log import Outside, check_log
from reconciliation.doctor import examine
from reconciliation.models import LogCheck
from tests.people import browser, person
from tests.reconciliation.books import Books

from .log_facts import LOG, NOW, make_organization, sql, write
from .tampering import cut_the_tail, rehash_everything, switch_triggers_off

KEY = "a long random text that the database never sees"
DAY = timedelta(days=1)


@pytest.fixture
def organization(db: None) -> Organization:
    return make_organization()


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    return Outside(tmp_path / "kept", KEY)


def test_a_log_that_holds_is_checked_against_the_checkpoint_of_the_night_before(
    organization: Organization, outside: Outside
) -> None:
    write(organization, 3)
    first = check_log(organization=organization, outside=outside, now=NOW)
    write(organization, 2, 2)
    second = check_log(organization=organization, outside=outside, now=NOW + DAY)
    assert [(one.result, one.kept, one.seals, one.rows, one.checkpoint_seal) for one in (first, second)] == [
        ("holds", True, 1, 3, None),
        ("holds", True, 3, 7, 1),
    ]
    assert second.checkpoint_at == first.checked_at
    assert [path.name for path in outside.folder.iterdir()] == [f"log-{organization.pk}.json"]


@pytest.mark.parametrize("tamper", [cut_the_tail, rehash_everything], ids=lambda tamper: tamper.__name__)
def test_what_only_a_checkpoint_shows_is_found_the_next_night(
    organization: Organization, outside: Outside, tamper: Any
) -> None:
    write(organization, 4, 4, 4)
    check_log(organization=organization, outside=outside, now=NOW)
    before = outside.path(organization).read_bytes()
    switch_triggers_off()
    tamper(Random(20260301))
    check = check_log(organization=organization, outside=outside, now=NOW + DAY)
    assert (check.result, check.kept) == ("broken", False)
    assert check.findings
    assert outside.path(organization).read_bytes() == before


def test_without_a_checkpoint_the_same_tampering_does_not_show(organization: Organization, tmp_path: Path) -> None:
    """The negative control."""
    write(organization, 4, 4)
    none = Outside(tmp_path, "")
    assert check_log(organization=organization, outside=none, now=NOW).kept is False
    switch_triggers_off()
    cut_the_tail(Random(1))
    assert check_log(organization=organization, outside=none, now=NOW + DAY).result == "holds"


def other_key(path: Path, organization: Organization) -> None:
    path.write_text(path.read_text().replace('"hmac": "', '"hmac": "0'))


def removed(path: Path, organization: Organization) -> None:
    path.unlink()


def somebody_else_s(path: Path, organization: Organization) -> None:
    other = make_organization("other")
    outside = Outside(path.parent, KEY)
    write(other, 9)
    check_log(organization=other, outside=outside, now=NOW)
    path.write_bytes(outside.path(other).read_bytes())


def of_the_night_before(path: Path, organization: Organization) -> None:
    older = path.read_bytes()
    write(organization, 1)
    check_log(organization=organization, outside=Outside(path.parent, KEY), now=NOW)
    path.write_bytes(older)


@pytest.mark.parametrize(
    ("done", "said"),
    [
        (other_key, "signed with another key"),
        (removed, "is gone"),
        (somebody_else_s, "another organization"),
        (of_the_night_before, "older checkpoint, of seal 1; the last one kept was of seal 2"),
    ],
)
def test_a_checkpoint_that_cannot_be_believed_is_said_until_somebody_keeps_a_new_one(
    organization: Organization, outside: Outside, settings: Any, done: Any, said: str
) -> None:
    write(organization, 3)
    check_log(organization=organization, outside=outside, now=NOW)
    path = outside.path(organization)
    done(path, organization)
    for night in (1, 2):
        check = check_log(organization=organization, outside=outside, now=NOW + night * DAY)
        assert (check.result, check.kept) == ("unsure", False)
        assert said in check.trouble
    settings.ACTION_LOG_CHECKPOINT_KEY = KEY
    call_command("verify_action_log", "--organization", "acme", "--write-checkpoint", str(path))
    assert check_log(organization=organization, outside=outside, now=NOW + 3 * DAY).result == "holds"


def test_a_folder_that_cannot_be_written_is_said(organization: Organization, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    check = check_log(organization=organization, outside=Outside(tmp_path / "file", KEY), now=NOW)
    assert (check.result, check.kept) == ("unsure", False)
    assert "cannot be written" in check.trouble


def test_the_check_is_planned_once_for_the_night_and_begins_at_once_where_none_ever_was(db: None) -> None:
    make_organization()
    assert log_tasks.declare_nightly(now=NOW)
    assert not log_tasks.declare_nightly(now=NOW)
    planned = Schedule.objects.get(func=log_tasks.CHECK_EVERY)
    assert (planned.schedule_type, planned.repeats, planned.next_run.isoformat()) == (
        Schedule.DAILY, -1, "2026-03-02T01:30:00+00:00",
    )  # fmt: skip
    assert OrmQ.objects.count() == 1


def test_each_organization_s_log_is_checked_by_a_job_of_its_own(db: None, settings: Any, tmp_path: Path) -> None:
    settings.ACTION_LOG_CHECKPOINTS, settings.ACTION_LOG_CHECKPOINT_KEY = tmp_path, KEY
    both = [make_organization(slug) for slug in ("one", "two")]
    assert log_tasks.check_every_log() == "2 organizations"
    assert OrmQ.objects.count() == 2
    write(both[0], 2)
    switch_triggers_off()
    sql(f"UPDATE {LOG} SET reason = 'x'")
    assert [log_tasks.check_one_log(one.pk) for one in both] == ["broken", "holds"]
    assert log_tasks.check_one_log(both[0].pk + both[1].pk) == "gone"


@pytest.fixture
def books(db: None) -> Books:
    books = Books()
    books.run()
    return books


def check(books: Books, result: str, hours: int = 0, **facts: Any) -> None:
    at = timezone.now() - timedelta(hours=hours)
    LogCheck.objects.create(
        organization=books.organization, checked_at=at, result=result, seals=3, rows=40, **facts
    )  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "said", "problems", "loud"),
    [
        ({"result": "holds", "kept": True}, "it holds to row 40", [], False),
        ({"result": "holds"}, "it holds to row 40", [True], False),
        ({"result": "holds", "hours": 27}, "a check is due every night", [True], True),
        ({"result": "unsure", "trouble": "It is gone."}, "It is gone.", [True], True),
        ({"result": "broken", "findings": [{"message": "Row 7 was changed."}]}, "Row 7 was changed.", [False], True),
    ],
)
def test_what_came_out_is_on_today_on_the_log_and_with_the_doctor(
    books: Books, facts: dict[str, Any], said: str, problems: list[bool], loud: bool
) -> None:
    check(books, **facts)
    client = browser(person("Auditor", books.organization))
    today = client.get(reverse("admin:index")).content.decode()
    log = client.get(reverse("admin:reconciliation_reconciliationactionlog_changelist")).content.decode()
    assert said in today
    assert said in log
    assert ('role="alert"' in today) is loud
    assert [problem.warning for problem in examine()["log_checks"]] == problems


def test_somebody_of_another_organization_reads_nothing_of_it(books: Books) -> None:
    check(books, "broken", findings=[{"message": "Row 7 was changed."}])
    other = Books("other")
    other.run()
    client = browser(person("Owner", other.organization))
    assert "Row 7" not in client.get(reverse("admin:index")).content.decode()
