"""Append-only tables, kept so by the database itself.

`forbid_changes(table)` is a migration operation. It creates triggers that refuse UPDATE, DELETE and (on PostgreSQL)
TRUNCATE, whatever client sends them. `updatable` names the columns that may still change, each with the SQL condition
over OLD and NEW under which it may. On SQLite `PRAGMA recursive_triggers=ON` (see settings) makes INSERT OR REPLACE
fire the delete trigger too.

The migrations are the one list of append-only tables: `declared_tables()` reads it back from them, `broken_triggers()`
asks the database whether each is still protected (SQLite loses triggers when Django rebuilds a table for an ALTER).
"""

from collections.abc import Mapping, Sequence

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.loader import MigrationLoader

MESSAGE = "append-only table: rows are never changed or removed"
UPWARDS = {"current_number": "NEW.current_number > OLD.current_number"}
CLOSE_ONCE = {"closed_run": "OLD.closed_run IS NULL AND NEW.closed_run IS NOT NULL"}


def trigger_names(table: str, vendor: str) -> tuple[str, str]:
    """Names of the two triggers that protect `table` on a database of `vendor`."""
    first, second = ("row", "truncate") if vendor == "postgresql" else ("update", "delete")
    return f"{table}_append_only_{first}", f"{table}_append_only_{second}"


def _postgres_body(table: str, updatable: Mapping[str, str]) -> str:
    body = f"RAISE EXCEPTION '{MESSAGE} ({table})' USING ERRCODE = 'restrict_violation';"
    if updatable:
        keep = " - ".join(["to_jsonb({})"] + [f"'{column}'" for column in updatable])
        allowed = " AND ".join([f"{keep.format('OLD')} = {keep.format('NEW')}", *updatable.values()])
        # Nested, since OLD and NEW do not exist in a TRUNCATE trigger.
        body = f"IF TG_OP = 'UPDATE' THEN IF {allowed} THEN RETURN NEW; END IF; END IF; {body}"
    return f" BEGIN {body} END "


def postgres_sql(table: str, updatable: Mapping[str, str]) -> list[str]:
    """Statements that protect `table` on PostgreSQL."""
    function = f"{table}_append_only"
    row, truncate = trigger_names(table, "postgresql")
    body, call = _postgres_body(table, updatable), f"EXECUTE FUNCTION {function}()"
    return [
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$",
        f"CREATE TRIGGER {row} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {call}",
        f"CREATE TRIGGER {truncate} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {call}",
    ]


def sqlite_sql(table: str, columns: Sequence[str], updatable: Mapping[str, str]) -> list[str]:
    """Statements that protect `table` (with all its `columns`) on SQLite."""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{MESSAGE} ({table})'); END"
    frozen = [f'OLD."{column}" IS NOT NEW."{column}"' for column in columns if column not in updatable]
    conditions = [f"({condition}) IS NOT TRUE" for condition in updatable.values()]
    when = f"WHEN {' OR '.join(frozen + conditions)} " if updatable else ""
    update, delete = trigger_names(table, "sqlite")
    return [
        f"CREATE TRIGGER {update} BEFORE UPDATE ON {table} FOR EACH ROW {when}{refuse}",
        f"CREATE TRIGGER {delete} BEFORE DELETE ON {table} FOR EACH ROW {refuse}",
    ]


def _columns(table: str, connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        return [column.name for column in connection.introspection.get_table_description(cursor, table)]


def protect(table: str, updatable: Mapping[str, str], editor: BaseDatabaseSchemaEditor) -> None:
    """Create the triggers of `table` in place of what is left of earlier ones."""
    unprotect(table, editor)
    if editor.connection.vendor == "postgresql":
        statements = postgres_sql(table, updatable)
    else:
        statements = sqlite_sql(table, _columns(table, editor.connection), updatable)
    for statement in statements:
        editor.execute(statement)


def unprotect(table: str, editor: BaseDatabaseSchemaEditor) -> None:
    """Remove the triggers of `table`, as the owner of the database: for migrations that take it back or rebuild it."""
    if editor.connection.vendor == "postgresql":
        editor.execute(f"DROP FUNCTION IF EXISTS {table}_append_only() CASCADE")
        return
    for trigger in trigger_names(table, "sqlite"):
        editor.execute(f"DROP TRIGGER IF EXISTS {trigger}")


class ForbidChanges(migrations.RunPython):
    """Migration operation that protects one table; see `forbid_changes`."""

    def __init__(self, table: str, updatable: Mapping[str, str]) -> None:
        self.table = table
        self.updatable = dict(updatable)

        def forwards(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
            protect(table, updatable, editor)

        def backwards(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
            unprotect(table, editor)

        super().__init__(forwards, backwards)


def forbid_changes(table: str, updatable: Mapping[str, str] | None = None) -> ForbidChanges:
    """Migration operation: make `table` append-only, but for `updatable` columns under their conditions.

    Repeat it in every later migration that alters the table.
    """
    return ForbidChanges(table, updatable or {})


def declared_tables() -> dict[str, dict[str, str]]:
    """Every table the migrations declare append-only, with its updatable columns; a table's last declaration counts."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    found: dict[str, dict[str, str]] = {}
    for key in sorted(loader.disk_migrations):
        for operation in loader.disk_migrations[key].operations:
            if isinstance(operation, ForbidChanges):
                found[operation.table] = operation.updatable
    return dict(sorted(found.items()))


def broken_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of declared triggers that are absent, switched off, or no longer say what the migrations declare."""
    vendor = connection.vendor
    present = _postgres_triggers(connection) if vendor == "postgresql" else _sqlite_triggers(connection)
    broken = []
    for table, updatable in declared_tables().items():
        names = trigger_names(table, vendor)
        if vendor == "postgresql":
            wanted = [_postgres_body(table, updatable)] * len(names)
        else:
            wanted = sqlite_sql(table, _columns(table, connection), updatable)
        broken += [name for name, text in zip(names, wanted, strict=True) if present.get((table, name)) != text]
    return broken


def _postgres_triggers(connection: BaseDatabaseWrapper) -> dict[tuple[str, str], str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, t.tgname, p.prosrc FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgenabled IN ('O', 'A') AND pg_table_is_visible(c.oid)"
        )
        return {(table, name): source for table, name, source in cursor.fetchall()}


def _sqlite_triggers(connection: BaseDatabaseWrapper) -> dict[tuple[str, str], str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'")
        return {(table, name): text for table, name, text in cursor.fetchall()}
