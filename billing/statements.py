"""Ingest the statement: the provider's balance transactions of the last days, or of any range, into statement lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from .attachments import resolve_lines
from .models import Organization, ProviderFetch, StatementWithdrawal
from .statement_lines import LineFacts, line_facts
from .statement_queries import unattached
from .statement_store import store_lines
from .stripe_access import Access
from .stripe_fields import Json, UnusableObject
from .versions import Stored
from .walks import Clock, Listener, Listing, created_between, note_problem, open_fetch, walk

OVERLAP: Final = timedelta(days=1)
# Read in the same call: the source, and through it the charge of a refund or dispute, and the payment intent.
EXPAND: Final = ("data.source", "data.source.charge", "data.source.payment_intent")
Kind: Final = ProviderFetch.Kind


@dataclass(frozen=True, slots=True)
class Ingestion:
    """What an ingestion brought; `unattached` counts the lines of this statement that nobody's word gives a tenant."""

    fetch: ProviderFetch
    unattached: int
    resolved: int


def ingest_statements(
    *,
    organization: Organization,
    access: Access,
    by: str,
    clock: Clock,
    days: int = 7,
    start: datetime | None = None,
    end: datetime | None = None,
    listener: Listener = lambda _fetch: None,
) -> Ingestion:
    """Bring in the lines created in [start, end); without a `start`, those of the last `days` days and whatever the
    last sweep may have missed. Ingesting again adds nothing. Raises StripeProblem; what was stored by then stays, and
    the next call goes on there.
    """
    now = clock()
    routine = start is None and end is None
    since = routine_start(organization, now, days) if routine else start
    fetch = open_fetch(
        organization=organization, api=access.api, account=access.account, kind=Kind.STATEMENTS, by=by, now=now,
        start=since, end=end, routine=routine,
    )  # fmt: skip
    listing = Listing("balance_transactions", created_between(fetch.range_start, fetch.range_end), EXPAND)
    store = partial(_store, organization)
    fetch = walk(fetch=fetch, api=access.api, listing=listing, store=store, clock=clock, listener=listener)
    resolved = resolve_lines(organization=organization, by=by, now=clock())
    return Ingestion(fetch, unattached(organization).count(), resolved)


def routine_start(organization: Organization, now: datetime, days: int) -> datetime:
    """Where a routine sweep begins: `days` ago, or earlier when the last sweep is longer ago, or when an ingestion was
    withdrawn since and its lines have to be read again.
    """
    begin = now - timedelta(days=days)
    done = ProviderFetch.objects.filter(
        organization=organization, kind=Kind.STATEMENTS, routine=True, status=ProviderFetch.Status.DONE
    )
    last = done.order_by("-id").first()
    if last is None:
        return begin
    begin = min(begin, last.started_at - OVERLAP)
    gone = StatementWithdrawal.objects.filter(organization=organization, withdrawn_at__gte=last.started_at)
    earliest = gone.exclude(earliest_at=None).order_by("earliest_at").values_list("earliest_at", flat=True).first()
    return min(begin, earliest) if earliest else begin


def _store(organization: Organization, items: Sequence[Json], fetch: ProviderFetch, now: datetime) -> Stored:
    return store_lines(organization=organization, facts=readable(items, fetch), fetch=fetch, now=now)


def readable(items: Sequence[Json], fetch: ProviderFetch) -> list[LineFacts]:
    """The facts of balance transactions; one that cannot be read is noted with the fetch."""
    facts = []
    for item in items:
        try:
            facts.append(line_facts(item))
        except UnusableObject as error:
            note_problem(fetch, str(error))
    return facts
