"""Payouts and the lines they sent to the bank."""

from django.db.models import F, Sum

from billing.models import PayoutVersion
from billing.payouts import PayoutSync, payout_state, sync_payouts
from billing.sandbox.banking import fail_payout, pay_out
from billing.statement_queries import current_lines

from .desk import DAY, Desk, days_ago


def sweep(desk: Desk) -> PayoutSync:
    return sync_payouts(organization=desk.organization, access=desk.access, by="test", clock=desk.clock)


def current(desk: Desk) -> PayoutVersion:
    return PayoutVersion.objects.get(organization=desk.organization, number=F("payout__current_number"))


def test_lines_of_a_payout_sum_to_it_its_own_line_taken_out(desk: Desk) -> None:
    for place in range(150):
        desk.merchant.charge(1_000 + place, days_ago(5) + place)
    payout = pay_out(desk.merchant, days_ago(3))
    desk.merchant.charge(9_999, days_ago(1))
    assert payout is not None
    done = sweep(desk)
    assert (done.itemised, done.lines) == (1, 151)
    lines = current_lines(desk.organization).filter(payout_reference=payout["id"])
    assert lines.aggregate(net=Sum("net_minor"))["net"] == 0
    own = lines.get(source_reference=payout["id"])
    assert (own.kind, -own.net_minor) == ("payout", current(desk).amount_minor)


def test_lines_already_ingested_learn_their_payout_and_keep_it(desk: Desk) -> None:
    desk.merchant.charge(1_000, days_ago(5))
    desk.ingest()
    payout = pay_out(desk.merchant, days_ago(3))
    sweep(desk)
    assert desk.ingest().fetch.changed == 0
    assert set(current_lines(desk.organization).values_list("payout_reference", flat=True)) == {(payout or {})["id"]}


def test_a_payout_is_itemised_once(desk: Desk) -> None:
    desk.merchant.charge(1_000, days_ago(5))
    pay_out(desk.merchant, days_ago(3))
    sweep(desk)
    again = sweep(desk)
    assert (again.itemised, again.fetch.created, again.fetch.changed) == (0, 0, 0)


def test_a_payout_is_itemised_when_its_reconciliation_is_completed(desk: Desk) -> None:
    desk.merchant.charge(1_000, days_ago(5))
    payout = pay_out(desk.merchant, days_ago(3), itemised=False)
    assert payout is not None
    assert sweep(desk).itemised == 0
    payout["reconciliation_status"] = "completed"
    desk.pass_time(DAY)
    assert sweep(desk).itemised == 1


def test_a_payout_that_fails_after_it_was_paid_becomes_a_new_version(desk: Desk) -> None:
    desk.merchant.charge(1_000, days_ago(9))
    payout = pay_out(desk.merchant, days_ago(8))
    assert payout is not None
    sweep(desk)
    assert current(desk).status == "paid"
    fail_payout(desk.merchant, payout, days_ago(3))
    desk.pass_time(3600)
    assert sweep(desk).fetch.changed == 1
    assert (current(desk).status, current(desk).failure_code) == ("failed", "account_closed")
    desk.ingest()
    back = current_lines(desk.organization).get(kind="payout_reversal")
    assert (back.line.external_id, back.net_minor) == (current(desk).failure_line_reference, payout["amount"])


def test_a_manual_payout_is_never_itemised() -> None:
    item = {"id": "po_1", "object": "payout", "amount": 100, "currency": "eur", "created": 1_700_000_000}
    assert payout_state(item | {"automatic": False, "status": "paid"})["itemised"] is False
    assert payout_state(item | {"automatic": True, "status": "paid"})["itemised"] is True
    assert payout_state(item | {"automatic": True, "status": "pending"})["itemised"] is False


def test_money_taken_back_from_the_bank_is_a_negative_payout() -> None:
    item = {"id": "po_1", "object": "payout", "amount": -100, "currency": "eur", "created": 1_700_000_000}
    assert payout_state(item)["amount_minor"] == -100
