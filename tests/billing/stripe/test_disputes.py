"""Disputes over their whole life: states, deadlines, money withdrawn and given back."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F

from billing import walks
from billing.disputes import sync_disputes
from billing.events import record_event
from billing.models import ProviderEvent, ProviderFetch, ProviderRecordVersion
from billing.statement_queries import current_lines
from billing.strict_json import loads
from billing.stripe_disputes import dispute_detail

from ..stripe_facts import dispute as a_dispute
from ..stripe_facts import event
from .desk import DAY, NOW, T0, Desk, days_ago


def sweep(desk: Desk) -> ProviderFetch:
    desk.pass_time(3600)
    return sync_disputes(organization=desk.organization, access=desk.access, by="test", clock=desk.clock)


def current(desk: Desk, external_id: str) -> ProviderRecordVersion:
    rows = ProviderRecordVersion.objects.filter(organization=desk.organization, number=F("record__current_number"))
    return rows.get(record__external_id=external_id)


def test_every_dispute_is_read_in_every_sweep_whatever_its_age(desk: Desk) -> None:
    old = desk.merchant.dispute(desk.merchant.charge(7_000, days_ago(100)), days_ago(90))
    new = desk.merchant.dispute(desk.merchant.charge(5_000, days_ago(3)), days_ago(2))
    assert sweep(desk).created == 2
    desk.merchant.close_dispute(old, days_ago(0), won=False)
    second = sweep(desk)
    assert (second.created, second.changed, second.unchanged) == (0, 1, 1)
    assert (current(desk, old["id"]).status, current(desk, new["id"]).status) == ("succeeded", "pending")


def test_a_sweep_that_sees_nothing_new_writes_nothing(desk: Desk) -> None:
    desk.merchant.dispute(desk.merchant.charge(7_000, days_ago(10)), days_ago(9))
    sweep(desk)
    before = (ProviderEvent.objects.count(), ProviderRecordVersion.objects.count())
    assert sweep(desk).unchanged == 1
    assert (ProviderEvent.objects.count(), ProviderRecordVersion.objects.count()) == before


def test_the_history_of_a_dispute_is_its_versions(desk: Desk) -> None:
    dispute = desk.merchant.dispute(desk.merchant.charge(7_000, days_ago(10)), days_ago(9))
    sweep(desk)
    dispute["status"] = "under_review"
    dispute["evidence_details"] |= {"has_evidence": True, "submission_count": 1}
    sweep(desk)
    desk.merchant.close_dispute(dispute, days_ago(0), won=True, fee_back=500)
    sweep(desk)
    rows = ProviderRecordVersion.objects.filter(record__external_id=dispute["id"]).order_by("number")
    assert [row.detail["provider_status"] for row in rows] == ["needs_response", "under_review", "won"]
    last = rows.last()
    assert last is not None
    figures = {name: last.detail[name] for name in ("withdrawn_minor", "reinstated_minor", "fee_minor", "net_minor")}
    assert figures == {"withdrawn_minor": 7_000, "reinstated_minor": 7_000, "fee_minor": 1_000, "net_minor": -1_000}
    assert last.event is not None
    assert (last.event.source, last.event.fetch is not None) == ("object_sync", True)


def test_a_fetched_state_corrects_an_event_that_came_late(desk: Desk) -> None:
    dispute = desk.merchant.dispute(desk.merchant.charge(7_000, days_ago(10)), days_ago(9))
    sweep(desk)
    astray = desk.shelf.rendered(dispute, []) | {"status": "lost"}
    stamped = event(astray, "charge.dispute.closed", created=T0 + 2 * 3600)
    desk.pass_time(3 * 3600)
    record_event(organization=desk.organization, event=stamped, source="webhook", now=desk.moment)
    assert current(desk, dispute["id"]).detail["provider_status"] == "lost"
    sweep(desk)
    assert current(desk, dispute["id"]).detail["provider_status"] == "needs_response"


def test_an_inquiry_moves_no_money(desk: Desk) -> None:
    dispute = desk.merchant.dispute(desk.merchant.charge(7_000, days_ago(10)), days_ago(9), inquiry=True)
    sweep(desk)
    detail = current(desk, dispute["id"]).detail
    assert detail["provider_status"] == "warning_needs_response"
    assert "moves" not in detail
    assert "withdrawn_minor" not in detail


def test_a_deadline_of_zero_means_that_no_answer_is_possible(desk: Desk) -> None:
    charges = [desk.merchant.charge(100, days_ago(5)) for _ in range(2)]
    none = desk.merchant.dispute(charges[0], days_ago(4), due_by=0)
    some = desk.merchant.dispute(charges[1], days_ago(4), due_by=T0 + DAY)
    sweep(desk)
    assert current(desk, none["id"]).detail["no_response_possible"] is True
    assert "due_by" not in current(desk, none["id"]).detail
    assert current(desk, some["id"]).detail["due_by"] == "2026-11-21T12:00:00+00:00"
    assert "no_response_possible" not in current(desk, some["id"]).detail


def test_the_withdrawal_and_the_reinstatement_stand_on_the_statement(desk: Desk) -> None:
    dispute = desk.merchant.dispute(desk.merchant.charge(700, days_ago(5)), days_ago(4))
    desk.merchant.close_dispute(dispute, days_ago(1), won=True)
    desk.ingest()
    lines = current_lines(desk.organization).filter(source_reference=dispute["id"]).order_by("occurred_at")
    assert [(line.kind, line.gross_minor, line.fee_minor, line.net_minor) for line in lines] == [
        ("dispute", -700, 1_500, -2_200),
        ("dispute_reversal", 700, 0, 700),
    ]


def test_movements_in_several_currencies_are_not_added_together() -> None:
    moves: list[dict[str, Any]] = [
        {"id": f"txn_{place}", "amount": -700, "fee": 0, "net": -700, "currency": currency}
        for place, currency in enumerate(("eur", "usd"))
    ]
    detail = dispute_detail({"object": "dispute", "id": "dp_1", "balance_transactions": moves})
    assert "withdrawn_minor" not in detail
    assert len(detail["moves"]) == 2


def test_a_number_of_submissions_that_is_none_is_left_out() -> None:
    given = (2, 0, "2", "many", 1.5, None)
    details = [dispute_detail(a_dispute(evidence_details={"submission_count": number})) for number in given]
    assert [detail.get("submissions") for detail in details] == [2, None, 2, None, None, None]


def test_a_page_asked_for_ahead_does_not_undo_what_an_event_told_meanwhile(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walks, "PAGE_ROWS", 1)
    older, _newer = (desk.merchant.dispute(desk.merchant.charge(700, days_ago(9)), days_ago(age)) for age in (8, 7))

    def closed(_fetch: ProviderFetch) -> None:
        told = event({**older, "status": "lost"}, "charge.dispute.closed", created=T0 + 30)
        source = ProviderEvent.Source.WEBHOOK
        record_event(organization=desk.organization, event=told, source=source, now=desk.moment)
        desk.moment = NOW + timedelta(seconds=60)

    sync_disputes(organization=desk.organization, access=desk.access, by="test", clock=desk.clock, listener=closed)
    assert current(desk, older["id"]).detail["provider_status"] == "lost"


def test_the_recorded_dispute_chain_nets_as_its_facts_say(raw_sample: Callable[[str], Path]) -> None:
    objects = loads(raw_sample("webhook-events-mit/objects_dump.json").read_bytes())
    disputes = [item for item in walked(objects) if item.get("object") == "dispute"]
    nets = {
        tuple(sorted((move["amount_minor"], move["net_minor"]) for move in dispute_detail(item)["moves"])):
        dispute_detail(item).get("net_minor")
        for item in disputes
    }  # fmt: skip
    assert nets == {
        ((-1000, -2500),): -2500,
        ((-1000, -2500), (1000, 2500)): 0,
        ((-1000, -2500), (900, 2250)): -250,
    }


def walked(value: Any) -> list[dict[str, Any]]:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    own = [value] if isinstance(value, dict) and "object" in value and "id" in value else []
    return own + [found for one in inner for found in walked(one)]
