"""Books with one of everything the desk can show."""

from datetime import timedelta
from uuid import uuid4

from django.contrib.auth.models import User

from billing.models import ImportBatch, ProviderEvent
from reconciliation.models import BulkAction, Cause, ClosingThreshold, DryRun, FeeTerms, ListExport
from tests.reconciliation.admin.desk_sources import sources
from tests.reconciliation.books import LATER, NOON, Books, minutes

CANARY = "canary-of-the-other-organization"


def books_with_everything(slug: str = "acme", more: int = 0) -> Books:
    """Every type of discrepancy, each outcome but `not_due`, an event and an import; `more` matched pairs besides."""
    books = Books(slug, timezone="Europe/Paris")
    for number in range(more):
        books.paid(f"same-{number}", 500, f"ch_same_{number}", customer="cus_many")
        books.charged(f"ch_same_{number}", 500, customer="cus_many_there")
    books.paid("matched", 1000, "ch_matched", customer="cus_1", invoice_number="INV-1")
    books.charged("ch_matched", 1000, customer="cus_1")
    books.paid("less", 2000, "ch_less", customer="cus_2")
    books.charged("ch_less", 1950, fee_minor=50, customer="cus_2")
    books.paid("odd", 3000, "ch_odd", customer="cus_3")
    books.charged("ch_odd", 2999, customer="cus_3")
    books.paid("pounds", 4000, "ch_pounds", customer="cus_4")
    books.charged("ch_pounds", 4000, currency="GBP", customer="cus_4")
    books.paid("declined", 5000, "ch_declined", customer="cus_5")
    books.charged("ch_declined", 5000, status="failed", customer="cus_5")
    books.paid("alone", 6000, "ch_alone", customer="cus_6")
    books.charged("ch_unbooked", 7000, customer="cus_7")
    books.charged("ch_nothing_taken", 7500, status="failed", customer="cus_75")
    books.paid("once", 8000, "ch_once", customer="cus_8")
    books.charged("ch_once", 8000, customer="cus_8")
    books.charged("ch_twice", 8000, at=NOON + minutes(3), customer="cus_8")
    books.paid("which", 9000, "", customer="cus_9")
    books.charged("ch_this", 9000, customer="cus_9")
    books.charged("ch_that", 9000, at=NOON + timedelta(hours=2), customer="cus_9")
    books.charged("re_out", 100, kind="refund", parent_reference="ch_matched")
    received(books, f"evt_{slug}", f"{slug}.csv")
    sources(books.organization, "INV-1")
    worked(books, f"zoe-{slug}")
    FeeTerms.objects.create(organization=books.organization, currency="EUR", line_type=f"type-{slug}", rate_ppm=15_000)
    return books


def worked(books: Books, name: str) -> None:
    """A bulk action that has ended, by somebody called `name`, and a cause that names a prefix."""
    maker = User.objects.create(username=name)
    bulk = BulkAction.objects.create(
        action="acknowledge", state="ended", created_by=maker, created_at=LATER, confirmed_at=LATER
    )
    bulk.organizations.add(books.organization)
    Cause.objects.create(
        organization=books.organization, comparison="payments", kind="prefix", rows_found=1, found_at=LATER,
        facts={"prefix": name, "rows": 1, "side": "left", "type": "StatusMismatch"},
    )  # fmt: skip


def tried_and_taken(books: Books, name: str) -> None:
    """A dry run that failed, and an export, of somebody called `name`."""
    maker = User.objects.get(username=name)
    DryRun.objects.create(
        organization=books.organization, comparison="payments", period_start=NOON, period_end=LATER, status="error",
        requested_by=maker, created_at=LATER, error=name,
    )  # fmt: skip
    ListExport.objects.create(
        organization=books.organization, user=maker, batch=uuid4(), list_name=name, form="csv", rows=1, started_at=LATER
    )


def received(books: Books, event: str, file: str) -> None:
    """An event with a script in it, and an import."""
    ProviderEvent.objects.create(
        organization=books.organization,
        event_id=event,
        content_digest="0" * 64,
        type="charge.succeeded",
        created_at=NOON,
        object_type="charge",
        object_id="ch_matched",
        payload={"object": "<script>alert(1)</script>"},
        source="webhook",
        received_at=LATER,
    )
    ImportBatch.objects.create(
        organization=books.organization, kind="payments", filename=file, sha256="1" * 64, rows=3, imported_at=LATER
    )


def books_of_somebody_else() -> Books:
    """Another organization with the canary in every text a person could read."""
    books = Books("other", timezone="America/New_York")
    type(books.organization).objects.filter(pk=books.organization.pk).update(name=CANARY)
    books.organization.refresh_from_db()
    books.paid(CANARY, 1111, f"ch_{CANARY}", customer=CANARY, invoice_number=CANARY)
    books.charged(f"ch_unbooked_{CANARY}", 2222, customer=CANARY, reference=f"ref-{CANARY}")
    ProviderEvent.objects.create(
        organization=books.organization,
        event_id=f"evt_{CANARY}",
        content_digest="2" * 64,
        type=CANARY,
        created_at=NOON,
        object_id=f"ch_{CANARY}",
        payload={"secret": CANARY},
        source="webhook",
        received_at=LATER,
    )
    sources(books.organization, CANARY)
    worked(books, CANARY)
    ClosingThreshold.objects.create(organization=books.organization, currency="EUR", limit_minor=1)
    FeeTerms.objects.create(organization=books.organization, currency="EUR", line_type=CANARY)
    ImportBatch.objects.create(
        organization=books.organization, kind=CANARY, filename=CANARY, sha256="3" * 64, imported_at=LATER
    )
    return books
