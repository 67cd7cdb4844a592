"""What a child process of the bench may be asked to do: each step by its name, with its arguments as JSON."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from django.core.management import call_command
from django.db import connection

from reconciliation.bench import (
    bare_copy,
    changing,
    import_files,
    imports,
    ingesting,
    loading,
    many_small,
    orm_loop,
    pages,
    plain_sql,
    tables,
    tieout_runs,
)
from reconciliation.bench.measuring import measured

Answer = dict[str, Any]


def prepare(*, rows: int) -> Answer:
    """A migrated database with generated books; what is in it and its settings."""
    call_command("migrate", verbosity=0)
    sizes = loading.load(rows) if rows else {}
    tables.vacuum()
    return {"sizes": sizes, "settings": tables.settings_in_force()}


def _ready(*, fresh: bool) -> None:
    if fresh:
        tables.empty(tables.result_tables())
    tables.settle()
    tables.warm()
    connection.ensure_connection()


def first_run() -> Answer:
    """Tieout, with nothing stored before."""
    _ready(fresh=True)
    return measured(tieout_runs.run)


def next_run() -> Answer:
    """Tieout, on what is stored."""
    _ready(fresh=False)
    return measured(tieout_runs.run)


def full_run() -> Answer:
    """Tieout, everything matched again."""
    _ready(fresh=False)
    return measured(lambda: tieout_runs.run(full=True))


def orm() -> Answer:
    """The usual Django way."""
    _ready(fresh=True)
    return measured(orm_loop.run)


def sql() -> Answer:
    """The best SQL."""
    _ready(fresh=True)
    return measured(plain_sql.run)


def keep(*, path: str) -> Answer:
    """Keeps the items of the last run for `copy`."""
    return bare_copy.keep(Path(path))


def copy(*, path: str) -> Answer:
    """The bare bulk load of the items that were kept."""
    rows = bare_copy.kept(Path(path))
    _ready(fresh=True)
    return measured(lambda: bare_copy.run(rows))


def change(*, rows: int, turn: int) -> Answer:
    """A few changes of the sources."""
    return dict(changing.change(rows, turn))


def import_file(*, way: str, path: str, fresh: bool) -> Answer:
    """One way to import one file."""
    if fresh:
        tables.empty(tables.tables_of("billing", "usage", "reconciliation"))
    imports.ensure_organization()
    tables.settle()
    return measured(lambda: imports.WAYS[way](Path(path)))


def ingest(*, way: str, address: str, fresh: bool) -> Answer:
    """One way to ingest a statement from the server at `address`."""
    if fresh:
        tables.empty(tables.tables_of("billing", "usage", "reconciliation"))
    ingesting.ensure_organization()
    tables.settle()
    return measured(lambda: ingesting.WAYS[way](address))


def files(*, folder: str, rows: int) -> Answer:
    """The files to import."""
    return dict(import_files.write_files(Path(folder), rows))


def small_books(*, organizations: int) -> Answer:
    """Organizations of 500 payments each, until there are so many."""
    return dict(many_small.load(organizations))


def sweep(*, fresh: bool) -> Answer:
    """Every organization's period, one after the other."""
    _ready(fresh=fresh)
    return measured(many_small.sweep)


STEPS: Final[dict[str, Callable[..., Answer]]] = {
    step.__name__: step
    for step in (
        prepare, pages.desk_pages, first_run, next_run, full_run, orm, sql, keep, copy, change, import_file, files,
        ingest, small_books, sweep,
    )
}  # fmt: skip
