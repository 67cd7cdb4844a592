"""Someone with the owner's rights rewrites the log: each way takes a random source and says what it touched first."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from django.db import connection

from billing.append_only import unprotect
from reconciliation.action_log import rows
from reconciliation.action_log.rows import leaf_digest
from reconciliation.core import sealing
from reconciliation.models import LogHead, LogSeal, ReconciliationActionLog

from .log_facts import HEADS, LOG, SEALS, sql


class Touched(NamedTuple):
    """What a check must name: the seal, and the row's id or, for a row that is gone, its position."""

    seal: int | None
    row_id: int | None = None
    position: int | None = None


def switch_triggers_off() -> None:
    """What the owner of the database can do and the application's role cannot."""
    for table in (LOG, SEALS):
        unprotect(table, connection.schema_editor())


def any_row(random: Random) -> ReconciliationActionLog:
    rows_there = ReconciliationActionLog.objects.select_related("batch").order_by("id")
    return rows_there[random.randrange(ReconciliationActionLog.objects.count())]


def touched(row: ReconciliationActionLog) -> Touched:
    return Touched(row.batch.number, row.pk, row.position)


def edit(random: Random) -> Touched:
    row = any_row(random)
    changes: dict[str, object] = {
        "action": "cleared" if row.action == "opened" else "opened",
        "discrepancy_id": None,
        "run_id": 8,
        "item_id": 1,
        "before": '{"status": "acknowledged"}',
        "after": '{"amount_minor": 1}',
        "actor": "user:mallory",
        "actor_user_id": 1,
        "reason": row.reason + " ",
        "request_id": "",
        "at": "2026-03-01 12:00:00.000251",
        "id": row.pk + 1_000_000,
    }
    column = random.choice(sorted(changes))
    if column == "at" and connection.vendor == "postgresql":
        changes["at"] = "2026-03-01 12:00:00.000251+00"
    sql(f"UPDATE {LOG} SET {column} = %s WHERE id = %s", [changes[column], row.pk])
    return Touched(row.batch.number, row.pk + (1_000_000 if column == "id" else 0), row.position)


def drop(random: Random) -> Touched:
    row = any_row(random)
    sql(f"DELETE FROM {LOG} WHERE id = %s", [row.pk])
    return Touched(row.batch.number, None, row.position)


def insert(random: Random) -> Touched:
    row = any_row(random)
    last = ReconciliationActionLog.objects.order_by("-id")[0].pk
    columns = [name for name in rows.ROW_COLUMNS if name not in {"id", "batch", "position"}]
    sealed = random.random() < 0.5
    batch = row.batch_id if sealed else type(row.batch_id)(int=random.getrandbits(128))
    names = ", ".join(f'"{name}"' for name in columns)
    sql(
        f"INSERT INTO {LOG} (id, batch, position, {names}) SELECT %s, %s, %s, {names} FROM {LOG} WHERE id = %s",
        [last + 1, batch.hex, row.batch.count if sealed else 0, row.pk],
    )
    return Touched(row.batch.number if sealed else None, last + 1, row.batch.count if sealed else None)


def swap(random: Random) -> Touched:
    one, other = any_row(random), any_row(random)
    while other.pk == one.pk:
        other = any_row(random)
    sql(f"UPDATE {LOG} SET position = 1000000 WHERE id = %s", [one.pk])
    place = f"UPDATE {LOG} SET batch = %s, position = %s WHERE id = %s"
    sql(place, [one.batch_id.hex, one.position, other.pk])
    sql(place, [other.batch_id.hex, other.position, one.pk])
    first, second = sorted((one, other), key=lambda row: (row.batch.number, row.position))
    return Touched(first.batch.number, second.pk, first.position)


def edit_a_seal(random: Random) -> Touched:
    seal = LogSeal.objects.order_by("number")[random.randrange(LogSeal.objects.count())]
    column, new = random.choice(
        [
            ("count", seal.count + 1),
            ("total", 0),
            ("leaves_hash", "0" * 64),
            ("previous_hash", "0" * 64),
            ("hash", "0" * 64),
        ]
    )
    sql(f"UPDATE {SEALS} SET {column} = %s WHERE id = %s", [new, seal.pk])
    return Touched(seal.number - 1 if column == "previous_hash" else seal.number)


def drop_a_seal(random: Random) -> Touched:
    seals = list(LogSeal.objects.order_by("number"))
    seal = random.choice(seals[:-1])
    sql(f"DELETE FROM {LOG} WHERE batch = %s", [seal.batch.hex])
    sql(f"DELETE FROM {SEALS} WHERE id = %s", [seal.pk])
    return Touched(seal.number)


def cut_the_tail(random: Random) -> Touched:
    """The last batches go with their seals, and the head is set back to match: only a checkpoint shows it."""
    seals = list(LogSeal.objects.order_by("number"))
    keep = random.randrange(len(seals))
    for seal in seals[keep:]:
        sql(f"DELETE FROM {LOG} WHERE batch = %s", [seal.batch.hex])
        sql(f"DELETE FROM {SEALS} WHERE id = %s", [seal.pk])
    last = seals[keep - 1] if keep else LogSeal(number=0, total=0, hash="")
    LogHead.objects.update(number=last.number, total=last.total, hash=last.hash)
    return Touched(seals[-1].number)


def rehash_everything(random: Random) -> Touched:
    """A row is edited, and everything after it computed anew, the head included: only a checkpoint shows it."""
    row = any_row(random)
    sql(f"UPDATE {LOG} SET reason = 'nothing to see' WHERE id = %s", [row.pk])
    organization_id, previous = row.organization_id, ""
    seals = list(LogSeal.objects.order_by("number"))
    digests: dict[int, bytes] = {}
    for stored in rows.sealed_rows(organization_id, len(seals)):
        digests[stored[-1]] = digests.get(stored[-1], b"") + leaf_digest(stored)
    for seal in seals:
        leaves_hash, at = sealing.leaves_hash(digests[seal.pk]), sealing.canonical_time(seal.sealed_at)
        new = sealing.seal_hash(
            sealing.Seal(
                organization_id, seal.number, seal.batch.hex, seal.count, seal.total, leaves_hash, previous, at
            )
        )
        sql(
            f"UPDATE {SEALS} SET leaves = %s, leaves_hash = %s, previous_hash = %s, hash = %s WHERE id = %s",
            [digests[seal.pk], leaves_hash, previous, new, seal.pk],
        )
        previous = new
    sql(f"UPDATE {HEADS} SET hash = %s", [previous])
    return Touched(row.batch.number)


SHOWN_BY_THE_LOG_ALONE: list[Callable[[Random], Touched]] = [edit, drop, insert, swap, edit_a_seal, drop_a_seal]
SHOWN_BY_A_CHECKPOINT: list[Callable[[Random], Touched]] = [cut_the_tail, rehash_everything]
