"""The approvals: everything one needs to decide, own proposals locked, together within one cause and code."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from reconciliation import bulk, workflow
from reconciliation.admin.approval_cards import cards, mine_to_sign, waiting
from reconciliation.models import BulkAction, Cause, CauseMember, ReconciliationDiscrepancy
from tests.people import browser, person
from tests.reconciliation.books import Books
from tests.reconciliation.workflow.cases import NOW, Desk

PAGE = reverse("admin:reconciliation_approvals")
TOGETHER = reverse("admin:reconciliation_approvals_together")
Row = ReconciliationDiscrepancy


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk()


def proposed(desk: Desk, by: str = "Operator", code: str = "adjustment") -> Row:
    row = desk.discrepancy()
    return workflow.propose(
        discrepancy_id=row.pk, expected_version=1, code=code, reason="**rounded** by them", by=desk.person(by), now=NOW
    )  # fmt: skip


def grouped(desk: Desk, rows: list[Row]) -> Cause:
    cause = Cause.objects.create(
        organization=desk.organization, comparison="payments", kind="fee", facts={"sign": 1}, rows_found=len(rows),
        found_at=NOW,
    )  # fmt: skip
    for row in rows:
        CauseMember.objects.create(cause=cause, discrepancy=row)
    return cause


def text(response: Any) -> str:
    return str(response.content.decode())


def test_a_card_says_amount_sentence_resolution_reason_proposer_and_effect(desk: Desk) -> None:
    row = proposed(desk)
    page = text(browser(desk.person("Manager")).get(PAGE))
    for words in (
        "−0.50", "Adjustment", "<strong>rounded</strong> by them", "operator", "Unexplained afterwards",
        "Approving adds an adjustment entry of −0.50 EUR", str(row),
    ):  # fmt: skip
        assert words in page, words
    (card,) = cards([row], desk.person("Manager"))
    assert "0.00" in card["after"]
    (other,) = cards([proposed(desk, code="timing")], desk.person("Manager"))
    assert "−0.50" in other["after"]


def test_own_proposals_are_locked_and_others_are_not(desk: Desk) -> None:
    manager = desk.person("Manager")
    own, other = proposed(desk, "Manager"), proposed(desk)
    client = browser(manager)
    page = text(client.get(PAGE))
    assert page.count("You proposed this. Another manager must approve it.") == 1
    for row, offered in ((own, False), (other, True)):
        approve = reverse("admin:reconciliation_reconciliationdiscrepancy_step_approve", args=[row.pk])
        assert (approve in page) is offered
    assert mine_to_sign([desk.organization.pk], manager, 10) == 1
    approve = reverse("admin:reconciliation_reconciliationdiscrepancy_step_approve", args=[own.pk])
    assert client.post(approve, {"version": own.version}).status_code == 403


def test_who_may_not_sign_reads_and_has_no_button(desk: Desk) -> None:
    proposed(desk)
    for role in ("Operator", "Auditor"):
        page = text(browser(desk.person(role)).get(PAGE))
        assert "Unexplained afterwards" in page
        assert "step_approve" not in page
        assert "step-approve" not in page
        assert mine_to_sign([desk.organization.pk], desk.person(role), 10) == 0


def test_what_happened_since_the_proposal_is_told(desk: Desk) -> None:
    row = proposed(desk)
    workflow.annotate(discrepancy_id=row.pk, text="look", by=desk.person("Owner"), now=NOW + timedelta(hours=1))
    (card,) = cards([row], desk.person("Manager"))
    assert card["since"] == ["owner: Note added"]
    assert card["newer"] is False
    desk.books.paid(f"p{desk.made}", 1001, f"ch_{desk.made}", at=timezone.now())
    (card,) = cards([row], desk.person("Manager"))
    assert card["since"] == ["Our record has changed since.", "owner: Note added"]
    assert card["newer"] is True


def test_proposals_alike_are_decided_together_and_no_others(desk: Desk) -> None:
    alike = [proposed(desk) for _number in range(3)]
    otherwise, mine = proposed(desk, code="timing"), proposed(desk, "Manager")
    elsewhere = proposed(desk)
    cause = grouped(desk, [*alike, otherwise, mine])
    manager = desk.person("Manager")
    client = browser(manager)
    assert "Approve together" in text(client.get(PAGE))
    client.post(TOGETHER, {"cause": cause.pk, "code": "adjustment", "action": "approve"})
    made = BulkAction.objects.get()
    assert (made.rows_frozen, made.rows_to_work, made.summary["skipped"]) == (4, 3, {"own_proposal": 1})
    bulk.confirm(bulk=made, given={}, number=None, by=manager, now=NOW)
    bulk.work_bulk(made.pk)
    assert set(Row.objects.filter(status="resolved")) == set(alike)
    assert set(waiting([desk.organization.pk])) == {otherwise, mine, elsewhere}


@pytest.mark.parametrize(
    "asked",
    [
        {"cause": "1", "code": "nonsense", "action": "approve"},
        {"cause": "x", "code": "timing", "action": "approve"},
        {"cause": "1", "code": "timing", "action": "acknowledge"},
        {},
    ],
)
def test_nonsense_is_refused(desk: Desk, asked: dict[str, str]) -> None:
    proposed(desk)
    assert browser(desk.person("Manager")).post(TOGETHER, asked).status_code == 403
    assert browser(desk.person("Operator")).post(TOGETHER, asked).status_code == 403
    assert not BulkAction.objects.exists()


def test_proposals_of_other_organizations_do_not_exist(desk: Desk) -> None:
    cause = grouped(desk, [proposed(desk), proposed(desk)])
    stranger = browser(person("Owner", Books("other").organization, name="stranger"))
    assert "by them" not in text(stranger.get(PAGE))
    stranger.post(TOGETHER, {"cause": cause.pk, "code": "adjustment", "action": "approve"})
    assert not BulkAction.objects.exists()


def test_a_full_page_takes_few_queries(desk: Desk) -> None:
    for _number in range(22):
        proposed(desk)
    client = browser(desk.person("Manager"))
    client.get(PAGE)
    with CaptureQueriesContext(connection) as queries:
        page = text(client.get(PAGE))
    assert len(queries) <= 14, [query["sql"] for query in queries]
    assert "Earlier proposals" in page
    rows = list(waiting([desk.organization.pk]))
    rest = text(client.get(PAGE, {"before": rows[19].pk}))
    assert (str(rows[20]) in rest, str(rows[0]) in rest, "Earlier proposals" in rest) == (True, False, False)
