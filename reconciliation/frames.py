"""The only door between tables and frames: reads querysets into Polars frames and writes frames into tables, in bulk.

PostgreSQL speaks CSV COPY through Django's own connection (so it works inside `atomic()` and tests); SQLite reads by
cursor and writes by `executemany`. Nothing here knows what the rows mean.
"""

import io
import re
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import polars as pl
import psycopg
from django.db import connection, models
from django.db.models import Func, QuerySet
from django.db.models.sql.compiler import SQLCompiler

from reconciliation.connections import one_ahead

PIECE_BYTES = 16 * 1024 * 1024
ROWS_A_CHUNK = 50_000
KEYS_A_QUERY = 5_000

Schema = dict[str, type[pl.DataType]]
LABEL = pl.Categorical
"""A text of few different values: a quarter of the memory of pl.String."""
TEXTS = (pl.String, pl.Categorical)


class EpochMicros(Func):
    """A timestamp as microseconds since 1970-01-01 UTC."""

    output_field = models.BigIntegerField()
    arity = 1

    def as_postgresql(self, compiler: SQLCompiler, connection: Any, **context: Any) -> Any:
        """Exact until the year 2242: a double holds 53 bits of seconds, and a microsecond is left after rounding."""
        template = "round(date_part('epoch', %(expressions)s) * 1000000)::bigint"
        return super().as_sql(compiler, connection, template=template, **context)

    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **context: Any) -> Any:
        """Django stores `YYYY-MM-DD HH:MM:SS[.ffffff]`; julianday() would lose microseconds."""
        sql, params = compiler.compile(self.source_expressions[0])
        template = (
            f"(CAST(strftime('%%s', substr({sql}, 1, 19)) AS INTEGER) * 1000000 + CASE WHEN length({sql}) > 20 "
            f"THEN CAST(substr({sql} || '000000', 21, 6) AS INTEGER) ELSE 0 END)"
        )
        return template, [*params, *params, *params]


def read(queryset: QuerySet[Any, Any], columns: dict[str, Any], schema: Schema) -> pl.DataFrame:
    """Reads `columns` (name → field path or expression) of a queryset into a frame of `schema`. "" reads as null.

    Raises django.db errors as the ORM would.
    """
    pieces = list(read_pieces(queryset, columns, schema))
    return pl.concat(pieces) if pieces else pl.DataFrame(schema=schema)


def read_pieces(
    queryset: QuerySet[Any, Any], columns: dict[str, Any], schema: Schema
) -> Generator[pl.DataFrame, None, None]:
    """What `read` gives, in frames of some ten thousand rows, so that a large table never stands in memory at once.
    Close it when it is left early.
    """
    names = {f"col_{name}": expression for name, expression in columns.items()}
    plain = {k: models.F(v) if isinstance(v, str) else v for k, v in names.items()}
    rows = queryset.order_by().annotate(**plain).values_list(*names)
    sql, params = rows.query.sql_with_params()
    pieces = _copy_out(sql, params, schema) if connection.vendor == "postgresql" else _fetch(sql, params, schema)
    texts = [name for name, dtype in schema.items() if dtype in TEXTS]
    with closing(pieces):
        for piece in pieces:
            yield piece.with_columns(pl.when(pl.col(texts) != "").then(pl.col(texts)).name.keep())


def read_where(
    queryset: QuerySet[Any, Any], field: str, values: Iterable[Any], columns: dict[str, Any], schema: Schema
) -> pl.DataFrame:
    """Reads the rows whose `field` is one of `values`, a few thousand values a query."""
    wanted = list(values)
    parts = [
        read(queryset.filter(**{f"{field}__in": wanted[at : at + KEYS_A_QUERY]}), columns, schema)
        for at in range(0, len(wanted), KEYS_A_QUERY)
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema)


def _copy_out(sql: str, params: Sequence[Any], schema: Schema) -> Generator[pl.DataFrame, None, None]:
    """COPY (query) TO STDOUT, in pieces, parsed by Polars.

    Read at libpq's level: psycopg's own loop costs three times the parsing, row by row.
    """
    with connection.cursor() as cursor, connection.wrap_database_errors:
        raw = cursor.connection
        statement = f"COPY ({psycopg.ClientCursor(raw).mogrify(sql, params)}) TO STDOUT (FORMAT csv)".encode()
        pieces = _copy_pieces(raw.pgconn, statement)
        first, second = next(pieces, None), next(pieces, None)
        if first is None or second is None:  # most tables: no thread for them
            yield from () if first is None else (_parse(first, schema),)
            return
        with ThreadPoolExecutor(1) as pool:  # the database goes on sending while a piece is parsed
            parsed = deque(pool.submit(_parse, piece, schema) for piece in (first, second))
            del first, second
            yield parsed.popleft().result()
            for piece in pieces:
                parsed.append(pool.submit(_parse, piece, schema))
                yield parsed.popleft().result()
            yield from (future.result() for future in parsed)


