"""Generated months whose every record is labelled: precision and recall of each finding, in any insertion order."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO

import pytest

from billing.imports.payments import import_payments
from billing.imports.provider_records import import_provider_records
from billing.imports.stripe_files import import_events
from billing.models import Organization, Payment, ProviderRecord
from billing.organizations import save_organization
from billing.sample import generated
from billing.sample.plan import CSV, EVENTS, Plan, Story
from reconciliation.core import report as reports
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem
from reconciliation.runs import RunResult, reconcile
from tests.database import tries

pytestmark = pytest.mark.django_db
START = datetime(2026, 10, 1, tzinfo=UTC)
AS_OF = datetime(2026, 10, 31, 12, tzinfo=UTC)
END = datetime(2026, 11, 1, tzinfo=UTC)


def shuffled(content: bytes, seed: int | None, header: bool) -> bytes:
    """The lines of a file in another order."""
    if seed is None:
        return content
    lines = content.splitlines(keepends=True)
    head, rest = (lines[:1], lines[1:]) if header else ([], lines)
    random.Random(seed).shuffle(rest)
    return b"".join(head + rest)


def loaded(told: list[Story], *, slug: str, form: str, seed: int | None = None) -> Organization:
    """An organization with the stories on both sides, through the real imports."""
    fields = {"name": slug, "currency": "EUR", "timezone": "UTC", "reference_keys": ["order_id"]}
    organization = save_organization(slug=slug, fields=fields, now=AS_OF).organization
    ours = BytesIO(shuffled(generated.payments_csv(told), seed, header=True))
    import_payments(organization=organization, file=ours, filename="ours.csv", by="test", now=AS_OF)
    if form == CSV:
        theirs = BytesIO(shuffled(generated.provider_records_csv(told), seed, header=True))
        import_provider_records(organization=organization, file=theirs, filename="theirs.csv", by="test", now=AS_OF)
    else:
        text = generated_events(told)
        theirs = BytesIO(shuffled(text, seed, header=False))
        import_events(organization=organization, file=theirs, filename="theirs.jsonl", by="test", now=AS_OF)
    return organization


def generated_events(told: list[Story]) -> bytes:
    text = StringIO()
    generated.write_events(told, text, reference_key="order_id")
    return text.getvalue().encode()


def run(organization: Organization) -> RunResult:
    result = reconcile(organization=organization, start=START, end=END, by=None, now=AS_OF)
    assert result.error == ""
    return result


def found(organization: Organization) -> tuple[dict[tuple[str, str, str], str], dict[tuple[str, str, str], set[str]]]:
    """What the stored result says of every record: its outcome, and the types found about it."""
    ours = {p.pk: ("left", p.kind, p.external_id) for p in Payment.objects.filter(organization=organization)}
    theirs = {r.pk: ("right", r.kind, r.external_id) for r in ProviderRecord.objects.filter(organization=organization)}
    outcomes: dict[tuple[str, str, str], str] = {}
    for item in ReconciliationItem.objects.filter(organization=organization, closed_run=None):
        for names, identity in ((ours, item.left_id), (theirs, item.right_id)):
            if identity:
                assert names[identity] not in outcomes, "a record is counted twice"
                outcomes[names[identity]] = item.outcome
    types: dict[tuple[str, str, str], set[str]] = {}
    for row in ReconciliationDiscrepancy.objects.filter(organization=organization).exclude(status="resolved"):
        name = ours[row.left_id] if row.left_id else theirs[row.right_id]
        types.setdefault(name, set()).add(row.type)
    return outcomes, types


def compare(told: list[Story], organization: Organization) -> Counter[str]:
    """Asserts that every label is met and nothing else was found; returns how often each type was."""
    labels = generated.truths(told)
    outcomes, types = found(organization)
    wrong = {
        name: (truth.outcome, outcomes.get(name))
        for name, truth in labels.items()
        if outcomes.get(name) != truth.outcome
    }
    assert wrong == {}
    expected = {name: {truth.discrepancy} for name, truth in labels.items() if truth.discrepancy}
    assert types == expected
    return Counter(truth.discrepancy for truth in labels.values() if truth.discrepancy)


@pytest.mark.parametrize("form", [CSV, EVENTS])
def test_every_label_of_a_generated_month_is_met_and_nothing_else_is_found(form: str) -> None:
    told = list(generated.stories(Plan(payments=tries(6_000), start=START, as_of=AS_OF, form=form)))
    organization = loaded(told, slug="month", form=form, seed=1)
    run(organization)
    seen = compare(told, organization)
    assert set(seen) == {
        "AmountMismatch", "CurrencyMismatch", "StatusMismatch", "MissingInternalRecord", "MissingProviderRecord",
        "DuplicateChargeSuspected", "AmbiguousMatch",
    }  # fmt: skip


def test_insertion_order_does_not_show_in_the_report() -> None:
    told = list(generated.stories(Plan(payments=400, start=START, as_of=AS_OF, form=CSV, seed=4)))
    bodies = set()
    for seed in range(6):
        organization = loaded(told, slug=f"month-{seed}", form=CSV, seed=seed)
        bodies.add(reports.canonical({**run(organization).report, "organization": ""}))
    assert len(bodies) == 1


def test_a_second_run_over_the_month_writes_nothing() -> None:
    told = list(generated.stories(Plan(payments=2_000, start=START, as_of=AS_OF, form=CSV, seed=9)))
    organization = loaded(told, slug="month", form=CSV)
    run(organization)
    assert run(organization).written == {"items": 0, "discrepancies": 0, "log": 0}


@pytest.mark.trust
def test_two_hundred_thousand_labelled_payments_are_met_whatever_their_order() -> None:
    told = list(generated.stories(Plan(payments=200_000, start=START, as_of=AS_OF, form=CSV, seed=2)))
    bodies = set()
    for seed in (None, 1, 2):
        organization = loaded(told, slug=f"month-{seed or 0}", form=CSV, seed=seed)
        bodies.add(reports.canonical({**run(organization).report, "organization": ""}))
        compare(told, organization)
    assert len(bodies) == 1


def test_records_inside_the_grace_period_clear_by_themselves_when_it_passes_into_a_finding() -> None:
    told = list(generated.stories(Plan(payments=1_000, start=START, as_of=AS_OF, form=CSV, seed=3)))
    organization = loaded(told, slug="month", form=CSV)
    waiting = run(organization).counts["not_due"]
    late = reconcile(organization=organization, start=START, end=END, by=None, now=AS_OF + timedelta(days=3))
    assert waiting > 0
    assert late.counts["not_due"] == 0
