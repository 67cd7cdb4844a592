"""Inserting rows that may be there already, and knowing which were new.

Check-then-insert loses races (476 of 500 events were stored twice by it); an insert that the database itself turns into
nothing does not. Django's `bulk_create(ignore_conflicts=True)` does not tell which rows went in, so the statement is
made here from the model's own fields.
"""

from collections.abc import Sequence
from typing import Any, Final

from django.db import connection, models

# Stays below the number of parameters either database takes in one statement, for 60 columns.
ROWS_A_STATEMENT: Final = 500
SENDER_WAITS_MS: Final = 10_000
# "src" in ASCII: tells these locks from others that use PostgreSQL's advisory locks.
_SOURCES: Final = 0x737263


def insert_new(rows: Sequence[models.Model], *, returning: Sequence[str]) -> list[tuple[Any, ...]]:
    """Insert rows of one model, skipping those that break a unique key; gives the fields `returning` of those that
    went in.

    Another transaction that inserted the same key first is waited for. Give rows sorted by that key, so that two
    transactions never wait for each other. Any other broken constraint raises IntegrityError.
    """
    found: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        for start in range(0, len(rows), ROWS_A_STATEMENT):
            sql, parameters = _statement(rows[start : start + ROWS_A_STATEMENT], returning)
            cursor.execute(sql, parameters)
            found.extend(cursor.fetchall())
    return found


def _statement(rows: Sequence[models.Model], returning: Sequence[str]) -> tuple[str, list[Any]]:
    model = rows[0]._meta
    fields = [field for field in model.concrete_fields if not isinstance(field, models.AutoField)]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    marks = "(" + ", ".join(["%s"] * len(fields)) + ")"
    names = {field.attname: str(field.column) for field in model.concrete_fields}
    back = ", ".join(quote(names[name]) for name in returning)
    sql = (
        f"INSERT INTO {quote(model.db_table)} ({columns}) VALUES {', '.join([marks] * len(rows))} "  # noqa: S608
        f"ON CONFLICT DO NOTHING RETURNING {back}"
    )
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for row in rows for field in fields]
    return sql, values


def lock_sources(organization_id: int, *, exclusive: bool) -> None:
    """Let single events of an organization in side by side, and imports of its events one at a time, alone.

    An import holds many records until it ends, so that next to it even well-ordered senders could wait in a circle.
    Held to the end of the transaction; a single event that cannot get in within ten seconds raises OperationalError.
    SQLite needs nothing: a transaction that writes is alone there.
    """
    if connection.vendor != "postgresql":
        return
    function = "pg_advisory_xact_lock" if exclusive else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        if not exclusive:
            # A sender waits this long at most, then tries again later: an import may take minutes.
            cursor.execute(f"SET LOCAL lock_timeout = {SENDER_WAITS_MS}")
        cursor.execute(f"SELECT {function}(%s, %s)", [_SOURCES, organization_id])
