"""The log as it lies in the database: rows written exactly as hashed, and read back without trusting a single value.

Raw columns, streamed: a tampered database may hold what the ORM cannot load, and a million rows must not fill memory.
"""

# ruff: noqa: S608 - the statements are put together from constants only

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from json import loads
from typing import Any

from django.db import connection

from reconciliation.core import sealing

Progress = Callable[[int, int], None]
"""Told (rows checked, rows in all) as a check goes on."""
CHUNK = 2000
SEALS_CHUNK, SEALS_BYTES = 200, 4_000_000
"""A seal holds 32 bytes for each of its rows, so few large ones are read at a time, and many small ones."""
LOG, SEALS, HEADS = "reconciliation_reconciliationactionlog", "reconciliation_logseal", "reconciliation_loghead"
ROW_COLUMNS = [
    "organization_id",
    "batch",
    "position",
    "id",
    "action",
    "discrepancy_id",
    "run_id",
    "item_id",
    "before",
    "after",
    "actor",
    "actor_user_id",
    "reason",
    "request_id",
    "at",
]
POSITION, ROW_ID = ROW_COLUMNS.index("position"), ROW_COLUMNS.index("id")
End = tuple[Any, Any, Any]
Ends = tuple[End | None, End | None]
SEAL_COLUMNS = [
    "id",
    "number",
    "batch",
    "count",
    "total",
    "leaves",
    "leaves_hash",
    "previous_hash",
    "hash",
    "sealed_at",
]

LEAVES = SEAL_COLUMNS.index("leaves")


