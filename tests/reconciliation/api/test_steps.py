"""Steps through the API: the workflow's own, with its refusals in the form of errors."""

from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client

from reconciliation import workflow
from reconciliation.models import ClosingThreshold, ReconciliationActionLog, ReconciliationDiscrepancy
from tests.people import PASSWORD
from tests.reconciliation.workflow.cases import Desk

from .callers import ROOT, Caller

pytestmark = pytest.mark.django_db
WHY: dict[str, Any] = {"code": "timing", "notes": "It comes next week."}


@pytest.fixture
def desk() -> Desk:
    cache.clear()  # counts of requests
    return Desk()


def caller(desk: Desk, role: str = "Manager", name: str = "") -> Caller:
    return Caller(desk.person(role, name))


def stored(row: ReconciliationDiscrepancy) -> ReconciliationDiscrepancy:
    return ReconciliationDiscrepancy.objects.get(pk=row.pk)


def logged(row: ReconciliationDiscrepancy) -> list[ReconciliationActionLog]:
    return list(ReconciliationActionLog.objects.filter(discrepancy=row.pk).order_by("pk"))


def test_acknowledging_takes_it_in_charge_and_logs_the_request(desk: Desk) -> None:
    row = desk.discrepancy()
    response = caller(desk, "Operator").client.post(
        f"{ROOT}discrepancies/{row.pk}/acknowledge", {"version": 1}, content_type="application/json",
        headers={"X-Request-ID": "request-of-a-test"},
    )  # fmt: skip
    assert response.status_code == 200
    found = response.json()["data"]
    assert (found["status"], found["version"]) == ("acknowledged", 2)
    (entry,) = logged(row)
    assert (entry.action, entry.actor, entry.request_id) == ("acknowledged", "user:operator", "request-of-a-test")
    assert found["history"][0]["request_id"] == response.json()["meta"]["request_id"] == "request-of-a-test"


def test_resolving_waits_for_somebody_elses_approval(desk: Desk) -> None:
    row = desk.discrepancy()
    manager = caller(desk)
    status, body = manager.post(row, "resolve", **WHY)
    assert (status, body["data"]["status"]) == (200, "pending_approval")
    assert body["data"]["resolution"]["proposed_by"] == "manager"
    assert body["data"]["resolution"]["reason"] == WHY["notes"]
    assert "approve" not in {step["action"] for step in body["data"]["next_steps"]}
    other = caller(desk, "Owner").get(f"discrepancies/{row.pk}")["data"]["next_steps"]
    assert "approve" in {step["action"] for step in other}


def test_who_proposed_cannot_approve_by_resolving_again(desk: Desk) -> None:
    row = desk.discrepancy()
    ClosingThreshold.objects.create(organization=desk.organization, currency="EUR", limit_minor=10)
    manager = caller(desk)
    manager.post(row, "resolve", **WHY)
    for who in (manager, caller(desk, "Owner")):
        status, body = who.post(row, "resolve", **WHY)
        assert (status, body["error"]["code"]) == (409, "wrong_state")
    assert (stored(row).status, stored(row).approved_by) == ("pending_approval", None)


def test_below_the_threshold_a_manager_closes_it(desk: Desk) -> None:
    row = desk.discrepancy()
    ClosingThreshold.objects.create(organization=desk.organization, currency="EUR", limit_minor=50)
    status, body = caller(desk).post(row, "resolve", **WHY)
    assert (status, body["data"]["status"]) == (200, "resolved")
    assert body["data"]["resolution"]["closing_rule"] == "below_threshold"


@pytest.mark.parametrize(("role", "code"), [("Operator", "timing"), ("Manager", "adjustment")])
def test_below_the_threshold_it_still_waits_where_the_workflow_says_so(desk: Desk, role: str, code: str) -> None:
    row = desk.discrepancy()
    ClosingThreshold.objects.create(organization=desk.organization, currency="EUR", limit_minor=50)
    status, body = caller(desk, role).post(row, "resolve", code=code, notes="x")
    assert (status, body["data"]["status"]) == (200, "pending_approval")


def test_requeueing_opens_it_again(desk: Desk) -> None:
    row = desk.discrepancy("resolved")
    status, body = caller(desk).post(row, "requeue", notes="It came back.")
    assert (status, body["data"]["status"], body["data"]["resolution"]) == (200, "open", None)
    assert [(entry.action, entry.reason) for entry in logged(row)] == [("requeued", "It came back.")]


def test_a_stale_version_is_answered_with_who_changed_what(desk: Desk) -> None:
    row = desk.discrepancy()
    caller(desk, "Operator").post(row, "acknowledge")
    status, body = caller(desk).post(row, "resolve", version=1, **WHY)
    error = body["error"]
    assert (status, error["code"]) == (409, "stale")
    (change,) = error["details"]
    assert (change["field"], change["actor"], change["code"]) == ("version", "user:operator", "acknowledged")
    assert (change["version"], change["status"]) == (2, "acknowledged")
    assert change["at"].endswith("Z")
    assert stored(row).status == "acknowledged"


