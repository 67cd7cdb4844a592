"""Disputes, fetched whole in every sweep: they live for months, far beyond any window of days.

Each state becomes a version of the dispute's provider record: their sequence is its history.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from .fetched_objects import FetchedObjects, record_fetched
from .models import Organization, ProviderFetch
from .stripe_access import Access
from .stripe_fields import Json
from .walks import Clock, Listener, Listing, note_problem, open_fetch, walk


def sync_disputes(
    *,
    organization: Organization,
    access: Access,
    by: str,
    clock: Clock,
    listener: Listener = lambda _fetch: None,
) -> ProviderFetch:
    """Bring in every dispute as it stands now; one that says nothing new writes nothing. Raises StripeProblem; what was
    stored by then stays, and the next call goes on there.
    """
    fetch = open_fetch(
        organization=organization, api=access.api, account=access.account, kind=ProviderFetch.Kind.DISPUTES, by=by,
        now=clock(),
    )  # fmt: skip
    store = partial(_store, organization)
    return walk(fetch=fetch, api=access.api, listing=Listing("disputes"), store=store, clock=clock, listener=listener)


def _store(organization: Organization, items: Sequence[Json], fetch: ProviderFetch, now: datetime) -> FetchedObjects:
    brought = record_fetched(organization=organization, objects=items, fetch=fetch, now=now)
    for external_id, why in brought.failed:
        note_problem(fetch, f"{external_id}: {why}")
    return brought
