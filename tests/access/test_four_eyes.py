"""Whoever proposed decides through no door (TRUST 8): every way to become the author × every way to decide × role."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from reconciliation import bulk
from reconciliation.models import BulkAction, BulkRow, ReconciliationDiscrepancy
from reconciliation.workflow import StepRefused
from tests.people import browser
from tests.reconciliation.api.callers import Caller
from tests.reconciliation.bulk.facts import confirmed, frozen, worked
from tests.reconciliation.workflow.cases import NOW, Desk, log_of

Row = ReconciliationDiscrepancy
Door = Callable[[Desk, Row, User], None]
ROLES = ("Manager", "Owner", "superuser")
WHY = {"code": "timing", "reason": "late"}


def now(row: Row) -> Row:
    return Row.objects.get(pk=row.pk)


def on_the_page(row: Row, by: User, step: str, **given: str) -> None:
    address = reverse(f"admin:reconciliation_reconciliationdiscrepancy_step_{step}", args=[row.pk])
    browser(by).post(address, {"_form_submitted": "True", "version": str(now(row).version), "reason": "why", **given})


def in_bulk(row: Row, by: User, action: str, desk: Desk, **given: Any) -> BulkAction:
    preview = frozen(desk, action, by, [row])
    return worked(confirmed(preview, by, **given)) if preview.rows_to_work else preview


def proposed(desk: Desk, row: Row, by: User) -> None:
    desk.take("propose", row, by)


def proposed_on_the_page(_desk: Desk, row: Row, by: User) -> None:
    on_the_page(row, by, "propose", **WHY)


def proposed_in_bulk(desk: Desk, row: Row, by: User) -> None:
    in_bulk(row, by, "propose", desk, **WHY)


def proposed_by_program(_desk: Desk, row: Row, by: User) -> None:
    assert Caller(by).post(row, "resolve", code="timing", notes="late")[0] == 200


def dismissed(desk: Desk, row: Row, by: User) -> None:
    desk.take("dismiss_duplicate", row, by)


def edited_afterwards(desk: Desk, row: Row, by: User) -> None:
    desk.take("revise", desk.take("propose", row, by), by, code="accepted_difference", reason="on second thought")


def edited_on_the_page(desk: Desk, row: Row, by: User) -> None:
    desk.take("propose", row, by)
    on_the_page(row, by, "revise", code="accepted_difference")


def rejected_then_proposed(desk: Desk, row: Row, by: User) -> None:
    first = desk.take("propose", row, desk.person("Operator", "first-author"))
    desk.take("propose", desk.take("reject", first, by, reason="not convinced"), by)


PROPOSING: tuple[Door, ...] = (
    proposed, proposed_on_the_page, proposed_in_bulk, proposed_by_program, dismissed, edited_afterwards,
    edited_on_the_page, rejected_then_proposed,
)  # fmt: skip


def decided(action: str) -> Door:
    def take(desk: Desk, row: Row, by: User) -> None:
        with suppress(StepRefused):
            desk.take(action, now(row), by, reason="so be it")

    return take


def decided_on_the_page(action: str) -> Door:
    return lambda _desk, row, by: on_the_page(row, by, action)


def decided_in_bulk(action: str) -> Door:
    def take(desk: Desk, row: Row, by: User) -> None:
        in_bulk(row, by, action, desk, reason="so be it")

    return take


def decided_in_bulk_by_force(action: str) -> Door:
    """As if the preview had not known whose proposal it is."""

    def take(desk: Desk, row: Row, by: User) -> None:
        preview = frozen(desk, action, by, [row])
        BulkRow.objects.filter(bulk=preview).update(result="waiting", why="")
        BulkAction.objects.filter(pk=preview.pk).update(rows_skipped=0)
        preview.refresh_from_db()
        worked(confirmed(preview, by, reason="so be it"))

    return take


def closed_by_program(_desk: Desk, row: Row, by: User) -> None:
    Caller(by).post(row, "resolve", code="timing", notes="so be it")


def closed_on_the_page(_desk: Desk, row: Row, by: User) -> None:
    on_the_page(row, by, "close", **WHY)


MAKERS = (decided, decided_on_the_page, decided_in_bulk, decided_in_bulk_by_force)
DECIDING: dict[str, Door] = {
    f"{maker.__name__}: {action}": maker(action) for maker in MAKERS for action in ("approve", "reject")
} | {"closed on the page": closed_on_the_page, "closed by program": closed_by_program}


def slipped_through(desk: Desk, propose: Door, roles: tuple[str, ...]) -> list[str]:
    """The ways, if any, by which somebody decided about an own proposal."""
    found = []
    for role in roles:
        author = desk.person(role)
        for name, decide in DECIDING.items():
            row = desk.discrepancy()
            propose(desk, row, author)
            before = now(row)
            assert (before.status, before.proposed_by_id) == ("pending_approval", author.pk), propose.__name__
            logged = len(log_of(row))
            decide(desk, row, author)
            after = now(row)
            if (after.status, after.version, len(log_of(row))) != (before.status, before.version, logged):
                found.append(f"{role}, {propose.__name__}, {name}: {after.status}")
    return found


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk()


@pytest.mark.parametrize("propose", [proposed_in_bulk, edited_on_the_page], ids=lambda door: door.__name__)
def test_a_manager_decides_about_no_proposal_of_their_own(desk: Desk, propose: Door) -> None:
    assert slipped_through(desk, propose, ("Manager",)) == []


@pytest.mark.trust
@pytest.mark.parametrize("propose", PROPOSING, ids=lambda door: door.__name__)
def test_nobody_decides_about_an_own_proposal_through_any_door(desk: Desk, propose: Door) -> None:
    assert slipped_through(desk, propose, ROLES) == []


@pytest.mark.parametrize(
    "propose",
    [proposed_by_program, *(pytest.param(door, marks=pytest.mark.trust) for door in (proposed, proposed_in_bulk))],
    ids=lambda door: door.__name__,
)
def test_somebody_else_decides_through_each_of_them(desk: Desk, propose: Door) -> None:
    """The control: the same doors open for the second person, but for closing alone."""
    author, manager = desk.person("Owner", "the-author"), desk.person("Manager")
    for name, decide in DECIDING.items():
        row = desk.discrepancy()
        propose(desk, row, author)
        decide(desk, row, manager)
        expected = {"approve": "resolved", "reject": "acknowledged"}.get(name.rpartition(" ")[2], "pending_approval")
        assert now(row).status == expected, name


@pytest.mark.parametrize("role", ROLES)
def test_nobody_edits_a_proposal_of_somebody_else_to_become_its_author(desk: Desk, role: str) -> None:
    other = desk.person(role)
    row = desk.take("propose", desk.discrepancy(), desk.person("Manager", "the-author"))
    for step in ("revise", "withdraw", "propose", "dismiss_duplicate"):
        on_the_page(row, other, step, **WHY)
        with suppress(StepRefused):
            desk.take(step, now(row), other)
        Caller(other).post(row, "resolve", code="timing", notes="mine now")
    stored = now(row)
    assert (stored.proposed_by, stored.version, len(log_of(row))) == (desk.person("Manager", "the-author"), 2, 1)


def test_a_proposal_edited_after_the_preview_of_an_approval_is_left_alone(desk: Desk) -> None:
    author, manager = desk.person("Owner", "the-author"), desk.person("Manager")
    row = desk.take("propose", desk.discrepancy(), author)
    preview = confirmed(frozen(desk, "approve", manager, [row]), manager)
    desk.take("revise", row, author, code="accepted_difference", reason="on second thought")
    assert (worked(preview).rows_changed, now(row).status) == (1, "pending_approval")
    assert bulk.retry(bulk=preview, by=author, now=NOW).rows_to_work == 0
