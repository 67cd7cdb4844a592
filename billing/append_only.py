"""Append-only tables, kept so by the database itself.

`forbid_changes(table)` is a migration operation. It creates triggers that refuse UPDATE, DELETE and (on PostgreSQL) TRUNCATE,
whatever client sends them. `updatable` names the columns that may still change, each with the SQL condition over OLD and NEW
under which it may. On SQLite `PRAGMA recursive_triggers=ON` (see settings) makes INSERT OR REPLACE fire the delete trigger too.
"""

from collections.abc import Mapping, Sequence

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MESSAGE = "append-only table: rows are never changed or removed"
UPWARDS = {"current_number": "NEW.current_number > OLD.current_number"}
CLOSE_ONCE = {"closed_run": "OLD.closed_run IS NULL AND NEW.closed_run IS NOT NULL"}


def postgres_sql(table: str, updatable: Mapping[str, str]) -> list[str]:
    """Statements that protect `table` on PostgreSQL."""
    function = f"{table}_append_only"
    body = f"RAISE EXCEPTION '{MESSAGE} ({table})' USING ERRCODE = 'restrict_violation';"
    if updatable:
        keep = " - ".join(["to_jsonb({})"] + [f"'{column}'" for column in updatable])
        allowed = " AND ".join([f"{keep.format('OLD')} = {keep.format('NEW')}", *updatable.values()])
        # Nested, since OLD and NEW do not exist in a TRUNCATE trigger.
        body = f"IF TG_OP = 'UPDATE' THEN IF {allowed} THEN RETURN NEW; END IF; END IF; {body}"
    return [
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$",
        f"CREATE TRIGGER {function}_row BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {function}()",
        f"CREATE TRIGGER {function}_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()",
    ]


def sqlite_sql(table: str, columns: Sequence[str], updatable: Mapping[str, str]) -> list[str]:
    """Statements that protect `table` (with all its `columns`) on SQLite."""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{MESSAGE} ({table})'); END"
    frozen = [f'OLD."{column}" IS NOT NEW."{column}"' for column in columns if column not in updatable]
    conditions = [f"NOT ({condition})" for condition in updatable.values()]
    when = f"WHEN {' OR '.join(frozen + conditions)} " if updatable else ""
    return [
        f"CREATE TRIGGER {table}_append_only_update BEFORE UPDATE ON {table} FOR EACH ROW {when}{refuse}",
        f"CREATE TRIGGER {table}_append_only_delete BEFORE DELETE ON {table} FOR EACH ROW {refuse}",
    ]


def forbid_changes(table: str, updatable: Mapping[str, str] | None = None) -> migrations.RunPython:
    """Migration operation: make `table` append-only, but for `updatable` columns under their conditions."""
    allowed = updatable or {}

    def forwards(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
        connection = editor.connection
        if connection.vendor == "postgresql":
            statements = postgres_sql(table, allowed)
        else:
            with connection.cursor() as cursor:
                columns = [c.name for c in connection.introspection.get_table_description(cursor, table)]
            statements = sqlite_sql(table, columns, allowed)
        for statement in statements:
            editor.execute(statement)

    def backwards(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
        if editor.connection.vendor == "postgresql":
            editor.execute(f"DROP FUNCTION IF EXISTS {table}_append_only() CASCADE")
            return
        for event in ("update", "delete"):
            editor.execute(f"DROP TRIGGER IF EXISTS {table}_append_only_{event}")

    return migrations.RunPython(forwards, backwards)
