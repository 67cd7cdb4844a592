"""Appending to the action log: rows first, then one seal, with the organization's head locked last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from uuid_utils.compat import uuid7

from billing.models import Organization
from reconciliation.core import sealing
from reconciliation.models import LogHead, LogSeal, ReconciliationActionLog

ROWS_PER_INSERT = 5000


@dataclass(frozen=True, slots=True)
class Entry:
    """One step to put on record. `before` and `after` hold JSON values without floats (amounts are minor units).

    `actor` is a label that outlives the account: "user:alice", "run:12", "system".
    """

    action: str
    actor: str
    discrepancy_id: int | None = None
    run_id: int | None = None
    item_id: int | None = None
    before: Mapping[str, object] = field(default_factory=dict)
    after: Mapping[str, object] = field(default_factory=dict)
    actor_user_id: int | None = None
    reason: str = ""
    request_id: str = ""


def append(*, organization: Organization, entries: Sequence[Entry], now: datetime) -> LogSeal:
    """Write `entries` as one sealed batch of `organization`'s log, at `now` (aware), and return the seal.

    Call it last in the transaction whose work it records: it locks the end of the organization's chain until the commit.
    Raises TransactionManagementError outside a transaction, ValueError for no entries, UnsealableValue (a ValueError) for a
    value that databases would not give back as written.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("The action log is written inside the transaction it records.")
    if not entries:
        raise ValueError("A batch of the action log needs at least one entry.")
    at = sealing.canonical_time(now)
    for number, entry in enumerate(entries):
        _require_sealable(entry, number)
    batch = uuid7()  # rising in time, so that the index on it grows at its end
    rows = [_row(organization, batch, position, entry, now) for position, entry in enumerate(entries)]
    ReconciliationActionLog.objects.bulk_create(rows, batch_size=ROWS_PER_INSERT)
    digests = b"".join(sealing.leaf_digest(leaf_of(row, at)) for row in rows)
    return _seal(organization, batch, digests, now)


def leaf_of(row: ReconciliationActionLog, at: str | None = None) -> sealing.Leaf:
    """The stored `row` as it is hashed; `at` spares working out its canonical time again."""
    return sealing.Leaf(
        row.organization_id,
        row.batch_id.hex,
        row.position,
        row.pk,
        row.action,
        row.discrepancy_id,
        row.run_id,
        row.item_id,
        sealing.canonical_json(row.before),
        sealing.canonical_json(row.after),
        row.actor,
        row.actor_user_id,
        row.reason,
        row.request_id,
        at or sealing.canonical_time(row.at),
    )


def _require_sealable(entry: Entry, number: int) -> None:
    for name in ("action", "actor", "before", "after", "reason", "request_id"):
        sealing.require_sealable(getattr(entry, name), f"{name} of entry {number}")


def _row(
    organization: Organization, batch: UUID, position: int, entry: Entry, now: datetime
) -> ReconciliationActionLog:
    return ReconciliationActionLog(
        organization_id=organization.pk,
        batch_id=batch,
        position=position,
        action=entry.action,
        discrepancy_id=entry.discrepancy_id,
        run_id=entry.run_id,
        item_id=entry.item_id,
        before=dict(entry.before),
        after=dict(entry.after),
        actor=entry.actor,
        actor_user_id=entry.actor_user_id,
        reason=entry.reason,
        request_id=entry.request_id,
        at=now,
    )


def _locked_head(organization: Organization) -> LogHead:
    """The end of the organization's chain, held until the commit; created when its log is still empty."""
    heads = LogHead.objects.select_for_update().filter(organization=organization)
    head = heads.first()
    if head is None:
        LogHead.objects.bulk_create([LogHead(organization=organization)], ignore_conflicts=True)
        head = heads.get()
    return head


def _seal(organization: Organization, batch: UUID, digests: bytes, now: datetime) -> LogSeal:
    count = len(digests) // sealing.DIGEST_SIZE
    head = _locked_head(organization)
    seal = LogSeal(
        organization=organization,
        number=head.number + 1,
        batch=batch,
        count=count,
        total=head.total + count,
        leaves=digests,
        leaves_hash=sealing.leaves_hash(digests),
        previous_hash=head.hash,
        sealed_at=now,
    )
    seal.hash = sealing.seal_hash(
        sealing.Seal(
            organization.pk,
            seal.number,
            batch.hex,
            count,
            seal.total,
            seal.leaves_hash,
            seal.previous_hash,
            sealing.canonical_time(now),
        )
    )
    seal.save(force_insert=True)
    moved = LogHead.objects.filter(organization=organization, number=head.number, hash=head.hash).update(
        number=seal.number, total=seal.total, hash=seal.hash
    )
    if moved != 1:
        raise IntegrityError("The end of the action log moved while it was held; nothing was written.")
    return seal
