"""Store facts as identities with append-only versions, many at a time.

New → identity and version 1. Changed → one more version, and `current_number` moves. Same → nothing is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.db.models import F

from billing.models import Organization

INSERT_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where a kind of fact lives: its identity and version models, the version's link to the identity, and the compared
    fields.

    `fixed` are identity fields with one value for the whole import; an identity that has others belongs to someone
    else.
    """

    identity: type[models.Model]
    version: type[models.Model]
    link: str
    fields: tuple[str, ...]
    fixed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fact:
    """One row's facts: `values` in the order of the ledger's fields."""

    row: int
    kind: str
    external_id: str
    values: tuple[object, ...]

    @property
    def key(self) -> tuple[str, str]:
        """What identifies the fact within its organization."""
        return self.kind, self.external_id


@dataclass(frozen=True, slots=True)
class Known:
    """The stored current version of an identity."""

    identity_id: int
    number: int
    values: tuple[object, ...]
    fixed: tuple[object, ...]


@dataclass(slots=True)
class Written:
    """How many facts were new, changed and unchanged."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0


def current_versions(
    *, ledger: Ledger, organization: Organization, facts: Sequence[Fact]
) -> dict[tuple[str, str], Known]:
    """Current versions of those of the facts that are stored already, by (kind, external id)."""
    columns = [f"{ledger.link}__kind", f"{ledger.link}__external_id", f"{ledger.link}_id", "number"]
    owners = [f"{ledger.link}__{name}" for name in ledger.fixed]
    rows = ledger.version._default_manager.filter(
        **{
            f"{ledger.link}__organization": organization,
            # The kinds too: the unique index begins (organization, kind, …).
            f"{ledger.link}__kind__in": sorted({fact.kind for fact in facts}),
            f"{ledger.link}__external_id__in": [fact.external_id for fact in facts],
            "number": F(f"{ledger.link}__current_number"),
        }
    ).values_list(*columns, *owners, *ledger.fields)
    end = len(columns) + len(owners)
    return {
        (row[0], row[1]): Known(row[2], row[3], tuple(row[end:]), tuple(row[len(columns) : end]))
        for row in rows.iterator(chunk_size=INSERT_ROWS)
    }


def is_foreign(ledger: Ledger, known: Known) -> bool:
    """Whether a stored identity differs in the ledger's fixed fields."""
    return known.fixed != tuple(ledger.fixed.values())


def store(  # noqa: PLR0913 - everything that acts comes in by name
    *,
    ledger: Ledger,
    organization: Organization,
    facts: Sequence[Fact],
    known: Mapping[tuple[str, str], Known],
    batch_id: int,
    now: datetime,
) -> Written:
    """Write what is new or changed; each key at most once in `facts`. Runs inside the caller's transaction."""
    new = [fact for fact in facts if fact.key not in known]
    changed = [fact for fact in facts if fact.key in known and known[fact.key].values != fact.values]
    identities = ledger.identity._default_manager.bulk_create(
        [
            ledger.identity(organization=organization, kind=fact.kind, external_id=fact.external_id, **ledger.fixed)
            for fact in new
        ],
        batch_size=INSERT_ROWS,
    )
    written = [(identity.pk, 1, fact) for identity, fact in zip(identities, new, strict=True)]
    written += [(known[fact.key].identity_id, known[fact.key].number + 1, fact) for fact in changed]
    ledger.version._default_manager.bulk_create(
        [
            ledger.version(
                **_link(ledger, identity_id),
                organization=organization,
                number=number,
                batch_id=batch_id,
                recorded_at=now,
                **dict(zip(ledger.fields, fact.values, strict=True)),
            )
            for identity_id, number, fact in written
        ],
        batch_size=INSERT_ROWS,
    )
    moved = [known[fact.key].identity_id for fact in changed]
    ledger.identity._default_manager.filter(pk__in=moved).update(current_number=F("current_number") + 1)
    return Written(created=len(new), changed=len(changed), unchanged=len(facts) - len(new) - len(changed))


def _link(ledger: Ledger, identity_id: Any) -> dict[str, Any]:
    return {f"{ledger.link}_id": identity_id}


def reserve_id(model: type[models.Model]) -> int:
    """The id the next row of `model` will have: rows may refer to it (foreign keys are checked at the end of the
    transaction).

    The row itself can then be written once, last, with its final figures. Call inside a transaction; on SQLite that
    transaction holds the only write lock.
    """
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
            return int(cursor.fetchone()[0])
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
        return (int(row[0]) if row else 0) + 1
