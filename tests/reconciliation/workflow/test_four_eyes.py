"""Who proposes never approves (TRUST 8): in the domain functions, and where they are walked around, in the database."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from reconciliation import workflow
from reconciliation.models import ClosingThreshold, ReconciliationDiscrepancy

from .cases import NOW, Desk, log_of


def forced(row: ReconciliationDiscrepancy, **values: Any) -> None:
    """Writes around the domain functions."""
    with transaction.atomic():
        ReconciliationDiscrepancy.objects.filter(pk=row.pk).update(**values)


def resolved(desk: Desk, **values: Any) -> dict[str, Any]:
    one, other = desk.person("Manager", "one"), desk.person("Manager", "other")
    return {
        "status": "resolved", "resolved_at": NOW, "resolution_code": "timing", "closing_rule": "four_eyes",
        "proposed_by": one, "proposed_at": NOW, "approved_by": other,
    } | values  # fmt: skip


def test_the_database_accepts_what_two_people_resolved(desk: Desk) -> None:
    """The control of the refusals below: only what they change makes the difference."""
    forced(desk.discrepancy(), **resolved(desk))


@pytest.mark.parametrize(
    "change",
    [
        {"approved_by": "one"},
        {"approved_by": None},
        {"proposed_by": None},
        {"closing_rule": ""},
        {"closing_rule": "run"},
        {"closing_rule": "run", "approved_by": None},
        {"closing_rule": "anything"},
        {"closing_rule": "below_threshold"},
        {"closing_rule": "below_threshold", "approved_by": "one"},
        {"closing_rule": "below_threshold", "approved_by": "one", "closing_limit_minor": 49},
        {"closing_rule": "below_threshold", "approved_by": "one", "closing_limit_minor": -50},
        {"closing_rule": "below_threshold", "approved_by": "one", "closing_limit_minor": 50, "difference_minor": None},
        {"closing_rule": "below_threshold", "approved_by": "one", "closing_limit_minor": 50, "difference_minor": 51},
        {"closing_rule": "below_threshold", "approved_by": None, "closing_limit_minor": 50},
        {"resolution_code": ""},
        {"status": "open", "resolved_at": None},
        {"status": "acknowledged", "resolved_at": None, "resolution_code": "", "proposed_by": None},
        {"status": "pending_approval", "resolved_at": None},
        {
            "status": "pending_approval",
            "resolved_at": None,
            "closing_rule": "",
            "approved_by": None,
            "proposed_by": None,
        },
    ],
    ids=str,
)
def test_the_database_refuses_any_other_way(desk: Desk, change: dict[str, Any]) -> None:
    people = {"one": desk.person("Manager", "one")}
    values = {name: people.get(value, value) if isinstance(value, str) else value for name, value in change.items()}
    with pytest.raises(IntegrityError, match="discrepancy_"):
        forced(desk.discrepancy(), **resolved(desk, **values))


def test_one_manager_closes_what_lies_below_the_threshold(desk: Desk) -> None:
    ClosingThreshold.objects.create(organization=desk.organization, currency="EUR", limit_minor=50)
    manager = desk.person("Manager")
    for difference in (50, -50, 0):
        after = desk.take("close", desk.discrepancy(difference_minor=difference), manager)
        assert (after.status, after.closing_rule, after.closing_limit_minor) == ("resolved", "below_threshold", 50)
        assert (after.proposed_by_id, after.approved_by_id) == (manager.pk, manager.pk)


@pytest.mark.parametrize("difference", [51, -51, None])
def test_two_people_are_needed_above_the_threshold_and_where_no_amount_is_known(
    desk: Desk, difference: int | None
) -> None:
    ClosingThreshold.objects.create(organization=desk.organization, currency="EUR", limit_minor=50)
    row = desk.discrepancy(difference_minor=difference)
    with pytest.raises(workflow.NotAllowed, match="needs two people"):
        desk.take("close", row, desk.person("superuser"))
    assert log_of(row) == []


def test_a_threshold_counts_for_its_currency_and_organization_only(desk: Desk) -> None:
    other = Desk(books=type(desk.books)("second"))
    ClosingThreshold.objects.create(organization=other.organization, currency="EUR", limit_minor=1_000)
    ClosingThreshold.objects.create(organization=desk.organization, currency="USD", limit_minor=1_000)
    with pytest.raises(workflow.NotAllowed, match="needs two people"):
        desk.take("close", desk.discrepancy(), desk.person("Manager"))


def test_an_adjustment_needs_two_people_whatever_its_amount(desk: Desk) -> None:
    ClosingThreshold.objects.create(organization=desk.organization, currency="EUR", limit_minor=1_000)
    with pytest.raises(workflow.NotAllowed, match="whatever the amount"):
        desk.take("close", desk.discrepancy(), desk.person("Manager"), code="adjustment")


def test_an_approval_names_the_version_it_saw(desk: Desk) -> None:
    author, manager = desk.person("Manager", "author"), desk.person("Manager")
    seen = desk.take("propose", desk.discrepancy(), author, code="timing")
    revised = desk.take("revise", seen, author, code="accepted_difference", reason="on second thought")
    with pytest.raises(workflow.StaleDiscrepancy) as refusal:
        desk.take("approve", seen, manager)
    change = refusal.value.changes[-1]
    assert (change.actor, change.action) == ("user:author", "proposal_revised")
    assert (change.before["resolution_code"], change.after["resolution_code"]) == ("timing", "accepted_difference")
    assert desk.take("approve", revised, manager).status == "resolved"


def test_nobody_edits_the_proposal_of_somebody_else(desk: Desk) -> None:
    row = desk.take("propose", desk.discrepancy(), desk.person("Operator"))
    for role in ("Manager", "Owner", "superuser"):
        with pytest.raises(workflow.NotAllowed, match="Only whoever proposed this"):
            desk.take("revise", row, desk.person(role))


def test_a_proposal_made_after_a_rejection_is_the_new_author_s(desk: Desk) -> None:
    first, second = desk.person("Manager", "first"), desk.person("Manager", "second")
    row = desk.take("propose", desk.discrepancy(), first)
    row = desk.take("reject", row, second, reason="not convinced")
    assert (row.status, row.proposed_by_id, row.resolution_code) == ("acknowledged", None, "")
    row = desk.take("propose", row, second)
    with pytest.raises(workflow.OwnProposal):
        desk.take("approve", row, second)
    assert desk.take("approve", row, first).status == "resolved"
