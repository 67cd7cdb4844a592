"""Events in, records folded: the one way provider observations enter the database.

Each function is one transaction. An observation is claimed by inserting it (the unique key decides), then the records
it shows are locked and folded again from everything known about them, so that neither order nor repetition matters.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import transaction

from .claims import insert_new, lock_sources
from .models import ImportBatch, Organization, ProviderEvent
from .models.provider import ProviderKind
from .observations import event_rows, object_rows
from .records import Folding, observations_of, refold
from .stripe_fields import Json

CHUNK: Final = 2_000


@dataclass(slots=True)
class Outcome:
    """What became of observations: how many were new, known already, and what they changed.

    `stored` and `known` count events or objects as given, not what they carry. `problems` names objects that no record
    can be made of; their observations are stored.
    """

    stored: int = 0
    known: int = 0
    created: int = 0
    changed: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, folding: Folding) -> None:
        """Count what a folding did."""
        self.created += len(folding.created)
        self.changed += len(folding.changed)
        self.problems += folding.problems


def record_event(
    *,
    organization: Organization,
    event: Json,
    source: str,
    now: datetime,
    batch: ImportBatch | None = None,
    fetched_at: datetime | None = None,
) -> Outcome:
    """Store one Stripe event and fold what it shows; `stored` is 0 when it was known already.

    `event` must be storable JSON. Raises `EventRefused` for what is no event of this organization.
    """
    batch_id = batch.pk if batch else None
    rows = event_rows(
        organization=organization, event=event, source=source, now=now, batch_id=batch_id, fetched_at=fetched_at
    )
    with transaction.atomic():
        lock_sources(organization.pk, exclusive=False)
        return store_rows(organization=organization, rows=[rows], now=now, batch_id=batch_id)


def record_objects(
    *,
    organization: Organization,
    objects: Iterable[Json],
    source: str,
    now: datetime,
    fetched_at: datetime | None = None,
    batch: ImportBatch | None = None,
) -> Outcome:
    """Store Stripe objects as they stood at `fetched_at` (now, when not given), and fold them.

    A fetched state outranks events of earlier seconds (billing/folding.py). An object with content known already is
    not stored again. Raises `EventRefused`; then nothing is stored.
    """
    batch_id, total = batch.pk if batch else None, Outcome()
    with transaction.atomic():
        lock_sources(organization.pk, exclusive=True)
        rows: list[list[ProviderEvent]] = []
        for item in objects:
            rows.append(
                object_rows(
                    organization=organization,
                    item=item,
                    source=source,
                    now=now,
                    fetched_at=fetched_at or now,
                    batch_id=batch_id,
                )
            )
            if len(rows) == CHUNK:
                store_rows(organization=organization, rows=rows, now=now, batch_id=batch_id, total=total)
                rows = []
        store_rows(organization=organization, rows=rows, now=now, batch_id=batch_id, total=total)
    return total


def store_rows(
    *,
    organization: Organization,
    rows: Sequence[Sequence[ProviderEvent]],
    now: datetime,
    batch_id: int | None = None,
    total: Outcome | None = None,
) -> Outcome:
    """Insert the rows of some events or objects (each its own row first) and fold what is new among them.

    Runs inside the caller's transaction, which holds `lock_sources`. Adds to `total` when given.
    """
    outcome = total if total is not None else Outcome()
    keys = list(Organization.objects.values_list("reference_keys", flat=True).get(pk=organization.pk))
    every = sorted((row for some in rows for row in some), key=lambda row: (row.event_id, row.content_digest))
    new = {found[:2]: found[2] for found in insert_new(every, returning=("event_id", "content_digest", "id"))}
    fresh_rows = []
    for some in rows:
        fresh = some[0] if (some[0].event_id, some[0].content_digest) in new else None
        outcome.stored += fresh is not None
        outcome.known += fresh is None
        for row in some:
            row.pk = new.pop((row.event_id, row.content_digest), None)
            if row.pk:
                fresh_rows.append(row)
    observed, problems = observations_of(fresh_rows, keys)
    outcome.problems += problems
    if observed:
        outcome.add(refold(organization=organization, fresh=observed, reference_keys=keys, now=now, batch_id=batch_id))
    return outcome


def refold_organization(*, organization: Organization, now: datetime) -> Outcome:
    """Fold all records of an organization again, as after a change of its reference keys."""
    outcome = Outcome()
    kinds = [*ProviderKind.values]
    with transaction.atomic():
        lock_sources(organization.pk, exclusive=True)
        keys = list(Organization.objects.values_list("reference_keys", flat=True).get(pk=organization.pk))
        events = ProviderEvent.objects.filter(organization=organization, object_type__in=kinds)
        last = ""
        while True:
            ids = events.filter(object_id__gt=last).order_by("object_id").values_list("object_id", flat=True).distinct()
            some = list(ids[:CHUNK])
            if not some:
                return outcome
            last = some[-1]
            observed, problems = observations_of(events.filter(object_id__in=some), keys)
            outcome.problems += problems
            outcome.add(refold(organization=organization, fresh=observed, reference_keys=keys, now=now))
