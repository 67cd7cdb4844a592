"""Store facts as identities with append-only versions, many at a time.

New → identity and version 1. Changed → one more version, and `current_number` moves. Same → nothing is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import models
from django.db.models import F

from billing.imports.bulk_rows import insert_rows, reserve_ids
from billing.models import Organization


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
    journal: str  # the SourceChange.Source its changes are noted under
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
        for row in rows.iterator(chunk_size=2_000)
    }


def is_foreign(ledger: Ledger, known: Known) -> bool:
    """Whether a stored identity differs in the ledger's fixed fields."""
    return known.fixed != tuple(ledger.fixed.values())


def store(
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
    ids = reserve_ids(ledger.identity, len(new)) if new else ()
    insert_rows(
        ledger.identity,
        names=("id", "kind", "external_id"),
        rows=[(pk, fact.kind, fact.external_id) for pk, fact in zip(ids, new, strict=True)],
        same={"organization_id": organization.pk, **ledger.fixed},
    )
    written = [(pk, 1, *fact.values) for pk, fact in zip(ids, new, strict=True)]
    written += [(known[fact.key].identity_id, known[fact.key].number + 1, *fact.values) for fact in changed]
    insert_rows(
        ledger.version,
        names=(f"{ledger.link}_id", "number", *ledger.fields),
        rows=written,
        same={"organization_id": organization.pk, "batch_id": batch_id, "recorded_at": now},
    )
    moved = [known[fact.key].identity_id for fact in changed]
    ledger.identity._default_manager.filter(pk__in=moved).update(current_number=F("current_number") + 1)
    return Written(created=len(new), changed=len(changed), unchanged=len(facts) - len(new) - len(changed))
