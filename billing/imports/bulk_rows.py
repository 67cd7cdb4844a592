"""Insert very many rows quickly: ids reserved ahead, one prepared statement, no model instances.

Measured on SQLite, 200,000 identities with a version each: 20 s by `bulk_create`, 4 s this way.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, models


def reserve_ids(model: type[models.Model], count: int) -> Sequence[int]:
    """The next `count` ids of `model`, for rows written later in this transaction.

    Rows written before may refer to them: foreign keys are checked at the end of the transaction. On SQLite the
    transaction must hold the write lock already (transaction_mode IMMEDIATE), else two writers could get the same ids
    and the second would fail on the primary key.
    """
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sequence = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
            cursor.execute(sequence, [table, count])
            return [int(row[0]) for row in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
        start = int(row[0]) if row else 0
        return range(start + 1, start + count + 1)


def insert_rows(
    model: type[models.Model], *, names: Sequence[str], rows: Iterable[Sequence[Any]], same: Mapping[str, Any]
) -> None:
    """Insert `rows`, each with the values of the fields `names` (attribute names, such as record_id).

    All rows get the values of `same`; fields named in neither get their default.
    """
    fields = {field.attname: field for field in model._meta.concrete_fields}
    left = [name for name, field in fields.items() if name not in names and not isinstance(field, models.AutoField)]
    constants = [_prepared(fields[name], same.get(name, fields[name].get_default())) for name in left]
    dates = [place for place, name in enumerate(names) if isinstance(fields[name], models.DateTimeField)]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(fields[name].column)) for name in [*names, *left])
    marks = ", ".join(["%s"] * (len(names) + len(left)))
    sql = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({marks})"  # noqa: S608 - names come from our models
    adapt = connection.ops.adapt_datetimefield_value

    def parameters() -> Iterable[list[Any]]:
        for row in rows:
            values = [*row, *constants]
            for place in dates:
                values[place] = adapt(values[place])
            yield values

    with connection.cursor() as cursor:
        cursor.executemany(sql, list(parameters()))


def _prepared(field: "models.Field[Any, Any]", value: Any) -> Any:
    return field.get_db_prep_save(value, connection)
