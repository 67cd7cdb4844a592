"""Bulk actions in the admin: from ticked rows or a filter to a preview, a confirmation, a result, a file."""

import csv
import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_q.models import OrmQ

from billing.models import Organization
from reconciliation import bulk
from reconciliation.models import BulkAction, BulkRow, ReconciliationDiscrepancy
from tests.people import browser, person
from tests.reconciliation.bulk.facts import confirmed, frozen, worked
from tests.reconciliation.workflow.cases import NOW, Desk

QUEUE = reverse("admin:reconciliation_reconciliationdiscrepancy_changelist")
Row = ReconciliationDiscrepancy


@pytest.fixture
def desk(db: None) -> Desk:
    desk = Desk()
    desk.discrepancy()
    desk.discrepancy(severity="minor")
    desk.discrepancy()
    return desk


def url(action: BulkAction, view: str = "change") -> str:
    return reverse(f"admin:reconciliation_bulkaction_{view}", args=[action.pk])


def start(client: Client, action: str, rows: list[Row], across: bool = False, query: str = "") -> Any:
    ticked = {"action": f"bulk_{action}", "index": "0", "select_across": "1" if across else "0"}
    return client.post(f"{QUEUE}?{query}", {**ticked, "_selected_action": [row.pk for row in rows]})


def text(response: Any) -> str:
    return str(response.content.decode())


def test_ticked_rows_lead_to_a_preview_that_did_nothing(desk: Desk) -> None:
    rows = list(Row.objects.order_by("pk"))
    client = browser(desk.person("Operator"))
    response = start(client, "acknowledge", rows[:2])
    made = BulkAction.objects.get()
    assert response.headers["Location"] == url(made)
    assert (made.rows_frozen, made.selection["kind"]) == (2, "ticked")
    page = text(client.get(url(made)))
    assert "Acknowledge: 2 discrepancies" in page
    assert "−1.00" in page
    assert set(Row.objects.values_list("status", flat=True)) == {"open"}


@pytest.mark.parametrize("sent", ["x", "\x00", "9" * 30, "-1", ""])
def test_what_is_sent_instead_of_a_row_is_not_ticked(desk: Desk, sent: str) -> None:
    client = browser(desk.person("Operator"))
    ticked = {"action": "bulk_acknowledge", "index": "0", "select_across": "0"}
    assert client.post(QUEUE, {**ticked, "_selected_action": sent}).status_code == 302
    assert not BulkAction.objects.exists()
    client.post(QUEUE, {**ticked, "_selected_action": [sent, str(Row.objects.all()[0].pk)]})
    assert BulkAction.objects.get().rows_frozen == 1


def test_everything_that_the_filter_matches_is_frozen_and_nothing_else(desk: Desk) -> None:
    rows = list(Row.objects.order_by("pk"))
    client = browser(desk.person("Operator"))
    start(client, "acknowledge", rows[:1], across=True, query="severity=major")
    made = BulkAction.objects.get()
    assert set(BulkRow.objects.values_list("discrepancy_id", flat=True)) == {rows[0].pk, rows[2].pk}
    assert f"{QUEUE}?severity=major" in text(client.get(url(made)))


def test_a_bulk_action_goes_from_the_list_to_a_file(desk: Desk) -> None:
    Organization.objects.update(name="=cmd()")
    operator = desk.person("Operator")
    client = browser(operator)
    rows = list(Row.objects.order_by("pk"))
    start(client, "propose", rows)
    made = BulkAction.objects.get()
    refused = client.post(url(made, "confirm"), {"code": "timing", "reason": ""})
    assert refused.status_code == 400
    assert BulkAction.objects.get().state == "preview"
    assert client.post(url(made, "confirm"), {"code": "timing", "reason": "late"}).status_code == 302
    assert OrmQ.objects.count() == 1
    assert "0 of 3" in text(client.get(url(made, "progress")))
    desk.take("mark_investigated", rows[1], desk.person("Manager"))
    worked(made)
    assert client.get(url(made, "progress")).headers["HX-Refresh"] == "true"
    page = text(client.get(url(made)))
    assert "Somebody changed it after the preview" in page
    file = b"".join(client.get(url(made, "rows"))).decode()
    lines = list(csv.reader(io.StringIO(file)))[1:]
    assert [(line[0], line[1], line[3], line[5]) for line in lines] == [
        (f"D-{rows[0].pk}", "'=cmd()", "-0.50", "Done"),
        (f"D-{rows[1].pk}", "'=cmd()", "-0.50", "Changed meanwhile"),
        (f"D-{rows[2].pk}", "'=cmd()", "-0.50", "Done"),
    ]
    again = client.post(url(made, "retry"))
    assert again.headers["Location"] == url(BulkAction.objects.latest("pk"))


