"""Appending to the action log: rows first, then one seal, with the organization's head locked last."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from billing.models import Organization
from reconciliation.core import sealing
from reconciliation.models import LogHead, LogSeal

from .rows import insert_rows, next_row_ids


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
    before: dict[str, object] = field(default_factory=dict)
    after: dict[str, object] = field(default_factory=dict)
    actor_user_id: int | None = None
    reason: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries made ready: the rows as they will be hashed and stored, and their digests."""

    organization: Organization
    number: UUID
    leaves: list[sealing.Leaf]
    digests: bytes
    now: datetime

    def __len__(self) -> int:
        return len(self.leaves)


@dataclass(frozen=True, slots=True)
class Unsealed:
    """A batch whose rows are written: what is left to do is its seal."""

    organization: Organization
    number: UUID
    digests: bytes
    now: datetime


def append(*, organization: Organization, entries: Sequence[Entry], now: datetime) -> LogSeal:
    """Write `entries` as one sealed batch of `organization`'s log, at `now` (aware), and return the seal.

    Call it last in the transaction whose work it records: it locks the end of the organization's chain until the
    commit. Raises TransactionManagementError outside a transaction, ValueError for no entries, UnsealableError (a
    ValueError) for a value that databases would not give back as written.
    """
    _require_transaction()
    return write(prepare(organization=organization, entries=entries, now=now))


def prepare(*, organization: Organization, entries: Sequence[Entry], now: datetime) -> Batch:
    """Make `entries` ready to be written as one batch: most of the work, and on PostgreSQL it may be done before the
    transaction begins. On SQLite only inside it, since row ids are taken. Raises ValueError and UnsealableError as
    `append`.
    """
    if not entries:
        raise ValueError("A batch of the action log needs at least one entry.")
    number = _rising_uuid(now)
    leaves = _leaves(organization.pk, number.hex, entries, sealing.canonical_time(now))
    return Batch(organization, number, leaves, b"".join(map(sealing.leaf_digest, leaves)), now)


def write(batch: Batch) -> LogSeal:
    """Write a batch and seal it: once, last in the transaction whose work it records. Raises
    TransactionManagementError outside a transaction.
    """
    return seal(write_rows(batch))


def write_rows(batch: Batch) -> Unsealed:
    """Write the rows of a batch, which the same transaction must `seal` later: others may write to the log until then.
    Raises TransactionManagementError outside a transaction.
    """
    _require_transaction()
    insert_rows(batch.leaves, batch.now)
    return Unsealed(batch.organization, batch.number, batch.digests, batch.now)


def seal(batch: Unsealed) -> LogSeal:
    """Seal a batch whose rows this transaction has written: once, last of all."""
    return _seal(batch.organization, batch.number, batch.digests, batch.now)


def _require_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("The action log is written inside the transaction it records.")


def _rising_uuid(now: datetime) -> UUID:
    """A UUID of version 7 (RFC 9562): its first 48 bits are milliseconds, so that the index on it grows at its end."""
    milliseconds = int(now.timestamp() * 1000) & (1 << 48) - 1
    return UUID(int=milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62))


def _leaves(organization_id: int, batch: str, entries: Sequence[Entry], at: str) -> list[sealing.Leaf]:
    leaves = []
    for position, (row_id, entry) in enumerate(zip(next_row_ids(len(entries)), entries, strict=True)):
        for name in ("action", "actor", "before", "after", "reason", "request_id"):
            sealing.require_sealable(getattr(entry, name), name)
        leaves.append(
            sealing.Leaf(
                organization_id,
                batch,
                position,
                row_id,
                entry.action,
                entry.discrepancy_id,
                entry.run_id,
                entry.item_id,
                sealing.canonical_json(entry.before),
                sealing.canonical_json(entry.after),
                entry.actor,
                entry.actor_user_id,
                entry.reason,
                entry.request_id,
                at,
            )
        )
    return leaves


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
