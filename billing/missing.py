"""What webhooks never delivered, brought in from Stripe itself.

Events can be listed for thirty days: each one that is not here is stored as if delivered, and marked as synced. What is
older has no events any more: the balance transactions of that time name their charges and refunds, which are stored as
they stand today.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Max

from .claims import lock_sources
from .events import store_rows
from .fetched_objects import FetchedObjects, record_fetched
from .models import Organization, ProviderEvent, ProviderFetch
from .observations import EventRefused, event_rows
from .stripe_access import Access
from .stripe_fields import Json, identifier
from .walks import Clock, Listener, Listing, created_between, note_problem, open_fetch, walk

EVENT_DAYS: Final = timedelta(days=30)
# The list may end a little before thirty days; the part read from balance transactions overlaps it.
OVERLAP: Final = timedelta(days=1)
EXPAND: Final = ("data.source",)
OnPage = Callable[[FetchedObjects], None]


@dataclass(slots=True)
class Missing:
    """What became of everything looked at, by id; `gap`: the time before events can be listed that was filled from
    balance transactions, if any.
    """

    synced: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    gap: tuple[datetime, datetime] | None = None
    records_created: int = 0
    records_changed: int = 0
    fetches: list[ProviderFetch] = field(default_factory=list)
    on_page: OnPage = lambda _page: None

    def add(self, page: FetchedObjects) -> FetchedObjects:
        """Take in what became of a page."""
        self.on_page(page)
        self.synced += page.synced
        self.already += page.already
        self.failed += page.failed
        self.records_created += page.created
        self.records_changed += page.changed
        return page


def sync_missing(
    *,
    organization: Organization,
    access: Access,
    by: str,
    clock: Clock,
    start: datetime | None = None,
    end: datetime | None = None,
    listener: Listener = lambda _fetch: None,
    asked_at: datetime | None = None,
    routine: bool = False,
    on_page: OnPage = lambda _page: None,
) -> Missing:
    """Bring in what is absent of [start, end); without a range, of the last thirty days, and of the time before them
    when the last event stored is older. Raises StripeProblem; what was stored by then stays.

    `asked_at`: when it was asked for, so that a call repeated after a crash goes on with the same days. `routine`: only
    what came since the last routine call. `on_page` is told what became of each page, inside the transaction that
    stores it.
    """
    result = Missing(on_page=on_page)
    listed_from = (asked_at or clock()) - EVENT_DAYS
    begin = start or (_last_routine(organization) if routine else None) or _last_event(organization, listed_from)
    upto = min(end, listed_from + OVERLAP) if end else listed_from + OVERLAP
    if begin < listed_from:
        result.gap = (begin, min(upto, listed_from))
        _walk_objects(organization, access, result, by=by, clock=clock, listener=listener, span=(begin, upto))
    if end is None or end > listed_from:
        span = (max(begin, listed_from), end)
        _walk_events(organization, access, result, by=by, clock=clock, listener=listener, span=span, routine=routine)
    return result


def _last_routine(organization: Organization) -> datetime | None:
    """Where a routine call begins that follows another one: a day before that began, since events come in any order."""
    done = ProviderFetch.objects.filter(
        organization=organization, kind=ProviderFetch.Kind.EVENTS, routine=True, status=ProviderFetch.Status.DONE
    )
    last = done.order_by("-id").values_list("started_at", flat=True).first()
    return last - OVERLAP if last else None


def _last_event(organization: Organization, listed_from: datetime) -> datetime:
    """Where a gap begins that events no longer cover, else where they begin."""
    delivered = ProviderEvent.objects.filter(organization=organization).exclude(type="object")
    last: datetime | None = delivered.aggregate(last=Max("created_at"))["last"]
    return min(last, listed_from) if last else listed_from


def _walk_events(
    organization: Organization, access: Access, result: Missing, *, by: str, clock: Clock, listener: Listener,
    span: tuple[datetime, datetime | None], routine: bool,
) -> None:  # fmt: skip
    def store(items: Sequence[Json], fetch: ProviderFetch, now: datetime) -> FetchedObjects:
        page = _noted(fetch, store_events(organization=organization, events=items, fetch=fetch, now=now))
        return result.add(page)

    fetch = open_fetch(
        organization=organization, api=access.api, account=access.account, kind=ProviderFetch.Kind.EVENTS, by=by,
        now=clock(), start=span[0], end=span[1], routine=routine,
    )  # fmt: skip
    listing = Listing("events", created_between(*span))
    result.fetches.append(
        walk(fetch=fetch, api=access.api, listing=listing, store=store, clock=clock, listener=listener)
    )


def store_events(
    *, organization: Organization, events: Sequence[Json], fetch: ProviderFetch, now: datetime
) -> FetchedObjects:
    """Store events that are not here under their id, marked with the fetch that brought them. One transaction; an event
    that is refused is told and does not keep the others out.
    """
    result = FetchedObjects()
    rows: dict[str, list[ProviderEvent]] = {}
    with transaction.atomic():
        lock_sources(organization.pk, exclusive=True)
        ids = [identifier(event.get("id")) for event in events]
        here = ProviderEvent.objects.filter(organization=organization, event_id__in=ids)
        known = set(here.values_list("event_id", flat=True))
        for event, event_id in zip(events, ids, strict=True):
            if event_id in known:
                result.already.append(event_id)
                continue
            try:
                rows[event_id] = event_rows(
                    organization=organization, event=event, source=ProviderEvent.Source.EVENT_SYNC, now=now,
                    fetch_id=fetch.pk,
                )  # fmt: skip
            except EventRefused as error:
                result.failed.append((event_id, str(error)))
        outcome = store_rows(organization=organization, rows=list(rows.values()), now=now)
        result.synced += rows
        result.created, result.changed = outcome.created, outcome.changed
    return result


def _walk_objects(
    organization: Organization, access: Access, result: Missing, *, by: str, clock: Clock, listener: Listener,
    span: tuple[datetime, datetime],
) -> None:  # fmt: skip
    def store(items: Sequence[Json], fetch: ProviderFetch, now: datetime) -> FetchedObjects:
        objects = [source for item in items for source in settled_objects(item)]
        page = record_fetched(organization=organization, objects=objects, fetch=fetch, now=now)
        return result.add(_noted(fetch, page))

    fetch = open_fetch(
        organization=organization, api=access.api, account=access.account, kind=ProviderFetch.Kind.MISSING, by=by,
        now=clock(), start=span[0], end=span[1], routine=False,
    )  # fmt: skip
    listing = Listing("balance_transactions", created_between(*span), EXPAND)
    result.fetches.append(
        walk(fetch=fetch, api=access.api, listing=listing, store=store, clock=clock, listener=listener)
    )


def settled_objects(line: Json) -> list[Json]:
    """The charge or refund a balance transaction settled, that transaction in place of its id."""
    source: Any = line.get("source")
    if not isinstance(source, dict) or source.get("object") not in {"charge", "refund"}:
        return []
    bare = {name: value for name, value in line.items() if name != "source"} | {"source": identifier(source)}
    own = identifier(source.get("balance_transaction")) == line.get("id")
    return [source | {"balance_transaction": bare} if own else source]


def _noted(fetch: ProviderFetch, page: FetchedObjects) -> FetchedObjects:
    for external_id, why in page.failed:
        note_problem(fetch, f"{external_id}: {why}")
    return page
