"""The totals of what is open are those of the discrepancies, whatever happened."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command

from reconciliation import open_totals, queues
from reconciliation.doctor import examine
from reconciliation.models import OpenTotal, ReconciliationDiscrepancy
from tests.reconciliation.books import LATER, Books, filled
from tests.reconciliation.workflow.cases import NOW, Desk

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")
Row = ReconciliationDiscrepancy


def exact(organization_id: int) -> bool:
    """Whether the totals agree with the rows."""
    return open_totals.kept(organization_id) == open_totals.counted(organization_id)


def test_a_run_counts_what_it_opens() -> None:
    books = filled(Books())
    books.run()
    figures = queues.open_figures([books.organization.pk], LATER)
    rows = Row.objects.exclude(status="resolved")
    assert exact(books.organization.pk)
    assert figures.total == rows.count() > 5
    assert sum(figures.by_type.values()) == figures.total == sum(figures.ages.values())
    assert figures.by_comparison == {"payments": figures.total}
    values = rows.filter(currency="EUR").values_list("difference_minor", flat=True)
    assert figures.at_risk_minor["EUR"] == sum(abs(value or 0) for value in values) > 0


def test_a_second_run_that_changes_nothing_leaves_the_totals_alone() -> None:
    books = filled(Books())
    books.run()
    before = list(OpenTotal.objects.order_by("pk").values())
    books.run()
    assert list(OpenTotal.objects.order_by("pk").values()) == before


def test_what_a_run_clears_and_reopens_is_counted_again() -> None:
    books = filled(Books())
    books.run()
    books.charged("ch_2", 2000, fee_minor=100)
    books.run(now=LATER + timedelta(hours=1))
    assert exact(books.organization.pk)
    books.charged("ch_2", 1500)
    books.run(now=LATER + timedelta(hours=2))
    row = Row.objects.get(organization=books.organization, type="AmountMismatch")
    assert row.queued_at == LATER + timedelta(hours=2) > row.opened_at
    assert row.due_at == row.queued_at + timedelta(hours=24)
    assert exact(books.organization.pk)


def test_each_step_of_a_person_moves_the_totals() -> None:
    desk = Desk()
    manager, owner = desk.person("Manager"), desk.person("Owner")
    row = desk.discrepancy()
    organization = desk.organization.pk
    seen = []
    for action, by in (
        ("acknowledge", manager), ("assign", manager), ("propose", manager), ("approve", owner), ("requeue", manager),
    ):  # fmt: skip
        row = desk.take(action, row, by)
        assert exact(organization), action
        seen.append(queues.queue_counts([organization], manager, NOW, PARIS))
    assert [found["mine"] for found in seen] == [0, 1, 1, 0, 1]
    assert [found["approval"] for found in seen] == [0, 0, 1, 0, 0]
    assert [found["all"] for found in seen] == [1, 1, 1, 0, 1]


def test_a_refused_step_leaves_the_totals_alone() -> None:
    desk = Desk()
    row = desk.discrepancy()
    before = list(OpenTotal.objects.values())
    with pytest.raises(Exception, match="Choose a resolution"):
        desk.take("propose", row, desk.person("Manager"), code="nonsense")
    assert list(OpenTotal.objects.values()) == before


def test_summing_up_changes_no_figure_and_drops_what_is_gone() -> None:
    desk = Desk()
    manager = desk.person("Manager")
    for _ in range(4):
        desk.take("assign", desk.take("acknowledge", desk.discrepancy(), manager), manager)
    organization = desk.organization.pk
    before = open_totals.kept(organization)
    assert OpenTotal.objects.count() > len(before) == 1
    open_totals.sum_up(organization)
    assert open_totals.kept(organization) == before
    assert OpenTotal.objects.count() == 1


def test_totals_are_summed_up_now_and_then_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_totals, "SUM_UP_EVERY", 5)
    desk = Desk()
    manager = desk.person("Manager")
    for _ in range(12):
        desk.take("acknowledge", desk.discrepancy(), manager)
        assert exact(desk.organization.pk)
    assert OpenTotal.objects.count() <= 8


def test_organizations_are_counted_apart() -> None:
    ours, theirs = Desk(), Desk(books=Books("other"))
    ours.discrepancy()
    for desk in (theirs, theirs):
        desk.people["author"] = ours.person("Owner", "author")
        desk.discrepancy()
    user = ours.person("Manager")
    assert queues.queue_counts([ours.organization.pk], user, NOW, PARIS)["all"] == 1
    both = [ours.organization.pk, theirs.organization.pk]
    assert queues.queue_counts(both, user, NOW, PARIS)["all"] == 3


def test_due_today_ends_at_midnight_of_the_zone() -> None:
    desk = Desk()
    for hour, minute in ((8, 59), (9, 0), (22, 59), (23, 0)):
        desk.discrepancy(due_at=datetime(2026, 11, 21, hour, minute, tzinfo=UTC))
    found = queues.queue_counts([desk.organization.pk], desk.person("Manager"), NOW, PARIS)
    assert (found["overdue"], found["today"]) == (2, 1)


def test_every_age_falls_into_one_bucket() -> None:
    desk = Desk()
    for days in (0, 1, 2, 3, 5, 7, 29, 30, 200):
        desk.discrepancy(queued_at=NOW - timedelta(days=days))
    ages = queues.open_figures([desk.organization.pk], NOW).ages
    assert ages == {"day": 1, "three_days": 2, "week": 2, "month": 2, "older": 2}
    for name, count in ages.items():
        assert Row.objects.filter(queues.in_age(name, NOW)).count() == count


def test_each_number_is_the_number_of_rows_its_queue_lists() -> None:
    books = filled(Books())
    books.run()
    desk = Desk(books=books)
    user = desk.person("Manager")
    now = LATER + timedelta(hours=30)
    found = queues.queue_counts([books.organization.pk], user, now, PARIS)
    asked = queues.Asked(user.pk, now, PARIS)
    rows = Row.objects.exclude(status="resolved")
    assert found == {queue.name: rows.filter(queue.condition(asked)).count() for queue in queues.QUEUES}
    assert min(found["overdue"], found["ambiguous"], found["unassigned"]) > 0


def test_the_figures_take_few_queries_whatever_there_is(django_assert_max_num_queries: Any) -> None:
    books = filled(Books())
    books.run()
    with django_assert_max_num_queries(5):
        queues.open_figures([books.organization.pk], LATER)
    with django_assert_max_num_queries(1):
        queues.queue_counts([books.organization.pk], AnonymousUser(), LATER, PARIS)


def test_the_doctor_notices_totals_that_are_wrong_and_a_command_makes_them_anew() -> None:
    books = filled(Books())
    books.run()
    assert examine()["open_totals"] == []
    OpenTotal.objects.filter(organization=books.organization).update(count=7)
    assert "acme" in examine()["open_totals"][0].message
    out = StringIO()
    call_command("rebuild_totals", stdout=out)
    assert "acme" in out.getvalue()
    assert examine()["open_totals"] == []
    assert exact(books.organization.pk)
