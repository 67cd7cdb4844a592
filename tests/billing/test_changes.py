"""The journal of source changes: nothing committed is ever missed by who reads it from a position on."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from billing.changes import note_import, note_records, position, since
from billing.models import ImportBatch, Organization, SourceChange


@pytest.fixture
def acme(db: None) -> Organization:
    return Organization.objects.create(slug="acme", name="Acme")


def ids(organization: Organization, earlier: str) -> list[int]:
    return sorted(change.identity_id or 0 for change in since(organization, earlier))


def test_what_was_noted_after_a_position_is_new(acme: Organization) -> None:
    note_records(organization=acme, source="payment", identity_ids=[1, 2])
    earlier = position(acme)
    note_records(organization=acme, source="payment", identity_ids=[3])
    assert ids(acme, earlier) == [3]


def test_nothing_is_new_at_the_position_itself(acme: Organization) -> None:
    note_records(organization=acme, source="payment", identity_ids=[1])
    assert ids(acme, position(acme)) == []


def test_an_import_is_noted_as_one_change(acme: Organization) -> None:
    earlier = position(acme)
    batch = ImportBatch.objects.create(
        organization=acme, kind="payments", filename="a.csv", sha256="0", imported_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    note_import(organization=acme, source="payment", batch_id=batch.pk)
    assert [(change.batch_id, change.identity_id) for change in since(acme, earlier)] == [(batch.pk, None)]


def test_organizations_have_journals_of_their_own(acme: Organization) -> None:
    other = Organization.objects.create(slug="other", name="Other")
    earlier = position(acme)
    note_records(organization=other, source="payment", identity_ids=[9])
    assert ids(acme, earlier) == []


class LateCommit:
    """A writer that takes its id, waits while others commit and read, and commits after them."""

    def __init__(self, organization: Organization) -> None:
        self.noted, self.may_commit = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.write, args=(organization,))
        self.thread.start()
        assert self.noted.wait(30)

    def write(self, organization: Organization) -> None:
        try:
            with transaction.atomic():
                note_records(organization=organization, source="payment", identity_ids=[1])
                self.noted.set()
                assert self.may_commit.wait(30)
        finally:
            connection.close()

    def commit(self) -> None:
        self.may_commit.set()
        self.thread.join(30)


@pytest.mark.postgres
@pytest.mark.usefixtures("ledger_transactions")
def test_a_change_that_commits_late_is_not_lost_and_a_watermark_would_lose_it() -> None:
    organization = Organization.objects.create(slug="acme", name="Acme")
    late = LateCommit(organization)
    note_records(organization=organization, source="payment", identity_ids=[2])
    earlier = position(organization)
    watermark = SourceChange.objects.latest("id").pk
    late.commit()
    assert ids(organization, earlier) == [1]
    # Negative control: by ids alone, the change that took its id first and committed last is never seen.
    assert not SourceChange.objects.filter(id__gt=watermark).exists()


@pytest.mark.postgres
def test_a_database_restored_elsewhere_counts_transactions_afresh_and_loses_nothing(acme: Organization) -> None:
    note_records(organization=acme, source="payment", identity_ids=[1])
    highest = SourceChange.objects.latest("id").pk
    note_records(organization=acme, source="payment", identity_ids=[2])
    assert 2 in ids(acme, f"{highest}|900000000:900000000:|")
