"""The landing page's figures: each is the count or the sum of exactly the rows behind its link, whoever looks."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from reconciliation.admin.run_page import share
from reconciliation.core.schema import OUTCOMES
from reconciliation.models import Cause, CauseMember, ReconciliationDiscrepancy, ReconciliationRun
from reconciliation.trends import rates_of
from reconciliation.workflow import acknowledge, assign, propose
from tests.people import browser, person, undrawn
from tests.reconciliation.admin.desk_books import books_of_somebody_else, books_with_everything
from tests.reconciliation.books import LATER, Books

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def no_figures_of_other_tests() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def books(db: None) -> Books:
    return books_with_everything()


def at(moment: datetime) -> Any:
    return time_machine.travel(moment, tick=False)


def behind(client: Client, url: str) -> Any:
    """All rows of the list an address opens, on whatever page they are."""
    return undrawn(client, url)["cl"].queryset


def today(client: Client) -> Any:
    return client.get(reverse("admin:index")).context


def counted(context: Any) -> dict[str, tuple[int, str]]:
    """Every count with a link: name → figure and address."""
    found = {"all open": (context["open"]["total"], context["open"]["url"])}
    for row in context["open"]["rows"]:
        found |= {f"{row['name']} {n}": (cell["count"], cell["url"]) for n, cell in enumerate(row["cells"])}
        found[f"{row['name']} all"] = (row["all"]["count"], row["all"]["url"])
    found |= {f"age {row['name']}": (row["count"], row["url"]) for row in context["ages"]}
    found |= {f"clock {n}": (context["clock"][n]["count"], context["clock"][n]["url"]) for n in CLOCK}
    found |= {f"mine {n}": (context["mine"][n]["count"], context["mine"][n]["url"]) for n in ("assigned", "to_sign")}
    found |= {f"cause {row['name']}": (row["count"], row["url"]) for row in context["causes"]}
    found |= {f"spike {row['name']}": (row["count"], row["url"]) for row in context["spikes"]}
    return {name: (int(count or 0), url) for name, (count, url) in found.items() if url}


def cause_of_everything_missing(books: Books) -> None:
    """A stored cause of some discrepancies."""
    cause = Cause.objects.create(
        organization=books.organization, comparison="payments", kind="prefix", rows_found=2, found_at=LATER,
        facts={"prefix": "ch_", "type": "MissingInternalRecord"},
    )  # fmt: skip
    for row in ReconciliationDiscrepancy.objects.filter(organization=books.organization).order_by("pk")[:2]:
        CauseMember.objects.create(cause=cause, discrepancy=row)


CLOCK = ("overdue", "soon", "asked", "taken")


@pytest.mark.parametrize("role", ["Operator", "Manager"])
def test_every_figure_counts_the_rows_behind_its_link(books: Books, role: str) -> None:
    books_of_somebody_else().run()
    books.run()
    cause_of_everything_missing(books)
    user, other = person(role, books.organization), person("Owner", books.organization)
    rows = list(ReconciliationDiscrepancy.objects.filter(organization=books.organization).order_by("pk"))
    for number, row in enumerate(rows):
        taken_up = LATER + timedelta(hours=1 if number % 2 else 30)
        acknowledge(discrepancy_id=row.pk, expected_version=1, by=other, now=taken_up, request_id="r")
        if number < 3:
            assign(
                discrepancy_id=row.pk, expected_version=2, by=other, to=user, now=LATER + 2 * DAY, request_id="r"
            )  # fmt: skip
        if number in (3, 4):
            propose(
                discrepancy_id=row.pk, expected_version=2, by=other if number == 3 else user, code="write_off",
                reason="small", now=LATER + 2 * DAY, request_id="r",
            )  # fmt: skip
    with at(LATER + 2 * DAY + timedelta(hours=1)):
        client = browser(user)
        context = today(client)
        figures = counted(context)
        for name, (count, url) in figures.items():
            assert behind(client, url).count() == count, name
    assert figures["all open"][0] == len(rows)
    assert figures["clock asked"][0] == len(rows)
    assert figures["clock taken"][0] == len(rows) // 2
    assert figures["mine assigned"][0] == 3
    assert figures["mine to_sign"][0] == (1 if role == "Manager" else 0)
    assert figures["clock overdue"][0] > 0
    assert sum(name.startswith("cause") for name in figures) == 1
    assert sum(count for name, (count, _url) in figures.items() if name.startswith("age")) == len(rows)


def test_every_sum_is_the_sum_of_the_rows_behind_its_link(books: Books) -> None:
    books.run()
    client = browser(person("Auditor", books.organization))
    with at(LATER):
        context = today(client)
        for panel, column in (("at_risk", "difference_minor"), ("unexplained", "unexplained_minor")):
            assert context[panel]
            for one in context[panel]:
                rows = behind(client, one["url"])
                total = sum(abs(value) for value in rows.values_list(column, flat=True) if value is not None)
                assert f"{total / 100:,.2f}" in str(one["amount"]), panel


def test_the_match_rate_is_the_one_of_the_run_it_opens(books: Books) -> None:
    run = books.run().run
    assert run is not None
    assert run.report is not None
    client = browser(person("Auditor", books.organization))
    with at(LATER):
        row = today(client)["rates"]["rows"][0]
        assert row["percent"] == f"{run.report['matched_percent']} %"
        page = client.get(row["url"])
    assert page.context["run"] == run
    for one in row["currencies"]:
        stored = run.report["totals"][one["code"]]["matched_percent"]
        assert one["percent"] == (f"{stored} %" if stored else "–")
        assert f'id="totals-{one["code"]}"' in page.content.decode()


def test_a_run_over_an_old_period_does_not_speak_for_today(books: Books) -> None:
    books.run(now=LATER)
    old = books.run(now=LATER + timedelta(hours=1), end=LATER - 20 * DAY).run
    client = browser(person("Auditor", books.organization))
    with at(LATER + timedelta(hours=2)):
        context = today(client)
    assert context["rates"]["rows"][0]["run"] != str(old)
    assert context["runs"][0]["name"] == str(old)


def test_the_lines_have_a_table_of_the_same_figures(books: Books) -> None:
    books.run(now=LATER)
    books.paid("new", 7000, "ch_unbooked", customer="cus_7")
    books.run(now=LATER + 2 * DAY)
    with at(LATER + 2 * DAY + timedelta(hours=1)):
        client = browser(person("Auditor", books.organization))
        chart = today(client)["chart"]
        assert today(client)["chart"]["rows"] == chart["rows"]
    reports = [run.report["matched_percent"] for run in ReconciliationRun.objects.order_by("-pk") if run.report]
    assert [cells[chart["head"].index("by count")] for _day, cells in chart["rows"]] == [f"{one} %" for one in reports]
    assert str(chart["svg"]).count("<polyline") == len(chart["head"])


def long_ago(books: Books, days: int, number: int = 1) -> None:
    """A discrepancy that was opened `days` days before."""
    ReconciliationDiscrepancy.objects.create(
        organization=books.organization, comparison="payments", type="MissingInternalRecord", severity="minor",
        right_id=10_000 + days * 10 + number, reason_code="x", currency="EUR", occurred_at=LATER,
        opened_at=LATER - timedelta(days=days), opened_run=1, changed_run=1, queued_at=LATER, due_at=LATER,
    )  # fmt: skip


def test_without_a_week_of_history_nothing_is_unusual(books: Books) -> None:
    books.run()
    auditor = person("Auditor", books.organization)
    with at(LATER + timedelta(hours=1)):
        context = today(browser(auditor))
    assert context["spikes"] == []
    assert context["unusual_unknown"]


def test_a_type_that_comes_in_more_often_than_usual_is_named(books: Books) -> None:
    long_ago(books, 20)
    for number in range(9):
        books.charged(f"ch_flood_{number}", 100 + number)
    books.run()
    came = ReconciliationDiscrepancy.objects.filter(type="MissingInternalRecord").count() - 1
    auditor = person("Auditor", books.organization)
    with at(LATER + timedelta(hours=1)):
        assert [(row["name"], row["count"]) for row in today(browser(auditor))["spikes"]] == [
            ("Missing here", str(came))
        ]
    with at(LATER + DAY + timedelta(hours=1)):
        assert today(browser(auditor))["spikes"] == []


def test_what_comes_in_every_day_is_no_spike(books: Books) -> None:
    books.run()
    for back in range(1, 29):
        for number in range(4 if back % 2 else 8):
            long_ago(books, back, number)
    for number in range(6):
        books.charged(f"ch_daily_{number}", 100 + number)
    books.run(now=LATER + timedelta(hours=1))
    client = browser(person("Auditor", books.organization))
    with at(LATER + timedelta(hours=2)):
        assert "Missing here" not in [row["name"] for row in today(client)["spikes"]]


def test_a_condition_nobody_offers_shows_no_row(books: Books) -> None:
    books.run()
    client = browser(person("Auditor", books.organization))
    url = reverse("admin:reconciliation_reconciliationdiscrepancy_changelist")
    assert behind(client, f"{url}?shown=nonsense").count() == 0


def test_amounts_of_both_signs_have_no_share() -> None:
    cells = {outcome: {side: {"count": 1, "amount_minor": 10} for side in ("left", "right")} for outcome in OUTCOMES}
    cells["only_right"]["right"]["amount_minor"] = -85
    rates = rates_of({"totals": {"EUR": {"outcomes": cells}}})
    assert (rates["EUR"].percent, rates["count"].percent) == (None, "20.00")
    assert share("100.05") is share("-3.00") is share(None) is None
    assert share("100.00") == "100.00"