def test_a_request_sent_twice_is_done_once(desk: Desk) -> None:
    row, operator = desk.discrepancy(), caller(desk, "Operator")
    answers = [operator.post(row, "acknowledge", version=1)[0] for _ in range(2)]
    assert answers == [200, 409]
    assert len(logged(row)) == 1


@pytest.mark.parametrize(
    ("step", "body", "field"),
    [
        ("acknowledge", {"version": None}, "version"),
        ("acknowledge", {"version": "x"}, "version"),
        ("acknowledge", {"version": 2**70}, "version"),
        ("requeue", {"notes": " "}, "notes"),
        ("requeue", {"notes": "x" * 5001}, "notes"),
        ("resolve", {"code": "timing"}, "notes"),
        ("resolve", {"code": "no such code", "notes": "x"}, "code"),
        ("resolve", {"code": "cleared", "notes": "x"}, "code"),
        ("resolve", {"code": "timing", "notes": "a\x00b"}, "notes"),
        ("resolve", {"code": "timing", "notes": "\ud800"}, "notes"),
        ("resolve", {"code": "duplicate", "notes": "x"}, "duplicate_of"),
        ("resolve", {"code": "duplicate", "notes": "x", "duplicate_of": 2**62}, "duplicate_of"),
    ],
)
def test_what_cannot_be_done_is_422_and_names_the_field(
    desk: Desk, step: str, body: dict[str, Any], field: str
) -> None:
    row = desk.discrepancy("acknowledged" if step == "requeue" else "open")
    status, answer = caller(desk).post(row, step, **body)
    assert (status, answer["error"]["code"]) == (422, "invalid")
    assert [detail["field"] for detail in answer["error"]["details"]] == [field]
    assert answer["error"]["request_id"]
    assert (stored(row).version, logged(row)) == (1, [])


@pytest.mark.parametrize(
    ("role", "step"), [("Auditor", "acknowledge"), ("Auditor", "resolve"), ("Operator", "requeue")]
)
def test_a_role_without_the_step_is_refused(desk: Desk, role: str, step: str) -> None:
    row = desk.discrepancy()
    status, body = caller(desk, role).post(row, step, **WHY)
    assert (status, body["error"]["code"]) == (403, "permission_denied")
    assert stored(row).version == 1


def test_a_step_from_the_wrong_state_is_409(desk: Desk) -> None:
    status, body = caller(desk).post(desk.discrepancy("resolved"), "acknowledge")
    assert (status, body["error"]["code"]) == (409, "wrong_state")


@pytest.mark.parametrize("pk", [0, 2**31, 2**80])
def test_a_step_about_nothing_is_404(desk: Desk, pk: int) -> None:
    status, body = caller(desk).post(pk, "acknowledge", version=1)
    assert (status, body["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422), (b"[]", 422), (b"null", 422), (b"{", 400), (b"\xff", 400), (b"[" * 60_000, 400),
        (b'{"version": NaN}', 400), (b'{"version": 1' + b"0" * 5000 + b"}", 400), (b" " * 70_000, 413),
    ],
)  # fmt: skip
def test_a_body_that_is_none_is_an_error_of_ours(desk: Desk, content: bytes, status: int) -> None:
    row = desk.discrepancy()
    client = caller(desk).client
    response = client.post(f"{ROOT}discrepancies/{row.pk}/acknowledge", content, content_type="application/json")
    assert response.status_code == status, response.content
    assert {*response.json()["error"]} == {"code", "message", "details", "request_id"}
    assert stored(row).version == 1


def test_a_session_needs_its_csrf_token(desk: Desk) -> None:
    row = desk.discrepancy()
    client = Client(enforce_csrf_checks=True)
    client.force_login(desk.person("Operator"))
    response = client.post(f"{ROOT}discrepancies/{row.pk}/acknowledge", {"version": 1}, content_type="application/json")
    assert response.status_code == 403
    assert PASSWORD not in response.content.decode()
    assert stored(row).version == 1


def test_nobody_gets_in_without_signing_in(desk: Desk) -> None:
    row = desk.discrepancy()
    for address in ("runs", "discrepancies", f"discrepancies/{row.pk}", "disputes"):
        response = Client().get(f"{ROOT}{address}")
        assert (response.status_code, response.json()["error"]["code"]) == (403, "not_authenticated")


def test_errors_are_told_in_the_callers_language(desk: Desk) -> None:
    row, client = desk.discrepancy("resolved"), caller(desk).client
    response = client.post(
        f"{ROOT}discrepancies/{row.pk}/acknowledge", {"version": 1}, content_type="application/json",
        headers={"Accept-Language": "fr"},
    )  # fmt: skip
    assert (response.status_code, response.json()["error"]["code"]) == (409, "wrong_state")
    assert "l'écart est résolu" in response.json()["error"]["message"]


def test_a_busy_database_is_503_with_when_to_try_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(**_given: Any) -> None:
        raise OperationalError("database is locked")

    row = desk.discrepancy()
    monkeypatch.setattr(workflow, "acknowledge", locked)
    operator = caller(desk, "Operator")
    operator.client.raise_request_exception = False
    status, body = operator.post(row, "acknowledge")
    assert (status, body["error"]["code"]) == (503, "busy")
