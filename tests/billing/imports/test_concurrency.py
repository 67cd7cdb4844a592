"""Two imports at once."""

from collections.abc import Callable
from typing import Any

import pytest

from billing.models import ImportBatch, Organization, Payment, PaymentVersion
from tests.billing.imports.files import RECORD, bring_payments, bring_records, csv_bytes, payments

Together = Callable[..., list[Any]]


@pytest.mark.usefixtures("ledger_transactions")
@pytest.mark.parametrize(
    ("bring", "content"),
    [
        (bring_payments, payments(*({"external_id": f"p{n}"} for n in range(200)))),
        (bring_records, csv_bytes(*({**RECORD, "provider_reference": f"t{n}"} for n in range(200)))),
    ],
    ids=["payments", "provider records"],
)
def test_the_same_file_imported_four_times_at_once_goes_in_once(
    together: Together, bring: Callable[..., Any], content: bytes
) -> None:
    acme = Organization.objects.create(slug="acme", name="Acme")
    results = together(lambda _turn: bring(acme, content), [1, 2, 3, 4])
    assert sorted((result.created, result.unchanged) for result in results) == [(0, 200)] * 3 + [(200, 0)]
    assert ImportBatch.objects.count() == 1


@pytest.mark.usefixtures("ledger_transactions")
def test_different_files_of_two_organizations_at_once_both_go_in(together: Together) -> None:
    organizations = [Organization.objects.create(slug=slug, name=slug) for slug in ("a", "b")]
    content = payments(*({"external_id": f"p{n}"} for n in range(200)))
    results = together(lambda organization: bring_payments(organization, content), organizations)
    assert [result.created for result in results] == [200, 200]
    assert Payment.objects.count() == PaymentVersion.objects.count() == 400
    assert ImportBatch.objects.count() == 2
