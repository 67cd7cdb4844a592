"""Events in, records folded."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from billing.events import Outcome, record_event, record_objects, refold_organization
from billing.models import Organization, ProviderEvent, ProviderRecord, ProviderRecordVersion
from billing.observations import EventRefused

from .provider_facts import NOW, organization, records
from .stripe_facts import T0, Json, charge, dispute, event, intent, refund

WEBHOOK = ProviderEvent.Source.WEBHOOK
EXPORT = ProviderEvent.Source.OBJECT_IMPORT


@pytest.fixture
def acme(db: None) -> Organization:
    return organization()


def take(of: Organization, *events: Json, now: datetime = NOW) -> list[Outcome]:
    return [record_event(organization=of, event=one, source=WEBHOOK, now=now) for one in events]


def take_objects(of: Organization, *items: Json, at: datetime = NOW) -> Outcome:
    return record_objects(organization=of, objects=items, source=EXPORT, now=NOW, fetched_at=at)


def test_an_event_is_stored_and_makes_a_record(acme: Organization) -> None:
    [outcome] = take(acme, event(charge(), "charge.succeeded"))
    assert (outcome.stored, outcome.created, outcome.changed, outcome.problems) == (1, 1, 0, [])
    assert records(acme)["charge", "ch_1"]["status"] == "succeeded"
    version = ProviderRecordVersion.objects.get()
    assert version.event == ProviderEvent.objects.get()


def test_a_redelivered_event_is_stored_once(acme: Organization) -> None:
    delivered = event(charge())
    outcomes = take(acme, delivered, delivered | {"pending_webhooks": 0}, delivered)
    assert [one.stored for one in outcomes] == [1, 0, 0]
    assert (ProviderEvent.objects.count(), ProviderRecordVersion.objects.count()) == (1, 1)


def test_one_event_id_that_names_several_facts_keeps_them_all(acme: Organization) -> None:
    take(acme, event(charge(), id="evt_same"), event(dispute(), id="evt_same"))
    assert ProviderEvent.objects.filter(event_id="evt_same").count() == 2
    assert set(records(acme)) == {("charge", "ch_1"), ("dispute", "dp_1")}


def test_the_same_event_of_two_organizations_is_two_events(acme: Organization) -> None:
    other, same = organization("other"), event(charge())
    take(acme, same)
    take(other, same)
    assert ProviderEvent.objects.count() == 2
    assert records(acme).keys() == records(other).keys()


def test_a_changed_state_is_a_new_version_and_an_old_one_is_not(acme: Organization) -> None:
    [first, late, newer] = take(
        acme,
        event(charge(), created=T0 + 5),
        event(charge(status="pending"), created=T0),
        event(charge(disputed=True), created=T0 + 9),
    )
    assert [(one.created, one.changed) for one in (first, late, newer)] == [(1, 0), (0, 0), (0, 1)]
    record = ProviderRecord.objects.get()
    assert (record.current_number, record.versions.count()) == (2, 2)
    assert records(acme)["charge", "ch_1"]["detail"]["disputed"] is True


def test_an_unknown_type_is_kept(acme: Organization) -> None:
    [outcome] = take(acme, event({"id": "nov_1", "object": "novelty"}, "novelty.created"))
    assert (outcome.stored, outcome.problems) == (1, [])
    stored = ProviderEvent.objects.get()
    assert (stored.object_type, stored.object_id, stored.payload["type"]) == ("novelty", "nov_1", "novelty.created")


def test_an_unusable_object_is_stored_and_named(acme: Organization) -> None:
    [outcome] = take(acme, event(charge(amount=None)))
    assert outcome.stored == 1
    assert outcome.problems == ["charge ch_1: the field “amount” is missing."]
    assert (ProviderEvent.objects.count(), ProviderRecord.objects.count()) == (1, 0)


def test_an_unusable_state_leaves_the_record_as_it_was(acme: Organization) -> None:
    take(acme, event(charge()), event(charge(currency=None), created=T0 + 9))
    assert records(acme)["charge", "ch_1"]["currency"] == "EUR"


def test_a_charge_inside_an_intent_is_a_record_of_its_own(acme: Organization) -> None:
    inner = charge(refunds={"object": "list", "data": [refund()]})
    [outcome] = take(acme, event(intent(latest_charge=inner), "payment_intent.succeeded"))
    assert (outcome.stored, outcome.created) == (1, 3)
    assert {kind for kind, _ in records(acme)} == {"payment_intent", "charge", "refund"}
    [again] = take(acme, event(intent(latest_charge=inner), "payment_intent.succeeded", created=T0 + 1))
    assert (again.stored, again.changed) == (1, 0)


def test_a_charge_inside_an_older_intent_does_not_turn_it_back(acme: Organization) -> None:
    take(acme, event(charge(disputed=True), created=T0 + 9))
    take(acme, event(intent(latest_charge=charge()), created=T0 + 1))
    assert records(acme)["charge", "ch_1"]["detail"]["disputed"] is True


def test_contradicting_states_of_one_second_stay_visible_until_a_fetch(acme: Organization) -> None:
    take(acme, event(charge()), event(charge(status="failed")))
    assert records(acme)["charge", "ch_1"]["needs_fetch"] is True
    take_objects(acme, charge(status="failed"))
    state = records(acme)["charge", "ch_1"]
    assert (state["needs_fetch"], state["status"]) == (False, "failed")


def test_an_object_known_already_is_not_stored_again(acme: Organization) -> None:
    first, second = take_objects(acme, charge(), refund()), take_objects(acme, refund(), charge())
    assert (first.stored, first.known, first.created) == (2, 0, 2)
    assert (second.stored, second.known, second.created, second.changed) == (0, 2, 0, 0)


def test_an_export_older_than_an_event_does_not_outrank_it(acme: Organization) -> None:
    take(acme, event(charge(disputed=True), created=T0 + 100))
    take_objects(acme, charge(), at=datetime.fromtimestamp(T0 + 50, UTC))
    assert records(acme)["charge", "ch_1"]["detail"]["disputed"] is True


def test_new_reference_keys_reach_records_stored_before(acme: Organization) -> None:
    take(acme, event(charge(metadata={"order_id": "A-7"})))
    assert records(acme)["charge", "ch_1"]["reference"] == ""
    Organization.objects.filter(pk=acme.pk).update(reference_keys=["order_id"])
    outcome = refold_organization(organization=acme, now=NOW)
    assert (outcome.created, outcome.changed) == (0, 1)
    assert records(acme)["charge", "ch_1"]["reference"] == "A-7"
    assert refold_organization(organization=acme, now=NOW).changed == 0


def test_a_record_of_another_source_is_not_folded_over(acme: Organization) -> None:
    ProviderRecord.objects.create(organization=acme, provider="csv", kind="charge", external_id="ch_1")
    [outcome] = take(acme, event(charge()))
    assert (outcome.stored, len(outcome.problems)) == (1, 1)
    assert ProviderRecordVersion.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "code", "part"),
    [
        ({"object": "v2.core.event"}, "body_invalid", "snapshot"),
        ({"id": ""}, "body_invalid", "“id”"),
        ({"id": "x" * 256}, "body_invalid", "“id”"),
        ({"type": None}, "body_invalid", "“type”"),
        ({"created": "yesterday"}, "body_invalid", "“created”"),
        ({"created": True}, "body_invalid", "“created”"),
        ({"created": 10**30}, "body_invalid", "“created”"),
        ({"data": {"object": "ch_1"}}, "body_invalid", "“data.object”"),
        ({"data": None}, "body_invalid", "“data.object”"),
        ({"livemode": "no"}, "body_invalid", "“livemode”"),
        ({"livemode": True}, "livemode_mismatch", "test-mode"),
        ({"account": "acct_other"}, "account_mismatch", "acct_own"),
    ],
)
def test_what_is_no_event_of_the_organization_is_refused(db: None, fields: Json, code: str, part: str) -> None:
    own = organization(stripe_account="acct_own")
    with pytest.raises(EventRefused, match=part) as caught:
        take(own, event(charge(), **fields))
    assert caught.value.code == code
    assert ProviderEvent.objects.count() == 0


def test_a_bad_object_among_many_stores_nothing(acme: Organization) -> None:
    with pytest.raises(EventRefused):
        take_objects(acme, charge(), {"id": "no kind"})
    assert ProviderEvent.objects.count() == 0


def test_an_observation_cannot_be_changed(acme: Organization) -> None:
    take(acme, event(charge()))
    with pytest.raises(IntegrityError if connection.vendor == "sqlite" else Exception), transaction.atomic():
        ProviderEvent.objects.update(type="charge.failed")