def _copy_pieces(pgconn: Any, statement: bytes) -> Generator[bytes, None, None]:
    """The output of a COPY in pieces of whole rows; raises psycopg's error when the statement fails."""
    result = pgconn.exec_(statement)
    if result.status != psycopg.pq.ExecStatus.COPY_OUT:
        raise psycopg.errors.error_from_result(result)
    try:
        yield from _joined(pgconn.get_copy_data)
    except GeneratorExit:
        _stop_copy(pgconn)
        raise
    for result in iter(pgconn.get_result, None):
        if result.status == psycopg.pq.ExecStatus.FATAL_ERROR:
            raise psycopg.errors.error_from_result(result)


def _joined(take: Callable[[int], tuple[int, bytes]]) -> Iterator[bytes]:
    """Rows joined to pieces. A row is copied once, out of libpq's own buffer."""
    text, size = io.BytesIO(), 0
    while True:
        length, row = take(0)
        if length < 0:
            break
        size += text.write(row)
        if size >= PIECE_BYTES:
            yield text.getvalue()
            text, size = io.BytesIO(), 0
    if size:
        yield text.getvalue()


def _stop_copy(pgconn: Any) -> None:
    """Nobody wants the rest of a COPY: until it is taken, the connection is good for nothing else."""
    pgconn.get_cancel().cancel()
    while pgconn.get_copy_data(0)[0] >= 0:
        pass
    while pgconn.get_result() is not None:
        pass


def _parse(text: bytes, schema: Schema) -> pl.DataFrame:
    """Parses CSV with an explicit schema; PostgreSQL writes booleans as t and f."""
    wire = {name: pl.String if dtype == pl.Boolean else dtype for name, dtype in schema.items()}
    frame = pl.read_csv(io.BytesIO(text), has_header=False, new_columns=list(wire), schema=wire)
    flags = [name for name, dtype in schema.items() if dtype == pl.Boolean]
    return frame.with_columns(pl.col(flags) == "t") if flags else frame


def _fetch(sql: str, params: Sequence[Any], schema: Schema) -> Generator[pl.DataFrame, None, None]:
    """Reads by cursor in chunks, so that the Python rows of a large table never stand in memory at once."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, params)
        while rows := cursor.fetchmany(ROWS_A_CHUNK):
            yield pl.DataFrame(rows, schema=schema, orient="row")


def timestamp(column: str) -> pl.Expr:
    """Microseconds since 1970 as the text both databases store; without a fraction when it is zero, as Django writes
    it.
    """
    moment = pl.col(column).cast(pl.Datetime("us"))
    whole = pl.col(column) % 1_000_000 == 0
    zone = "+00" if connection.vendor == "postgresql" else ""
    return (
        pl.when(whole)
        .then(moment.dt.strftime(f"%Y-%m-%d %H:%M:%S{zone}"))
        .otherwise(moment.dt.strftime(f"%Y-%m-%d %H:%M:%S%.6f{zone}"))
        .alias(column)
    )


def as_it_is(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame."""
    return frame


def write(
    model: type[models.Model], frame: pl.DataFrame, shape: Callable[[pl.DataFrame], pl.DataFrame] = as_it_is
) -> None:
    """Appends the rows of a frame to a model's table, some ten thousand at a time, each lot as `shape` makes it
    (in another thread, so that it asks the database nothing). Columns are database columns.

    Raises django.db errors (IntegrityError above all) as the ORM would.
    """
    if frame.is_empty():
        return
    table = connection.ops.quote_name(model._meta.db_table)
    columns = shape(frame.head(0)).columns
    if not all(re.fullmatch(r"[a-z_0-9]+", name) for name in columns):
        raise ValueError(f"not column names: {columns}")
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    lots = (shape(lot) for lot in frame.iter_slices(ROWS_A_CHUNK))
    if connection.vendor == "postgresql":
        statement = f"COPY {table} ({names}) FROM STDIN (FORMAT csv)"
        _copy_in(statement, lots, one=len(frame) <= ROWS_A_CHUNK)
        return
    holes = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        for lot in lots:
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({holes})", lot.rows())  # noqa: S608


def _copy_in(statement: str, lots: Iterator[pl.DataFrame], *, one: bool) -> None:
    """COPY table FROM STDIN; unless there is but one lot, the next is written out as text while the database takes in
    the one before.
    """
    texts = (lot.write_csv(include_header=False).encode() for lot in lots)
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.connection.cursor() as plain,
        plain.copy(statement) as copy,
        closing(texts if one else one_ahead(texts)) as coming,
    ):
        for text in coming:
            copy.write(text)
