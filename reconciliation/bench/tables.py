"""The scratch database between measurements: emptied, settled, warm; and what its settings are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.apps import apps
from django.db import DatabaseError, connection, transaction

SOURCES: Final = (
    "billing_payment",
    "billing_paymentversion",
    "billing_providerrecord",
    "billing_providerrecordversion",
)
POSTGRES_SETTINGS: Final = (
    "server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers", "work_mem",
    "maintenance_work_mem", "max_wal_size", "checkpoint_timeout", "max_parallel_workers_per_gather", "jit",
    "autovacuum",
)  # fmt: skip
SQLITE_SETTINGS: Final = ("journal_mode", "synchronous", "cache_size", "mmap_size", "page_size", "recursive_triggers")


def quoted(table: str) -> str:
    """A table's name as SQL."""
    return connection.ops.quote_name(table)


def result_tables() -> list[str]:
    """Everything a run writes to."""
    return tables_of("reconciliation")


def tables_of(*labels: str) -> list[str]:
    """The tables of some of our apps; no migration puts rows there."""
    models = (apps.get_app_config(label).get_models(include_auto_created=True) for label in labels)
    return sorted(model._meta.db_table for some in models for model in some)


@contextmanager
def triggers_off(tables: list[str]) -> Iterator[None]:
    """Append-only triggers of some tables are off within the block, and back after it."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks still to come cannot be altered
            for table in tables:
                cursor.execute(f"ALTER TABLE {quoted(table)} DISABLE TRIGGER USER")
            yield
            for table in tables:
                cursor.execute(f"ALTER TABLE {quoted(table)} ENABLE TRIGGER USER")
            return
        cursor.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = [(name, sql) for name, table, sql in cursor.fetchall() if table in tables]
        for name, _sql in triggers:
            cursor.execute(f"DROP TRIGGER {quoted(name)}")
        yield
        for _name, sql in triggers:
            cursor.execute(sql)


def empty(tables: list[str]) -> None:
    """Removes every row of some tables of the scratch database."""
    with triggers_off(tables), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {', '.join(map(quoted, tables))} RESTART IDENTITY")
            return
        for table in tables:
            cursor.execute(f"DELETE FROM {quoted(table)}")  # noqa: S608 - names of our own tables


def settle() -> None:
    """Statistics are fresh and nothing of earlier work is still to be written. Not inside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor != "postgresql":
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return
        try:
            cursor.execute("CHECKPOINT")
        except DatabaseError:
            return  # for a role that may not: the server checkpoints by itself


def vacuum() -> None:
    """Once after loading, as any server has done by the next day."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def warm() -> None:
    """Reads the sources and their indexes' tables once, so that every measurement finds them in memory alike."""
    with connection.cursor() as cursor:
        for table in SOURCES:
            cursor.execute(f"SELECT count(*), sum(length(CAST(t.id AS TEXT))) FROM {quoted(table)} t")  # noqa: S608
            cursor.fetchone()


def settings_in_force() -> dict[str, str]:
    """What decides the speed and the safety of writes, as the database itself says."""
    found: dict[str, str] = {}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for name in POSTGRES_SETTINGS:
                cursor.execute(f"SHOW {name}")
                found[name] = str(cursor.fetchone()[0])
            return found
        cursor.execute("SELECT sqlite_version()")
        found["version"] = str(cursor.fetchone()[0])
        for name in SQLITE_SETTINGS:
            cursor.execute(f"PRAGMA {name}")
            found[name] = str(cursor.fetchone()[0])
    return found
