"""Walking over a list of the provider, page by page, so that any page may be the last one of a crashed process.

The list is newest first. The walk goes down to the oldest row, then back up to whatever arrived meanwhile. Each page is
stored in one transaction with the position it leads to: after a crash the walk goes on there, and what two walkers of
one fetch read at the same time is stored by one of them.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from django.db import transaction

from .models import Organization, ProviderFetch
from .provider_api import Page, RequestRefused, StripeProblem
from .stripe_client import Resource, StripeApi, list_page
from .stripe_fields import Json, identifier

PAGE_ROWS: Final = 100
KEPT_PROBLEMS: Final = 50

Clock = Callable[[], datetime]
Listener = Callable[[ProviderFetch], None]


class Brought(Protocol):
    """What storing a page came to."""

    @property
    def created(self) -> int:
        """New facts."""

    @property
    def changed(self) -> int:
        """Facts that got another version."""

    @property
    def unchanged(self) -> int:
        """Facts that said nothing new."""


# When a page was asked for, and the page to come.
Asked = tuple[datetime, Future[Page]]
# The rows of a page, the fetch they belong to, when they were asked for → what storing them came to.
Store = Callable[[Sequence[Json], ProviderFetch, datetime], Brought]


@dataclass(frozen=True, slots=True)
class Listing:
    """Which list to walk over: a resource of the API, with its filters and expansions."""

    resource: Resource
    filters: Mapping[str, Any] = field(default_factory=dict)
    expand: tuple[str, ...] = ()


def created_between(start: datetime | None, end: datetime | None) -> dict[str, Any]:
    """The list filter for rows created in [start, end); an open end takes in what arrives while walking."""
    bounds = {"gte": start, "lt": end}
    given = {name: int(time.timestamp()) for name, time in bounds.items() if time is not None}
    return {"created": given} if given else {}


def open_fetch(*, organization: Organization, api: StripeApi, account: str, kind: str, by: str, now: datetime,
               subject: str = "", start: datetime | None = None, end: datetime | None = None,
               routine: bool = True) -> ProviderFetch:  # fmt: skip
    """The fetch to work on: the unfinished one of the same kind that covers as much, else a new one."""
    latest = ProviderFetch.objects.filter(organization=organization, kind=kind, subject=subject, routine=routine)
    unfinished = latest.order_by("-id").first()
    if unfinished is not None and unfinished.status != ProviderFetch.Status.DONE and _covers(unfinished, start, end):
        return unfinished
    return ProviderFetch.objects.create(
        organization=organization, kind=kind, subject=subject, routine=routine, account=account, livemode=api.livemode,
        range_start=start, range_end=end, started_by=by[:150], started_at=now, updated_at=now,
    )  # fmt: skip


def _covers(fetch: ProviderFetch, start: datetime | None, end: datetime | None) -> bool:
    if not fetch.routine:
        return (fetch.range_start, fetch.range_end) == (start, end)
    return fetch.range_start is None or (start is not None and fetch.range_start <= start)


def walk(
    *,
    fetch: ProviderFetch,
    api: StripeApi,
    listing: Listing,
    store: Store,
    clock: Clock,
    listener: Listener = lambda _fetch: None,
) -> ProviderFetch:
    """Bring in every row of the list not yet stored by this fetch; gives the fetch, done. Raises StripeProblem: the
    fetch then holds the error and can be walked on. On the way down, the next page is asked for while one is stored.
    """
    reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="next-page")
    try:
        ahead: Asked | None = None
        while fetch.newest or not fetch.reached_oldest:
            seen_at, page = _next_page(ahead, api, listing, fetch, clock)
            ahead, upwards = _ask_ahead(reader, api, listing, fetch, page, clock=clock), fetch.reached_oldest
            fetch = _step(fetch, page, store, clock, seen_at)
            if fetch.cursor != (identifier(page.items[-1].get("id")) if page.items else ""):
                ahead = None  # somebody else has walked on: the page asked for is not the next one
            listener(fetch)
            if upwards and not page.has_more:
                break
    except StripeProblem as problem:
        ProviderFetch.objects.filter(pk=fetch.pk).update(
            status=ProviderFetch.Status.FAILED, error=str(problem), updated_at=clock()
        )
        raise
    finally:
        reader.shutdown(wait=False, cancel_futures=True)
    return finish(fetch, clock())


def _ask_ahead(
    reader: ThreadPoolExecutor, api: StripeApi, listing: Listing, fetch: ProviderFetch, page: Page, *, clock: Clock
) -> Asked | None:
    """The page below `page`, asked for now, with the time; None where there is none, or on the way up."""
    last = identifier(page.items[-1].get("id")) if page.items else ""
    if fetch.reached_oldest or not page.has_more or not last:
        return None
    params = _params(listing) | {"starting_after": last}
    return clock(), reader.submit(copy_context().run, list_page, api, listing.resource, params)


def _next_page(
    ahead: Asked | None, api: StripeApi, listing: Listing, fetch: ProviderFetch, clock: Clock
) -> tuple[datetime, Page]:
    """The page asked for ahead, else the one next in line, and when it was asked for: rows may have changed since."""
    if ahead is not None and not fetch.reached_oldest:
        with suppress(RequestRefused):  # `_page` knows what to do when a row is gone
            return ahead[0], ahead[1].result()
    return clock(), _page(api, listing, fetch)


def _params(listing: Listing) -> dict[str, Any]:
    params = {**listing.filters, "limit": PAGE_ROWS}
    return params | {"expand": list(listing.expand)} if listing.expand else params


def finish(fetch: ProviderFetch, now: datetime) -> ProviderFetch:
    """Mark a fetch as done."""
    fetch.status, fetch.error = ProviderFetch.Status.DONE, ""
    fetch.finished_at = fetch.updated_at = now
    fetch.save(update_fields=["status", "error", "finished_at", "updated_at"])
    return fetch


def _page(api: StripeApi, listing: Listing, fetch: ProviderFetch) -> Page:
    """The page next in line; from the top again when Stripe no longer knows the row the walk stopped at."""
    params = _params(listing)
    place: dict[str, str] = {}
    if fetch.reached_oldest:
        place = {"ending_before": fetch.newest}
    elif fetch.cursor:
        place = {"starting_after": fetch.cursor}
    try:
        return list_page(api, listing.resource, params | place)
    except RequestRefused as refused:
        if refused.code != "resource_missing" or not place:
            raise
    fetch.newest = fetch.cursor = ""
    fetch.reached_oldest = False
    fetch.save(update_fields=["newest", "cursor", "reached_oldest"])
    return list_page(api, listing.resource, params)


def _step(fetch: ProviderFetch, page: Page, store: Store, clock: Clock, seen_at: datetime) -> ProviderFetch:
    """Store a page and the position after it; when someone else has walked on meanwhile, take their position."""
    with transaction.atomic():
        held = ProviderFetch.objects.select_for_update().get(pk=fetch.pk)
        places = ("newest", "cursor", "reached_oldest")
        if any(getattr(held, name) != getattr(fetch, name) for name in places):
            return held
        now = clock()
        if page.items:
            brought = store(page.items, held, seen_at)
            held.created += brought.created
            held.changed += brought.changed
            held.unchanged += brought.unchanged
        _move(held, page)
        held.pages += 1
        held.rows += len(page.items)
        held.status, held.error, held.updated_at = ProviderFetch.Status.RUNNING, "", now
        held.save()
    return held


def _move(fetch: ProviderFetch, page: Page) -> None:
    first = identifier(page.items[0].get("id")) if page.items else ""
    last = identifier(page.items[-1].get("id")) if page.items else ""
    if fetch.reached_oldest:
        fetch.newest = first or fetch.newest
        return
    fetch.newest = fetch.newest or first
    fetch.cursor = last or fetch.cursor
    fetch.reached_oldest = not page.has_more or not last


def note_problem(fetch: ProviderFetch, message: str) -> None:
    """Count a row that could not be used, and keep the first messages. Saved with the page."""
    fetch.refused += 1
    if len(fetch.problems) < KEPT_PROBLEMS:
        fetch.problems = [*fetch.problems, message]