def next_row_ids(count: int) -> list[int]:
    """Ids for `count` new rows, taken before writing since a row's hash covers its id."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [LOG, count])
            return [row_id for (row_id,) in cursor.fetchall()]
        # SQLite has one writer, and this transaction is it (BEGIN IMMEDIATE).
        cursor.execute(f"SELECT COALESCE(MAX(id), 0) FROM {LOG}")
        last = cursor.fetchone()[0]
        return list(range(last + 1, last + count + 1))


def insert_rows(leaves: Sequence[sealing.Leaf], at: datetime) -> None:
    """Write rows exactly as they were hashed; COPY and executemany, since bulk_create takes four times as long."""
    columns = ", ".join(f'"{name}"' for name in ROW_COLUMNS)
    moment = connection.ops.adapt_datetimefield_value(at)
    rows = ((*leaf[:-1], moment) for leaf in leaves)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with connection.wrap_database_errors, cursor.copy(f"COPY {LOG} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(ROW_COLUMNS))
            cursor.executemany(f"INSERT INTO {LOG} ({columns}) VALUES ({marks})", list(rows))


def stream(sql: str, parameters: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """Rows of a query, read in chunks on both databases."""
    with closing(connection.chunked_cursor()) as cursor:
        cursor.execute(sql, parameters)
        while rows := cursor.fetchmany(CHUNK):
            yield from rows


@contextmanager
def undecodable_text_allowed() -> Iterator[None]:
    """Read text that is not UTF-8, which SQLite lets in, as lone surrogates instead of failing; slower."""
    connection.ensure_connection()
    raw = connection.connection
    raw.text_factory = lambda value: value.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        raw.text_factory = str


def _columns(alias: str, names: list[str]) -> str:
    return ", ".join(_column(alias, name) for name in names)


def _column(alias: str, name: str) -> str:
    # On SQLite Django parses what a column declared as datetime holds, and fails on a tampered one; not so expressions.
    plain = connection.vendor == "sqlite" and name in {"at", "sealed_at"}
    return f"{alias}.\"{name}\" || ''" if plain else f'{alias}."{name}"'


def seals(organization_id: int, upto: int) -> Iterator[tuple[Any, ...]]:
    """The organization's seals to number `upto`, in order, as `SEAL_COLUMNS`."""
    size = 1
    with closing(connection.chunked_cursor()) as cursor:
        cursor.execute(
            f"SELECT {_columns('s', SEAL_COLUMNS)} FROM {SEALS} s "
            "WHERE s.organization_id = %s AND s.number <= %s ORDER BY s.number, s.id",
            [organization_id, upto],
        )
        while rows := cursor.fetchmany(size):
            yield from rows
            largest = max(_size(row[LEAVES]) for row in rows)
            size = max(1, min(2 * size, SEALS_CHUNK, SEALS_BYTES // max(largest, 1)))


def _size(leaves: Any) -> int:
    return len(leaves) if isinstance(leaves, bytes | memoryview) else 0


def sealed_rows(organization_id: int, upto: int) -> Iterator[tuple[Any, ...]]:
    """The rows under those seals in the same order: `ROW_COLUMNS`, then the seal's id."""
    return stream(
        f"SELECT {_columns('l', ROW_COLUMNS)}, s.id FROM {SEALS} s JOIN {LOG} l ON l.batch = s.batch "
        "WHERE s.organization_id = %s AND s.number <= %s ORDER BY s.number, s.id, l.position, l.id",
        [organization_id, upto],
    )


def unsealed_rows(organization_id: int | None, limit: int) -> list[tuple[int, int]]:
    """(organization, row) ids of rows that no seal covers, of one organization or of all."""
    where, parameters = (
        ("TRUE", [limit]) if organization_id is None else ("l.organization_id = %s", [organization_id, limit])
    )
    return list(
        stream(
            f"SELECT l.organization_id, l.id FROM {LOG} l WHERE {where} "
            f"AND NOT EXISTS (SELECT 1 FROM {SEALS} s WHERE s.batch = l.batch) ORDER BY l.id LIMIT %s",
            parameters,
        )
    )


def seal_hashes(organization_id: int, step: int, below: int) -> tuple[tuple[int, str], ...]:
    """(number, hash) of every `step`-th seal of the organization with a number below `below`."""
    return tuple(
        stream(
            f"SELECT s.number, s.hash FROM {SEALS} s WHERE s.organization_id = %s AND s.number %% %s = 0 "
            "AND s.number < %s ORDER BY s.number",
            [organization_id, step, below],
        )
    )


def organizations_with_seals() -> set[int]:
    """Ids of the organizations that have seals, whether or not the organization still exists."""
    query = f"SELECT DISTINCT organization_id FROM {SEALS}"
    return {organization_id for (organization_id,) in stream(query, [])}


def rows_in_all(organization_ids: Collection[int]) -> int:
    """How many rows the heads of these organizations count; for showing progress only."""
    heads = stream(f"SELECT organization_id, total FROM {HEADS}", [])
    return sum(
        total for organization_id, total in heads if organization_id in organization_ids and isinstance(total, int)
    )


def head_and_last_seal(organization_id: int) -> Ends:
    """The head row and the last seal as (number, total, hash), each None when absent; one statement, so one moment."""
    sql = (
        "SELECT h.number, h.total, h.hash, s.number, s.total, s.hash FROM (SELECT 1 AS one) o "
        f"LEFT JOIN {HEADS} h ON h.organization_id = %s "
        f"LEFT JOIN (SELECT number, total, hash FROM {SEALS} WHERE organization_id = %s "
        "ORDER BY number DESC, id DESC LIMIT 1) s ON 1 = 1"
    )
    values = next(stream(sql, [organization_id, organization_id]))
    head, last = (values[0], values[1], values[2]), (values[3], values[4], values[5])
    return (None if head[0] is None else head), (None if last[0] is None else last)


def leaf_digest(row: tuple[Any, ...]) -> bytes:
    """The digest of a raw row that begins with `ROW_COLUMNS`; empty when it holds something no honest row holds."""
    try:
        changes = _canonical_text(row[8]), _canonical_text(row[9])
        fields: tuple[Any, ...] = (row[0], hex_text(row[1]), *row[2:8], *changes, *row[10:14], time_text(row[14]))
        return sealing.leaf_digest(sealing.Leaf(*fields))
    except (AttributeError, TypeError, ValueError, RecursionError):
        return b""


def hex_text(batch: Any) -> str:
    """A stored UUID as 32 hexadecimal digits: PostgreSQL returns UUIDs, SQLite those digits."""
    return batch if isinstance(batch, str) else batch.hex


@lru_cache(maxsize=4096)
def _canonical_text(text: str) -> str:
    return sealing.canonical_json(loads(text))


@lru_cache(maxsize=4096)
def time_text(value: str | datetime) -> str:
    """A stored time as `canonical_time` gives it: PostgreSQL returns aware times, SQLite text in UTC."""
    moment = datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value
    return sealing.canonical_time(moment)
