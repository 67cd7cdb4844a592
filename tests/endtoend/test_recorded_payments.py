"""The recorded Stripe payments, end to end: real records, answers known beforehand."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from billing.imports.payments import import_payments
from billing.imports.stripe_files import import_objects
from billing.models import Organization
from billing.organizations import save_organization
from billing.sample import recorded
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem
from reconciliation.runs import RunResult, reconcile

pytestmark = pytest.mark.django_db
START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 10, tzinfo=UTC)
Rows = list[dict[str, str]]


def reconciled(payments: Rows, objects: Any = None) -> tuple[Organization, RunResult]:
    """The recorded books through the real imports, then one run over all of it."""
    organization = save_organization(slug="recorded", fields=recorded.FIELDS, now=NOW).organization
    file = io.BytesIO(recorded.payments_csv(payments))
    import_payments(organization=organization, file=file, filename="payments.csv", by="test", now=NOW)
    raw = json.dumps(objects if objects is not None else recorded.stripe_objects()).encode()
    import_objects(
        organization=organization, file=io.BytesIO(raw), filename="objects.json", by="test", now=NOW, exported_at=NOW
    )
    result = reconcile(organization=organization, start=START, end=END, by=None, now=NOW)
    assert result.error == ""
    return organization, result


def row(rows: Rows, own: str) -> dict[str, str]:
    return next(row for row in rows if row["external_id"] == own)


def as_booked(organization: Organization) -> None:
    """Fourteen matched succeeded, four pending, one failed; nothing crossed; transfers' payments excluded."""
    items = ReconciliationItem.objects.filter(organization=organization, closed_run=None)
    statuses = [item.left_status for item in items.filter(outcome="matched")]
    assert {status: statuses.count(status) for status in set(statuses)} == {"succeeded": 14, "pending": 4, "failed": 1}
    assert items.filter(outcome="excluded", reason="destination_payment").count() == 9
    assert items.filter(outcome__in=["mismatched", "only_left", "only_right", "ambiguous", "not_due"]).count() == 0


def test_every_recorded_payment_matches_and_nothing_else_is_found() -> None:
    organization, result = reconciled(recorded.payment_rows())
    assert (result.status, result.discrepancies) == ("ok", {})
    as_booked(organization)
    assert result.report["excluded"] == {"destination_payment": 9, "refunds_not_booked_here": 2}


def test_the_raw_recordings_give_the_same_answer(raw_sample: Callable[[str], Path]) -> None:
    objects = json.loads(raw_sample("stripe-recordings-cc0/objects.json").read_text())
    organization, result = reconciled(recorded.payment_rows(), objects)
    assert (result.status, result.discrepancies) == ("ok", {})
    as_booked(organization)


def test_many_payments_of_a_hundred_euros_never_cross_match() -> None:
    organization, _ = reconciled(recorded.payment_rows())
    items = ReconciliationItem.objects.filter(organization=organization, outcome="matched", left_amount_minor=10000)
    assert {item.match_pass for item in items} == {"payment_intent"}
    assert items.count() == 10


def test_the_declined_payment_is_found_by_its_own_reference() -> None:
    organization, _ = reconciled(recorded.payment_rows())
    item = ReconciliationItem.objects.get(organization=organization, left_status="failed")
    assert (item.outcome, item.match_pass) == ("matched", "own_reference")


def change(own: str, **cells: str) -> Callable[[Rows], None]:
    return lambda rows: row(rows, own).update(cells)


def doubled(rows: Rows) -> None:
    rows.append({**row(rows, "160"), "external_id": "160-again"})


@pytest.mark.parametrize(
    ("spoil", "findings"),
    [
        (change("110", amount="25.00"), {"AmountMismatch": 1}),
        (change("130", currency="EUR", amount="100.00"), {"CurrencyMismatch": 1}),
        (change("150", status="failed"), {"StatusMismatch": 1}),
        (change("2272", status="succeeded"), {"StatusMismatch": 1}),
        (change("2272", amount="43.01"), {"AmountMismatch": 1}),
        (lambda rows: rows.remove(row(rows, "180")), {"MissingInternalRecord": 1}),
        (doubled, {"MissingProviderRecord": 1}),
        (change("450", occurred_at="2026-02-25T13:32:08Z"), {}),
        (change("460", provider_reference="pi_unknown", external_id="x460"), {
            "MissingInternalRecord": 1, "MissingProviderRecord": 1,
        }),
    ],
    ids=["amount", "currency", "status", "declined taken for paid", "declined amount", "removed", "doubled", "moved",
         "unknown reference"],
)  # fmt: skip
def test_a_row_changed_on_purpose_gives_exactly_its_finding(
    spoil: Callable[[Rows], None], findings: dict[str, int]
) -> None:
    rows = recorded.payment_rows()
    spoil(rows)
    _, result = reconciled(rows)
    assert result.discrepancies == findings


def test_a_provider_charge_made_twice_is_a_suspected_duplicate() -> None:
    objects = recorded.stripe_objects()
    charge = next(o for o in objects if o["object"] == "charge" and o.get("metadata", {}).get("payin_id") == "160")
    objects.append({**charge, "id": "ch_again", "payment_intent": "pi_again", "created": charge["created"] + 40})
    _, result = reconciled(recorded.payment_rows(), objects)
    assert result.discrepancies == {"DuplicateChargeSuspected": 1}


def test_several_spoiled_rows_give_their_findings_together() -> None:
    rows = recorded.payment_rows()
    for spoil in (
        change("110", amount="25.00"), change("130", currency="EUR", amount="100.00"), change("150", status="failed"),
        doubled, lambda rows: rows.remove(row(rows, "180")),
    ):  # fmt: skip
        spoil(rows)
    organization, result = reconciled(rows)
    assert result.discrepancies == {
        "AmountMismatch": 1, "CurrencyMismatch": 1, "MissingInternalRecord": 1, "MissingProviderRecord": 1,
        "StatusMismatch": 1,
    }  # fmt: skip
    assert ReconciliationDiscrepancy.objects.filter(organization=organization).count() == 5


def test_the_recorded_books_import_and_reconcile_again_without_a_write() -> None:
    organization, first = reconciled(recorded.payment_rows())
    _, again = reconciled(recorded.payment_rows())
    assert again.written == {"items": 0, "discrepancies": 0, "log": 0}
    assert first.report == again.report
    assert timedelta(days=400) < END - START
    assert organization.slug == "recorded"
