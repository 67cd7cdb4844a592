"""Importing provider records from files."""

import pytest

from billing.imports.importing import ImportRefused
from billing.models import Organization, ProviderEvent, ProviderRecord
from tests.billing.imports.files import RECORD, bring_records, csv_bytes, reported

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Organization:
    return Organization.objects.create(slug="acme", name="Acme")


def test_a_row_becomes_a_provider_record_without_an_event(acme: Organization) -> None:
    bring_records(acme, csv_bytes(RECORD), provider="adyen")
    facts = reported(acme)["charge", "tx_1"]
    assert (facts["amount_minor"], facts["fee_minor"], facts["reference"]) == (1000, 39, "INV-1")
    assert ProviderRecord.objects.get().provider == "adyen"
    assert not ProviderEvent.objects.exists()


def test_a_blank_fee_is_unknown_not_zero(acme: Organization) -> None:
    bring_records(acme, csv_bytes({**RECORD, "fee": ""}, {**RECORD, "provider_reference": "tx_2", "fee": "0"}))
    found = reported(acme)
    assert (found["charge", "tx_1"]["fee_minor"], found["charge", "tx_2"]["fee_minor"]) == (None, 0)


def test_a_changed_fee_becomes_a_new_version(acme: Organization) -> None:
    bring_records(acme, csv_bytes({**RECORD, "fee": ""}))
    assert bring_records(acme, csv_bytes(RECORD)).changed == 1
    assert ProviderRecord.objects.get().current_number == 2
    assert bring_records(acme, csv_bytes(RECORD)).batch_id is None


def test_amount_and_fee_may_come_in_minor_units(acme: Organization) -> None:
    row = {name: value for name, value in RECORD.items() if name not in {"amount", "fee"}}
    bring_records(acme, csv_bytes({**row, "amount_minor": "1000", "fee_minor": "-12"}))
    facts = reported(acme)["charge", "tx_1"]
    assert (facts["amount_minor"], facts["fee_minor"]) == (1000, -12)


def test_an_id_of_another_provider_is_refused(acme: Organization) -> None:
    bring_records(acme, csv_bytes(RECORD), provider="adyen")
    with pytest.raises(ImportRefused) as caught:
        bring_records(acme, csv_bytes({**RECORD, "provider_reference": "tx_0"}, RECORD), provider="other")
    (problem,) = caught.value.result.problems
    assert (problem.row, problem.column, problem.value) == (3, "provider_reference", "tx_1")
    assert ProviderRecord.objects.count() == 1
