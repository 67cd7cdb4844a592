"""Rights of the PostgreSQL role the application runs as. Migrations run as another: the owner."""

from django.db import connection
from django.utils.translation import gettext as _
from psycopg import sql

from billing.append_only import declared_tables

READ_ONLY = {"django_migrations"}


class RoleRefusedError(Exception):
    """The role could undo its own limits; the message says why."""


def grant_application_rights(role: str, password: str | None) -> dict[str, str]:
    """Create `role` when it is missing and set its rights on every table; returns each table's rights.

    Raises RoleRefusedError for a role no grant can hold back: a superuser, or one that owns the tables.
    """
    declared = declared_tables()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is None:
            cursor.execute(
                sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE").format(sql.Identifier(role))
            )
    tables = {name: _rights(name, declared) for name in connection.introspection.table_names()}
    _refuse_powerful(role, list(tables))
    with connection.cursor() as cursor:
        for statement in _statements(role, password, tables):
            cursor.execute(statement)
    return tables


def _rights(table: str, declared: dict[str, dict[str, str]]) -> str:
    if table in READ_ONLY:
        return "SELECT"
    if table not in declared:
        return "SELECT, INSERT, UPDATE, DELETE"
    columns = ", ".join(f'"{column}"' for column in declared[table])
    return "SELECT, INSERT" + (f", UPDATE ({columns})" if columns else "")


def _refuse_powerful(role: str, tables: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone()[0]:
            raise RoleRefusedError(_("%s is a superuser: no right can be taken from it. Name another role.") % role)
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relname = ANY(%s) AND pg_table_is_visible(oid) "
            "AND pg_has_role(%s, relowner, 'MEMBER')",
            [tables, role],
        )
        if cursor.fetchone()[0]:
            message = _("%s owns tables, and an owner can switch triggers off. Run migrations as another role.")
            raise RoleRefusedError(message % role)


def _statements(role: str, password: str | None, tables: dict[str, str]) -> list[sql.Composed]:
    name = sql.Identifier(role)
    database = sql.Identifier(connection.settings_dict["NAME"])
    statements = [
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, name),
        sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name),
        sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(name),
    ]
    if password is not None:
        # Hashed here, so that the password itself is in no statement the server might log.
        hashed = connection.connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
        statements.append(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(hashed.decode())))
    for table, rights in tables.items():
        identifier = sql.Identifier(table)
        statements.append(sql.SQL("REVOKE ALL ON {} FROM {}").format(identifier, name))
        statements.append(sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(rights), identifier, name))
    return statements
