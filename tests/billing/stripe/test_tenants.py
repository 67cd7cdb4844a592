"""Whose a line is on an account that several share: by words, never by resemblance; the rest is counted and listed."""

from typing import Any

import pytest

from billing.attachments import AttachmentRefused, attach_lines, resolve_lines
from billing.invoices import sync_invoices
from billing.models import Organization, SourceChange, StatementLineVersion
from billing.sandbox.banking import invoice
from billing.statement_queries import current_lines, lines_of_tenant, statement_totals, unattached

from .desk import NOW, Desk, days_ago, organization


@pytest.fixture
def acme(shared: Desk) -> Organization:
    return organization("acme", stripe_account="")


def line_of(desk: Desk, source: str) -> StatementLineVersion:
    return current_lines(desk.organization).get(source_reference=source)


def answers(desk: Desk, source: str) -> tuple[Any, ...]:
    line = line_of(desk, source)
    return (line.tenant.slug if line.tenant else None, line.tenant_answer, line.invoice_reference, line.invoice_answer)


def test_an_account_of_one_s_own_answers_for_all_its_lines(desk: Desk) -> None:
    charge = desk.merchant.charge(100, days_ago(1), metadata={"workspace_id": "someone-else", "invoice_id": "A-1"})
    desk.merchant.line(None, -40, 0, days_ago(1), words=("stripe_fee", "fee"))
    assert desk.ingest().unattached == 0
    assert answers(desk, charge["id"]) == ("acme", "account", "A-1", "charge")


def test_the_charge_answers_before_its_payment_intent(shared: Desk, acme: Organization) -> None:
    organization("other", stripe_account="")
    first = shared.merchant.charge(
        100,
        days_ago(1),
        metadata={"workspace_id": "acme"},
        intent_metadata={"workspace_id": "other", "invoice_id": "7"},
    )
    second = shared.merchant.charge(100, days_ago(1), intent_metadata={"workspace_id": "acme"})
    shared.ingest()
    assert answers(shared, first["id"]) == ("acme", "charge", "7", "payment_intent")
    assert answers(shared, second["id"]) == ("acme", "payment_intent", "", "")


def test_a_refund_and_a_dispute_are_answered_for_by_their_charge(shared: Desk, acme: Organization) -> None:
    charge = shared.merchant.charge(100, days_ago(2), metadata={"workspace_id": "acme", "invoice_id": "A-1"})
    refund = shared.merchant.refund(charge, 40, days_ago(1))
    dispute = shared.merchant.dispute(charge, days_ago(1))
    shared.ingest()
    for source in (refund["id"], dispute["id"]):
        assert answers(shared, source) == ("acme", "charge", "A-1", "charge")
        assert line_of(shared, source).charge_reference == charge["id"]


def test_invoice_and_subscription_answer_when_they_come_in(shared: Desk, acme: Organization) -> None:
    first, second = (shared.merchant.charge(100, days_ago(1)) for _ in range(2))
    one = invoice(shared.merchant, 100, days_ago(2), paid_by=[(first, 100)], metadata={"workspace_id": "acme"})
    two = invoice(
        shared.merchant, 100, days_ago(2), paid_by=[(second, 100)], subscription_metadata={"workspace_id": "acme"}
    )
    assert shared.ingest().unattached == 2
    done = sync_invoices(organization=shared.organization, access=shared.access, by="test", clock=shared.clock)
    assert done.resolved == 2
    assert answers(shared, first["id"]) == ("acme", "invoice", one["id"], "invoice_payment")
    assert answers(shared, second["id"]) == ("acme", "subscription", two["id"], "invoice_payment")
    again = sync_invoices(organization=shared.organization, access=shared.access, by="test", clock=shared.clock)
    assert again.resolved == 0


def test_one_payment_for_two_invoices_names_neither(desk: Desk) -> None:
    charge = desk.merchant.charge(100, days_ago(1))
    for _ in range(2):
        invoice(desk.merchant, 50, days_ago(2), paid_by=[(charge, 50)])
    sync_invoices(organization=desk.organization, access=desk.access, by="test", clock=desk.clock)
    desk.ingest()
    assert answers(desk, charge["id"])[2:] == ("", "")


