"""Writing and reading the journal of source changes."""

from collections.abc import Iterable

from django.db import connection
from django.db.models import Max, Q, QuerySet
from django.db.models.expressions import RawSQL

from .models import Organization
from .models.changes import SourceChange


def note_records(*, organization: Organization, source: str, identity_ids: Iterable[int]) -> None:
    """Notes that records changed; call in the transaction that changes them."""
    SourceChange.objects.bulk_create(
        [SourceChange(organization=organization, source=source, identity_id=identity) for identity in identity_ids],
        batch_size=5_000,
    )


def note_import(*, organization: Organization, source: str, batch_id: int) -> None:
    """Notes that an import wrote versions (found by their batch); call in the transaction of the import."""
    SourceChange.objects.create(organization=organization, source=source, batch_id=batch_id)


def position(organization: Organization) -> str:
    """Where the journal stands now, to be given to `since` later. Take it before reading the sources.

    `highest id|snapshot|own transaction`; the last two are PostgreSQL's and empty on SQLite. A reader sees what its own
    transaction has written so far, though no snapshot says so.
    """
    highest = SourceChange.objects.filter(organization=organization).aggregate(top=Max("id"))["top"] or 0
    if connection.vendor != "postgresql":
        return f"{highest}||"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text, coalesce(pg_current_xact_id_if_assigned()::text, '')")
        snapshot, own = cursor.fetchone()
    return f"{highest}|{snapshot}|{own}"


def since(organization: Organization, earlier: str) -> QuerySet[SourceChange]:
    """The changes that a reader who stood at `earlier` cannot have seen, late commits included.

    New ids count whatever their transaction, since a restored database may number transactions afresh.
    """
    changes = SourceChange.objects.filter(organization=organization)
    highest, snapshot, own = earlier.split("|")
    unseen = Q(id__gt=int(highest))
    if snapshot and connection.vendor == "postgresql":
        oldest_running = int(snapshot.split(":", maxsplit=1)[0])
        seen = RawSQL("pg_visible_in_snapshot((transaction::text)::xid8, %s::pg_snapshot)", [snapshot])
        late = Q(transaction__gte=oldest_running) & ~Q(seen=True)
        unseen |= late & ~Q(transaction=int(own)) if own else late
        changes = changes.annotate(seen=seen)
    return changes.filter(unseen)
