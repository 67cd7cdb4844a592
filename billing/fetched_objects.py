"""Objects fetched from Stripe's API, stored as observations where they say something new."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import F

from .claims import lock_sources
from .events import store_rows
from .models import Organization, ProviderEvent, ProviderFetch, ProviderRecordVersion
from .observations import EventRefused, object_rows
from .records import says
from .stripe_fields import Json, UnusableObject, identifier
from .stripe_objects import RecordState, record_state


@dataclass(slots=True)
class FetchedObjects:
    """What became of fetched objects, by id. `created` and `changed` count records."""

    synced: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    created: int = 0
    changed: int = 0

    @property
    def unchanged(self) -> int:
        """How many said nothing new."""
        return len(self.already)


def record_fetched(
    *, organization: Organization, objects: Iterable[Json], fetch: ProviderFetch, now: datetime
) -> FetchedObjects:
    """Store charges, refunds, payment intents and disputes as they stand at `now`, each whose record says otherwise.

    One that cannot be used is told in `failed` and does not keep the others out. One transaction.
    """
    result = FetchedObjects()
    with transaction.atomic():
        lock_sources(organization.pk, exclusive=True)
        keys = list(Organization.objects.values_list("reference_keys", flat=True).get(pk=organization.pk))
        states: list[tuple[RecordState, Json]] = []
        for item in objects:
            try:
                state = record_state(item, keys)
            except UnusableObject as error:
                result.failed.append((identifier(item.get("id")), str(error)))
                continue
            if state:
                states.append((state, item))
        rows = _new_rows(organization, states, fetch, now, result)
        if rows:
            outcome = store_rows(organization=organization, rows=rows, now=now)
            result.created, result.changed = outcome.created, outcome.changed
    return result


def _new_rows(
    organization: Organization,
    states: Sequence[tuple[RecordState, Json]],
    fetch: ProviderFetch,
    now: datetime,
    result: FetchedObjects,
) -> list[list[ProviderEvent]]:
    current = _current(organization, [state for state, _item in states])
    rows = []
    for state, item in states:
        version = current.get((state.kind, state.external_id))
        if version and not version.needs_fetch and _repeats(version, state):
            result.already.append(state.external_id)
            continue
        try:
            rows.append(
                object_rows(
                    organization=organization, item=item, source=ProviderEvent.Source.OBJECT_SYNC, now=now,
                    fetched_at=now, fetch_id=fetch.pk,
                )
            )  # fmt: skip
            result.synced.append(state.external_id)
        except EventRefused as error:
            result.failed.append((state.external_id, str(error)))
    return rows


def _repeats(version: ProviderRecordVersion, state: RecordState) -> bool:
    """Whether a stored version says what was fetched. A fee learnt from elsewhere is no difference: a bare fetch does
    not tell it.
    """
    if state.fee_minor is None and "settled" not in state.detail and "settled" in version.detail:
        same = {name: value for name, value in version.detail.items() if name != "settled"} == state.detail
        plain = all(
            getattr(version, name) == getattr(state, name)
            for name in ("parent_reference", "amount_minor", "currency", "status", "reference", "customer")
        )
        return same and plain
    return says(version, state)


def _current(organization: Organization, states: Sequence[RecordState]) -> dict[tuple[str, str], ProviderRecordVersion]:
    ids = sorted({state.external_id for state in states})
    rows = ProviderRecordVersion.objects.filter(
        record__organization=organization, record__external_id__in=ids, number=F("record__current_number")
    ).select_related("record")
    return {(row.record.kind, row.record.external_id): row for row in rows}
