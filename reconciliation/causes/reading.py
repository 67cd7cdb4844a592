"""Open discrepancies as clues, and what lies around them, read from the tables."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import polars as pl
from django.db.models import Value

from billing.models import Organization
from reconciliation.core.causes import Background, Clue
from reconciliation.core.causes.gaps import FEWEST, lonely
from reconciliation.core.statement_types import MISSING_INVOICE, OVERPAID, UNDERPAID
from reconciliation.frames import EpochMicros, Schema, read, read_where
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem

from .sources import SOURCES, Source, met

RESOLVED = ReconciliationDiscrepancy.Status.RESOLVED
ORIGINS: Schema = {"identity": pl.Int64, "batch": pl.Int64, "payout": pl.String}
TIMES: Schema = {"at": pl.Int64}
ROWS_A_FETCH = 2_000
NEEDED = (
    "comparison", "type", "reason_code", "currency", "difference_minor", "left_id", "right_id", "reference", "expected",
    "actual", "explanation",
)  # fmt: skip
Origin = tuple[int, str]
UNKNOWN: Origin = (0, "")
Facts = dict[str, Any]


def clues_of(organization: Organization, comparison: str) -> list[Clue]:
    """The organization's unresolved discrepancies of a comparison."""
    rows = ReconciliationDiscrepancy.objects.filter(organization=organization, comparison=comparison)
    found = list(rows.exclude(status=RESOLVED).only(*NEEDED).order_by("pk").iterator(ROWS_A_FETCH))
    left, right = (
        origins(organization, SOURCES[comparison][side], ids)
        for side, ids in (
            ("left", [row.left_id for row in found if row.left_id]),
            ("right", [row.right_id for row in found if row.right_id and not row.left_id]),
        )
    )
    return [clue_of(row, left.get(row.left_id) or right.get(row.right_id) or UNKNOWN) for row in found]


def origins(organization: Organization, source: Source, ids: Sequence[int]) -> dict[int, Origin]:
    """Identity → the import or fetch that brought its current version (0: none) and the payout that took it along."""
    absent = {"batch": Value(0), "payout": Value("")}
    columns = {"identity": source.identity} | {name: getattr(source, name) or absent[name] for name in absent}
    frame = read_where(source.rows(organization), source.identity, sorted(set(ids)), columns, ORIGINS)
    return {identity: (batch or 0, payout or "") for identity, batch, payout in frame.iter_rows()}


def clue_of(row: ReconciliationDiscrepancy, origin: Origin) -> Clue:
    """A row as a clue. What is shown beside the record it is about stays out."""
    told = row.explanation
    left: Facts = (told.get("left") or {}) if row.left_id else {}
    right: Facts = (told.get("right") or {}) if row.right_id or row.reference else {}
    owner = left or right
    asked = row.type in (OVERPAID, UNDERPAID)  # compared in the currency that was settled in
    return Clue(
        id=row.pk, type=row.type, reason=row.reason_code, kind=owner.get("kind", ""), currency=row.currency,
        difference=row.difference_minor, left_amount=int(row.expected) if asked else left.get("amount_minor"),
        right_amount=right.get("amount_minor"), left_at=left.get("occurred_at"), right_at=right.get("occurred_at"),
        party=owner.get("party") or "", own=left.get("own") or "", key=key_of(row, right),
        claim=left.get("key") or "", batch=origin[0], payout=origin[1], word=word_of(row, right),
    )  # fmt: skip


def key_of(row: ReconciliationDiscrepancy, right: Facts) -> str:
    """The id of the provider's whose beginning tells of an integration: of a statement's line the invoice it names."""
    if row.comparison == "statements":
        return (right.get("invoice") or "") if row.type == MISSING_INVOICE else ""
    return right.get("key") or ""


def word_of(row: ReconciliationDiscrepancy, right: Facts) -> str:
    """What on record goes with the reason: the type of a line, why a payout failed, which other fees there are."""
    if row.reason_code == "type.unknown":
        return row.actual
    if row.reason_code == "fee.explained":
        return ", ".join(sorted({part["code"] for part in row.explanation.get("parts", ())}))
    return str((right.get("more") or {}).get("failure") or "")


def background_of(organization: Organization, comparison: str, clues: list[Clue]) -> Background:
    """What lies around the clues; times of records that met only where enough are missing to make a gap."""
    missing = list(many(Counter((clue.side, clue.kind) for clue in clues if lonely(clue))))
    times = {kind: present(organization, comparison, kind) for kind in sorted({kind for _side, kind in missing})}
    sources = SOURCES[comparison]

    def of_prefix(side: str, prefix: str) -> int:
        return sources[side].count(organization, sources[side].named, prefix, begins=True)

    return Background(
        present={(side, kind): times[kind] for side, kind in missing},
        total=cache(lambda side: int(sources[side].rows(organization).count())),  # asked for each group
        of_import=lambda side, batch: sources[side].count(organization, sources[side].batch, batch),
        of_prefix=of_prefix,
        of_party=lambda side, party: sources[side].count(organization, sources[side].party, party),
        of_payout=lambda side, payout: sources[side].count(organization, sources[side].payout, payout),
    )


def many(missing: Counter[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The sides and kinds with enough missing records to make a gap."""
    return (group for group, count in missing.items() if count >= FEWEST)


def present(organization: Organization, comparison: str, kind: str) -> list[int]:
    """Times (µs since 1970 UTC) of records of a kind that found their counterpart, sorted."""
    items = ReconciliationItem.objects.filter(
        met(comparison, kind), organization=organization, comparison=comparison, closed_run=None
    )
    frame = read(items, {"at": EpochMicros("occurred_at")}, TIMES)
    return list(frame["at"].sort())
