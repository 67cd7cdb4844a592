"""The generated month: repeatable, free of accidents, and readable by the imports."""

import io
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.events import record_event
from billing.imports.payments import import_payments
from billing.imports.provider_records import import_provider_records
from billing.models import Organization, Payment, ProviderRecord, ProviderRecordVersion
from billing.sample.draw import GAP_SECONDS, Draw
from billing.sample.generated import SCENARIOS, events, payments_csv, provider_records_csv, stories, truths
from billing.sample.plan import CSV, EVENTS, RATES, Ours, Plan, Story, Theirs

START, AS_OF = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
PLAN = Plan(payments=1_500, start=START, as_of=AS_OF)


def month(**changes: object) -> list[Story]:
    return list(stories(replace(PLAN, **changes)))  # type: ignore[arg-type]


def records_of(story: Story) -> list[Ours | Theirs]:
    return [*story.ours, *story.theirs]


def test_the_same_plan_gives_the_same_month() -> None:
    assert month() == month()


def test_another_seed_gives_another_month() -> None:
    assert month(seed=2) != month()


def test_every_scenario_happens_as_often_as_planned() -> None:
    told = Counter(story.scenario for story in month())
    assert told.keys() == {*RATES, "by_intent"} == set(SCENARIOS)
    assert sum(told.values()) == PLAN.payments
    assert told["by_charge"] == round(RATES["by_charge"] * PLAN.payments)


@pytest.mark.parametrize("form", [CSV, EVENTS])
def test_every_record_has_one_truth(form: str) -> None:
    told = month(form=form)
    records = [("left", p.kind, p.external_id) for story in told for p in story.ours]
    records += [("right", record.kind, record.id) for story in told for record in story.theirs]
    labelled = [(found.side, found.kind, found.id) for story in told for found in story.truths]
    assert len(set(records)) == len(records)
    assert sorted(records) == sorted(labelled)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), form=st.sampled_from([CSV, EVENTS]))
def test_no_customer_has_an_amount_twice_unless_a_scenario_wants_it(seed: int, form: str) -> None:
    owners: dict[tuple[str, int], set[int]] = {}
    for number, story in enumerate(month(seed=seed, form=form, payments=600)):
        for record in records_of(story):
            if record.kind == "charge" and record.customer:
                owners.setdefault((record.customer, record.amount_minor), set()).add(number)
    assert [stories for stories in owners.values() if len(stories) > 1] == []


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), form=st.sampled_from([CSV, EVENTS]))
def test_what_is_missing_is_due_and_what_is_not_due_is_not(seed: int, form: str) -> None:
    due = int((AS_OF - PLAN.grace).timestamp())
    for story in month(seed=seed, form=form, payments=600):
        times = [record.occurred_at for record in records_of(story)]
        assert START.timestamp() <= min(times) <= max(times) < AS_OF.timestamp()
        for found in story.truths:
            if found.outcome in {"only_left", "only_right"}:
                assert max(times) < due
            if found.outcome == "not_due":
                assert min(times) > due


def test_no_provider_record_stands_in_the_webhook_gap_and_booked_ones_do() -> None:
    told = month()
    gap = Draw(PLAN).gap
    inside = range(gap, gap + GAP_SECONDS)
    assert [record for story in told for record in story.theirs if record.occurred_at in inside] == []
    booked = [story.scenario for story in told for payment in story.ours if payment.occurred_at in inside]
    assert set(booked) == {"webhook_gap"}


def test_shuffled_rows_are_the_same_truth() -> None:
    told = month()
    assert truths(told) == truths(reversed(told))


@pytest.mark.django_db
def test_both_files_go_in_without_a_single_error() -> None:
    acme = Organization.objects.create(slug="acme", name="Acme", reference_keys=["order_id"])
    told = month(form=CSV)
    ours = import_payments(organization=acme, file=io.BytesIO(payments_csv(told)), filename="p", by="test", now=AS_OF)
    theirs = import_provider_records(
        organization=acme, file=io.BytesIO(provider_records_csv(told)), filename="r", by="test", now=AS_OF
    )
    assert ours.created == Payment.objects.count() == sum(len(story.ours) for story in told)
    assert theirs.created == ProviderRecord.objects.count() == sum(len(story.theirs) for story in told)


@pytest.mark.django_db
def test_events_fold_into_the_records_they_were_made_from() -> None:
    acme = Organization.objects.create(slug="acme", name="Acme", reference_keys=["order_id"])
    told = month(payments=150)
    for event in events(told, reference_key="order_id"):
        record_event(organization=acme, event=event, source="event_import", now=AS_OF + timedelta(hours=1))
    names = ("amount_minor", "fee_minor", "currency", "status", "parent_reference", "reference", "customer")
    current = ProviderRecordVersion.objects.exclude(record__kind="payment_intent").order_by("number")
    found = {row[0]: row[1:] for row in current.values_list("record__external_id", *names)}
    assert found == {
        record.id: (
            record.amount_minor,
            record.fee_minor,
            record.currency,
            record.status,
            record.parent,
            record.reference,
            record.customer,
        )
        for story in told
        for record in story.theirs
    }