def test_without_a_word_a_line_belongs_to_no_one_but_is_counted(shared: Desk, acme: Organization) -> None:
    shared.merchant.charge(100, days_ago(1))
    shared.merchant.charge(200, days_ago(1), metadata={"workspace_id": "nobody-here"})
    shared.merchant.line(None, -40, 0, days_ago(1), words=("stripe_fee", "fee"))
    assert shared.ingest().unattached == 3
    assert set(unattached(shared.organization).values_list("workspace", flat=True)) == {"", "nobody-here"}
    assert not lines_of_tenant(acme).exists()
    assert not lines_of_tenant(shared.organization).exists()
    totals = statement_totals(organization=shared.organization, start=NOW.replace(day=1), end=NOW, by=["tenant"])
    assert [(row["tenant"], row["count"], row["gross"]) for row in totals] == [("", 3, 260)]


def test_a_workspace_two_organizations_could_mean_is_nobody_s(shared: Desk, acme: Organization) -> None:
    organization("second", stripe_account="", workspace_id="acme")
    shared.merchant.charge(100, days_ago(1), metadata={"workspace_id": "acme"})
    assert shared.ingest().unattached == 1


def test_an_organization_made_later_gets_its_lines(shared: Desk) -> None:
    charge = shared.merchant.charge(100, days_ago(1), metadata={"workspace_id": "ws_77"})
    shared.ingest()
    late = organization("late", stripe_account="", workspace_id="ws_77")
    assert resolve_lines(organization=shared.organization, by="test", now=NOW) == 1
    assert answers(shared, charge["id"])[:2] == ("late", "charge")
    assert SourceChange.objects.filter(organization=late, source="statement_line").count() == 1


def test_a_person_attaches_with_a_reason_and_ingestion_leaves_it(shared: Desk, acme: Organization) -> None:
    charge = shared.merchant.charge(100, days_ago(1), metadata={"workspace_id": "nobody-here"})
    shared.ingest()
    name = line_of(shared, charge["id"]).line.external_id
    give: dict[str, Any] = {"organization": shared.organization, "tenant": acme, "by": "mia", "now": NOW}
    done = attach_lines(external_ids=[name, "txn_unknown"], reason="their terminal", **give)
    assert (done.attached, done.already, done.unknown) == ([name], [], ["txn_unknown"])
    assert attach_lines(external_ids=[name], reason="again", **give).already == [name]
    organization("other", stripe_account="", workspace_id="nobody-here")
    charge["metadata"] = {"workspace_id": "nobody-here", "note": "changed"}
    shared.ingest()
    line = line_of(shared, charge["id"])
    assert (line.tenant, line.tenant_answer) == (acme, "person")
    assert StatementLineVersion.objects.filter(reason="their terminal", recorded_by="mia").count() == 1


def test_a_line_that_changes_hands_is_told_to_both(shared: Desk, acme: Organization) -> None:
    charge = shared.merchant.charge(100, days_ago(1), metadata={"workspace_id": "acme"})
    shared.ingest()
    other = organization("other", stripe_account="")
    SourceChange.objects.all().delete()
    charge["metadata"] = {"workspace_id": "other"}
    shared.ingest()
    told = set(SourceChange.objects.values_list("organization__slug", flat=True))
    assert told == {"platform", "acme", "other"}
    charge["metadata"] = {"workspace_id": "gone"}
    shared.ingest()
    assert unattached(shared.organization).count() == 1
    assert not lines_of_tenant(other).exists()


def test_attaching_without_a_reason_is_refused(shared: Desk, acme: Organization) -> None:
    with pytest.raises(AttachmentRefused):
        attach_lines(
            organization=shared.organization, tenant=acme, external_ids=["txn_1"], by="mia", reason=" ", now=NOW
        )