def test_a_resolution_that_skips_rows_shows_the_preview_again(desk: Desk) -> None:
    desk.discrepancy(difference_minor=None, unexplained_minor=None)
    operator = desk.person("Operator")
    client, made = browser(operator), frozen(desk, "propose", operator)
    client.post(url(made, "confirm"), {"code": "adjustment", "reason": "r"})
    page = text(client.get(url(made)))
    assert "Propose a resolution: 3 discrepancies" in page
    assert "There is no amount to adjust" in page
    client.post(url(made, "confirm"), {"code": "adjustment", "reason": "r"})
    assert BulkAction.objects.get().state == "queued"


def test_each_role_is_offered_the_steps_it_may_take(desk: Desk) -> None:
    offered = {
        role: {
            step for step in BulkAction.Action.values if f"bulk_{step}" in text(browser(desk.person(role)).get(QUEUE))
        }
        for role in ("Operator", "Manager", "Auditor")
    }
    work = {"acknowledge", "assign", "annotate", "propose"}
    assert offered == {"Operator": work, "Manager": work | {"approve", "reject", "requeue"}, "Auditor": set()}


def test_a_step_that_is_not_offered_is_not_taken(desk: Desk) -> None:
    row = desk.discrepancy("pending_approval")
    start(browser(desk.person("Operator")), "approve", [row])
    start(browser(desk.person("Auditor")), "acknowledge", [row])
    assert not BulkAction.objects.exists()


def test_a_preview_is_its_makers_and_a_result_is_everybodys(desk: Desk) -> None:
    operator, auditor = desk.person("Operator"), browser(desk.person("Auditor"))
    manager = browser(desk.person("Manager"))
    made = frozen(desk, "acknowledge", operator)
    assert auditor.get(url(made)).status_code == 302
    assert manager.post(url(made, "confirm")).status_code == 404
    worked(confirmed(made, operator))
    assert "Acknowledge: 3 discrepancies" in text(auditor.get(url(made)))
    for view in ("confirm", "retry"):
        assert manager.post(url(made, view), {}).status_code in (302, 403), view
        assert auditor.post(url(made, view), {}).status_code in (302, 403), view
    assert BulkAction.objects.count() == 1


def test_other_organizations_see_nothing_of_a_bulk_action(desk: Desk) -> None:
    operator = desk.person("Operator")
    made = worked(confirmed(frozen(desk, "acknowledge", operator), operator))
    other = Organization.objects.create(slug="other", name="Other")
    stranger = browser(person("Owner", other, name="stranger"))
    assert url(made) not in text(stranger.get(reverse("admin:reconciliation_bulkaction_changelist")))
    for view in ("progress", "rows"):
        assert stranger.get(url(made, view)).status_code == 404
    for view in ("confirm", "drop", "retry", "go_on"):
        assert stranger.post(url(made, view)).status_code == 404


def test_a_full_list_takes_few_queries(desk: Desk) -> None:
    operator = desk.person("Operator")
    for _number in range(20):
        frozen(desk, "acknowledge", operator)
    client, listed = browser(operator), reverse("admin:reconciliation_bulkaction_changelist")
    client.get(listed)
    with CaptureQueriesContext(connection) as queries:
        client.get(listed)
    assert len(queries) <= 14, [query["sql"] for query in queries]


def test_nothing_is_done_by_a_get(desk: Desk) -> None:
    operator = desk.person("Operator")
    made, client = frozen(desk, "acknowledge", operator), browser(operator)
    for view in ("confirm", "drop", "retry", "go_on"):
        assert client.get(url(made, view)).status_code == 403
    made.refresh_from_db()
    assert made.state == "preview"


def test_a_silent_bulk_action_is_taken_up_again(desk: Desk) -> None:
    operator = desk.person("Operator")
    made, client = confirmed(frozen(desk, "acknowledge", operator), operator), browser(operator)
    OrmQ.objects.all().delete()
    page = text(client.get(url(made)))  # confirmed long ago, as NOW of the tests is in the past
    assert "Nothing has moved for a minute" in page
    client.post(url(made, "go_on"))
    client.post(url(made, "go_on"))
    assert OrmQ.objects.count() == 1


def test_an_error_page_keeps_what_was_typed(desk: Desk) -> None:
    operator = desk.person("Operator")
    made = frozen(desk, "propose", operator)
    refused = browser(operator).post(url(made, "confirm"), {"code": "nonsense", "reason": "typed text stays"})
    assert refused.status_code == 400
    assert "typed text stays" in text(refused)
    assert bulk.visible_bulk([desk.organization.pk]).get().state == "preview"
    assert made.created_at == NOW
