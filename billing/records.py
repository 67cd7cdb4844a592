"""Provider records kept in step with their observations: fold again, and append a version where the state changed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db.models import Case, IntegerField, Value, When

from .changes import note_records
from .claims import insert_new
from .folding import Folded, Observation, fold
from .models import Organization, ProviderEvent, ProviderRecord, ProviderRecordVersion, SourceChange
from .stripe_objects import RecordState, UnusableObject, record_state

PROVIDER: Final = "stripe"

# (kind, external id)
Key = tuple[str, str]
STATE_FIELDS: Final = (
    *("parent_reference", "amount_minor", "fee_minor", "currency", "status", "occurred_at", "reference", "customer"),
    *("excluded_reason", "detail"),
)


@dataclass(slots=True)
class Folding:
    """What folding changed: keys of records that are new or got another version, and what could not be used."""

    created: list[Key] = field(default_factory=list)
    changed: list[Key] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def observation_of(event: ProviderEvent, reference_keys: Sequence[str]) -> Observation | None:
    """What a stored row says about its object; None for an object that is no record. Raises `UnusableObject`."""
    state = record_state(event.payload["data"]["object"], reference_keys)
    if state is None:
        return None
    fetched = event.fetched_at is not None
    return Observation(event.fetched_at or event.created_at, fetched, event.content_digest, state, event.pk)


def observations_of(
    events: Iterable[ProviderEvent], reference_keys: Sequence[str]
) -> tuple[dict[Key, list[Observation]], list[str]]:
    """Usable observations by record, and a sentence for each row that could not be used."""
    usable: dict[Key, list[Observation]] = defaultdict(list)
    problems = []
    for event in events:
        try:
            one = observation_of(event, reference_keys)
        except UnusableObject as error:
            problems.append(str(error))
            continue
        if one:
            usable[one.state.kind, one.state.external_id].append(one)
    return dict(usable), problems


def refold(
    *,
    organization: Organization,
    fresh: Mapping[Key, list[Observation]],
    reference_keys: Sequence[str],
    now: datetime,
    batch_id: int | None = None,
) -> Folding:
    """Bring the records named by `fresh` (observations stored in this transaction) to the state all observations give.

    Every usable observation stored earlier made its record in its own transaction, so a record that is new here has no
    others; for the rest all observations are read again, after the record is locked: two senders of first events of one
    object cannot miss each other.
    """
    result = Folding()
    new = _claim_records(organization, sorted(fresh))
    locked = _lock_records(organization, fresh)
    earlier = _stored_observations(organization, [key for key in locked if key not in new], reference_keys)
    current = _current_versions(record for key, record in locked.items() if key not in new)
    versions: list[ProviderRecordVersion] = []
    for key, record in sorted(locked.items()):
        if record.provider != PROVIDER:
            result.problems.append(f"{record.external_id}: {record.provider}")
            continue
        folded = fold(fresh[key] if key in new else earlier[key])
        version = _next_version(record, current.get(record.pk), folded, now, batch_id)
        if version:
            versions.append(version)
            (result.created if key in new else result.changed).append(key)
    ProviderRecordVersion.objects.bulk_create(versions)
    _move_on([version for version in versions if version.number > 1])
    if batch_id is None:  # an import notes its batch once
        note_records(
            organization=organization,
            source=SourceChange.Source.PROVIDER_RECORD,
            identity_ids=[version.record_id for version in versions],
        )
    return result


def _claim_records(organization: Organization, keys: Sequence[Key]) -> set[Key]:
    """Identities for records not known yet; gives the keys of those made here."""
    rows = [
        ProviderRecord(organization=organization, provider=PROVIDER, kind=kind, external_id=external_id)
        for kind, external_id in keys
    ]
    return set(insert_new(rows, returning=("kind", "external_id"))) if rows else set()


def _lock_records(organization: Organization, keys: Iterable[Key]) -> dict[Key, ProviderRecord]:
    wanted = set(keys)
    rows = (
        ProviderRecord.objects.select_for_update(of=("self",))
        .filter(
            organization=organization,
            kind__in=sorted({kind for kind, _ in wanted}),
            external_id__in=sorted({external_id for _, external_id in wanted}),
        )
        .order_by("kind", "external_id")
    )
    return {(row.kind, row.external_id): row for row in rows if (row.kind, row.external_id) in wanted}


def _stored_observations(
    organization: Organization, keys: Sequence[Key], reference_keys: Sequence[str]
) -> dict[Key, list[Observation]]:
    if not keys:
        return {}
    rows = ProviderEvent.objects.filter(
        organization=organization, object_id__in=sorted({external_id for _, external_id in keys})
    ).only("payload", "created_at", "fetched_at", "content_digest", "organization_id")
    return observations_of(rows.iterator(chunk_size=2_000), reference_keys)[0]


def _current_versions(records: Iterable[ProviderRecord]) -> dict[int, ProviderRecordVersion]:
    numbers = {record.pk: record.current_number for record in records}
    rows = ProviderRecordVersion.objects.filter(record_id__in=sorted(numbers), number__in=sorted(set(numbers.values())))
    return {row.record_id: row for row in rows if row.number == numbers[row.record_id]}


def _next_version(
    record: ProviderRecord,
    current: ProviderRecordVersion | None,
    folded: Folded,
    now: datetime,
    batch_id: int | None,
) -> ProviderRecordVersion | None:
    """The version to append, or None when the current one says the same."""
    state = folded.state
    if current and current.needs_fetch == folded.needs_fetch and says(current, state):
        return None
    return ProviderRecordVersion(
        record=record,
        organization_id=record.organization_id,
        number=current.number + 1 if current else 1,
        needs_fetch=folded.needs_fetch,
        event_id=folded.decided_by.event,
        batch_id=batch_id,
        recorded_at=now,
        **{name: getattr(state, name) for name in STATE_FIELDS},
    )


def says(version: ProviderRecordVersion, state: RecordState) -> bool:
    """Whether a stored version says what `state` says."""
    return all(getattr(version, name) == getattr(state, name) for name in STATE_FIELDS)


def _move_on(versions: Sequence[ProviderRecordVersion]) -> None:
    """Let records point at their newest versions."""
    for start in range(0, len(versions), 300):
        some = versions[start : start + 300]
        number = Case(
            *(When(pk=version.record_id, then=Value(version.number)) for version in some), output_field=IntegerField()
        )
        ProviderRecord.objects.filter(pk__in=[version.record_id for version in some]).update(current_number=number)
