"""Open discrepancies as clues, and what lies around them, read from the tables."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import polars as pl
from django.db.models import F

from billing.models import Organization, Payment, PaymentVersion, ProviderRecord, ProviderRecordVersion
from reconciliation.core.causes import Background, Clue
from reconciliation.core.causes.gaps import FEWEST
from reconciliation.core.findings import MISSING_INTERNAL, MISSING_PROVIDER
from reconciliation.frames import EpochMicros, Schema, read, read_where
from reconciliation.models import ReconciliationDiscrepancy, ReconciliationItem

COMPARISON = "payments"
RESOLVED = ReconciliationDiscrepancy.Status.RESOLVED
BATCHES: Schema = {"identity": pl.Int64, "batch": pl.Int64}
TIMES: Schema = {"at": pl.Int64}
ROWS_A_FETCH = 2_000
COLUMNS = ("pk", "type", "reason_code", "currency", "difference_minor", "left_id", "right_id", "explanation")


def clues_of(organization: Organization) -> list[Clue]:
    """The organization's unresolved discrepancies of payments."""
    rows = ReconciliationDiscrepancy.objects.filter(organization=organization, comparison=COMPARISON)
    values = list(rows.exclude(status=RESOLVED).order_by("pk").values_list(*COLUMNS).iterator(ROWS_A_FETCH))
    batches = {
        "left": batches_of(PaymentVersion, "payment", [row[5] for row in values if row[5]]),
        "right": batches_of(ProviderRecordVersion, "record", [row[6] for row in values if row[6] and not row[5]]),
    }
    return [clue_of(row, batches) for row in values]


def batches_of(model: Any, identity: str, ids: Sequence[int]) -> dict[int, int]:
    """Identity → the import that brought its current version (0: none)."""
    current = model.objects.filter(number=F(f"{identity}__current_number"))
    columns = {"identity": f"{identity}_id", "batch": "batch_id"}
    frame = read_where(current, f"{identity}_id", sorted(set(ids)), columns, BATCHES)
    return {known: batch or 0 for known, batch in frame.iter_rows()}


def clue_of(row: tuple[Any, ...], batches: dict[str, dict[int, int]]) -> Clue:
    """A row as a clue."""
    pk, type_, reason, currency, difference, left_id, right_id, told = row
    left, right = told.get("left") or {}, told.get("right") or {}
    owner = left or right
    return Clue(
        id=pk, type=type_, reason=reason, kind=owner.get("kind", ""), currency=currency, difference=difference,
        left_amount=left.get("amount_minor"), right_amount=right.get("amount_minor"),
        left_at=left.get("occurred_at"), right_at=right.get("occurred_at"),
        party=owner.get("party") or "", own=left.get("own") or "", key=right.get("key") or "",
        claim=left.get("key") or "",
        batch=batches["left"].get(left_id, 0) if left_id else batches["right"].get(right_id, 0),
    )  # fmt: skip


def background_of(organization: Organization, clues: list[Clue]) -> Background:
    """What lies around the clues; times of matched records only where enough are missing to make a gap."""
    missing = Counter((clue.side, clue.kind) for clue in clues if clue.type in (MISSING_INTERNAL, MISSING_PROVIDER))
    times = {kind: present(organization, kind) for kind in sorted({kind for _side, kind in many(missing)})}
    return Background(
        present={(side, kind): times[kind] for side, kind in many(missing)},
        total=partial(total, organization),
        of_import=partial(of_import, organization),
        of_prefix=partial(of_prefix, organization),
    )


def many(missing: Counter[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The sides and kinds with enough missing records to make a gap."""
    return (group for group, count in missing.items() if count >= FEWEST)


def present(organization: Organization, kind: str) -> list[int]:
    """Times (µs since 1970 UTC) of records of a kind that found their counterpart, sorted."""
    items = ReconciliationItem.objects.filter(
        organization=organization, comparison=COMPARISON, closed_run=None, kind=kind, left_id__gt=0, right_id__gt=0
    )
    frame = read(items, {"at": EpochMicros("occurred_at")}, TIMES)
    return list(frame["at"].sort())


def identities(organization: Organization, side: str) -> Any:
    """The identities of a side."""
    model: Any = Payment if side == "left" else ProviderRecord
    return model.objects.filter(organization=organization)


def total(organization: Organization, side: str) -> int:
    """How many records a side has."""
    return int(identities(organization, side).count())


def of_import(organization: Organization, side: str, batch: int) -> int:
    """How many records of a side an import brought as they are now."""
    model: Any = PaymentVersion if side == "left" else ProviderRecordVersion
    current = "payment__current_number" if side == "left" else "record__current_number"
    return int(model.objects.filter(organization=organization, batch=batch, number=F(current)).count())


def of_prefix(organization: Organization, side: str, prefix: str) -> int:
    """How many records of a side have an id that begins with `prefix`."""
    return int(identities(organization, side).filter(external_id__startswith=prefix).count())
