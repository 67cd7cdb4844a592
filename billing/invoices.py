"""Invoices and what paid them, brought in from Stripe: the new ones of the last weeks, and open ones read again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F

from .attachments import resolve_lines
from .invoice_readers import note_readers
from .models import (
    Invoice,
    InvoicePayment,
    InvoicePaymentVersion,
    InvoiceStatus,
    InvoiceVersion,
    Organization,
    ProviderFetch,
    SourceChange,
)
from .provider_api import RequestRefused
from .stripe_access import Access
from .stripe_client import list_page, retrieve
from .stripe_fields import Json, UnusableObject, identifier
from .stripe_invoices import invoice_payment_state, invoice_state
from .versions import Book, Stored, append_versions
from .walks import PAGE_ROWS, Clock, Listener, Listing, Store, created_between, note_problem, open_fetch, walk

LOOK_BACK: Final = timedelta(days=35)
# Open invoices older than that are read again one by one, so many a sweep, in turn.
REFRESHED_AT_ONCE: Final = 200
PROVIDER: Final = "stripe"
INVOICE_FIELDS: Final = (
    *("document_number", "total_minor", "paid_minor", "currency", "status", "issued_at", "due_at", "customer"),
    *("subscription", "out_of_band", "lines", "detail"),
)
INVOICES: Final = Book(
    identity=Invoice, version=InvoiceVersion, link="invoice", fields=INVOICE_FIELDS,
    journal=SourceChange.Source.INVOICE, fixed={"kind": "invoice", "provider": PROVIDER},
)  # fmt: skip
PAYMENT_FIELDS: Final = (
    *("invoice_reference", "payment_kind", "payment_reference", "amount_minor", "requested_minor", "currency"),
    *("status", "paid_at"),
)
PAYMENTS: Final = Book(
    identity=InvoicePayment, version=InvoicePaymentVersion, link="payment", fields=PAYMENT_FIELDS,
    journal=SourceChange.Source.INVOICE_PAYMENT,
)  # fmt: skip
Read = Callable[[Json], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class InvoiceSync:
    """What a sweep brought: both fetches, how many open invoices were read again, and for how many statement lines
    the answer to whose they are came with them.
    """

    invoices: ProviderFetch
    payments: ProviderFetch
    refreshed: int
    resolved: int


def sync_invoices(
    *,
    organization: Organization,
    access: Access,
    by: str,
    clock: Clock,
    start: datetime | None = None,
    end: datetime | None = None,
    listener: Listener = lambda _fetch: None,
) -> InvoiceSync:
    """Bring in invoices and invoice payments created in [start, end), of the last weeks without a range, and read again
    those stored as open. Raises StripeProblem; what was stored by then stays.
    """
    now, routine = clock(), start is None and end is None
    fetches = []
    for kind, resource, book, read in (
        (ProviderFetch.Kind.INVOICES, "invoices", INVOICES, invoice_state),
        (ProviderFetch.Kind.INVOICE_PAYMENTS, "invoice_payments", PAYMENTS, invoice_payment_state),
    ):
        fetch = open_fetch(
            organization=organization, api=access.api, account=access.account, kind=kind, by=by, now=now,
            start=now - LOOK_BACK if routine else start, end=end, routine=routine,
        )  # fmt: skip
        listing = Listing(resource, created_between(fetch.range_start, fetch.range_end))  # type: ignore[arg-type]
        store = _storing(organization, book, read)
        fetches.append(walk(fetch=fetch, api=access.api, listing=listing, store=store, clock=clock, listener=listener))
    refreshed = _refresh(organization, access, fetches[0], clock) if routine else 0
    resolved = resolve_lines(organization=organization, by=by, now=clock())
    return InvoiceSync(fetches[0], fetches[1], refreshed, resolved)


def store_states(
    *, organization: Organization, book: Book, read: Read, items: Sequence[Json], fetch: ProviderFetch, now: datetime
) -> Stored:
    """Store invoices or invoice payments as they stand at `now`. Runs inside the caller's transaction."""
    decisions: dict[str, Callable[[Any], dict[str, Any]]] = {}
    for item in items:
        try:
            state = read(item)
        except UnusableObject as error:
            note_problem(fetch, str(error))
            continue
        decisions[identifier(item.get("id"))] = lambda _current, state=state: state  # type: ignore[misc]
    common = {"fetch": fetch, "observed_at": now, "recorded_at": now}
    stored = append_versions(book=book, organization=organization, decisions=decisions, common=common, seen_at=now)
    note_readers(organization, stored.versions)
    return stored


def _storing(organization: Organization, book: Book, read: Read) -> Store:
    def store(items: Sequence[Json], fetch: ProviderFetch, now: datetime) -> Stored:
        return store_states(organization=organization, book=book, read=read, items=items, fetch=fetch, now=now)

    return store


def _refresh(organization: Organization, access: Access, fetch: ProviderFetch, clock: Clock) -> int:
    """Read again what was open when last seen, before the sweep's range: invoices are paid months later."""
    waiting = InvoiceVersion.objects.filter(
        organization=organization, invoice__provider=PROVIDER, number=F("invoice__current_number"),
        status__in=(InvoiceStatus.OPEN, InvoiceStatus.DRAFT),
    )  # fmt: skip
    if fetch.range_start:
        waiting = waiting.filter(issued_at__lt=fetch.range_start)
    every = list(waiting.order_by("pk").values_list("invoice__external_id", flat=True))
    turn = fetch.pk * REFRESHED_AT_ONCE % len(every) if every else 0
    ids = [*every[turn:], *every[:turn]][:REFRESHED_AT_ONCE]
    done = 0
    for external_id in ids:
        try:
            invoice = retrieve(access.api, "invoices", external_id)
        except RequestRefused as refused:
            if refused.code != "resource_missing":
                raise
            note_problem(fetch, str(refused))
            continue
        links = list_page(access.api, "invoice_payments", {"invoice": external_id, "limit": PAGE_ROWS}).items
        with transaction.atomic():
            now = clock()
            _storing(organization, INVOICES, invoice_state)([invoice], fetch, now)
            _storing(organization, PAYMENTS, invoice_payment_state)(links, fetch, now)
        done += 1
    return done
