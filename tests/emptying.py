"""What a transactional test leaves behind is taken away again. Only tables that hold something new are touched."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

Rows = dict[str, list[tuple[Any, ...]]]


@contextmanager
def append_only_triggers_off(tables: Iterable[str] | None = None) -> Iterator[None]:
    """Let a test's clean-up empty append-only tables; the triggers are back when the block ends.

    `tables`: only theirs, which is quicker on SQLite; PostgreSQL lifts them all for this connection.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
            try:
                yield
            finally:
                cursor.execute("SET session_replication_role = DEFAULT")
            return
        cursor.execute("SELECT name, sql, tbl_name FROM sqlite_master WHERE type = 'trigger'")
        triggers = [(name, sql) for name, sql, table in cursor.fetchall() if tables is None or table in tables]
        for name, _sql in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
        try:
            yield
        finally:
            for _name, sql in triggers:
                cursor.execute(sql)


def rows_of(table: str) -> list[tuple[Any, ...]]:
    """A table's rows as the database keeps them, in an order that is always the same."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
        return list(cursor.fetchall())


def filled_tables() -> list[str]:
    """The tables that hold a row."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(f"""SELECT '{name}' WHERE EXISTS (SELECT 1 FROM "{name}")""" for name in tables)
        )
        return [name for (name,) in cursor.fetchall()]


def furniture() -> Rows:
    """Every row of the database: what its migrations put in, when asked before the first test."""
    return {table: rows_of(table) for table in filled_tables()}


def put_back(kept: Rows) -> None:
    """Leave the database with the rows of `kept` and no others."""
    with transaction.atomic():
        filled = filled_tables()
        changed = [name for name in filled if name not in kept or rows_of(name) != kept[name]]
        changed += [name for name in kept if name not in filled]
        with append_only_triggers_off(changed), connection.cursor() as cursor:
            for name in changed:
                cursor.execute(f'DELETE FROM "{name}"')
            for name in changed:
                if name in kept:
                    blanks = ", ".join(["%s"] * len(kept[name][0]))
                    cursor.executemany(f'INSERT INTO "{name}" VALUES ({blanks})', kept[name])
