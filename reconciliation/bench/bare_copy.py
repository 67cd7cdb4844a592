"""The floor: the very rows Tieout stores, put into the same table by nothing but the database's bulk load."""

from pathlib import Path
from typing import Any, Final

import polars as pl
from django.db import transaction

from reconciliation.frames import EpochMicros, Schema, read, timestamp, write
from reconciliation.models import ReconciliationItem

INT, TEXT = pl.Int64, pl.String
ROWS: Final[Schema] = {
    "organization_id": INT, "comparison": TEXT, "left_id": INT, "left_version_id": INT, "right_id": INT,
    "right_version_id": INT, "kind": TEXT, "outcome": TEXT, "match_pass": TEXT, "reason": TEXT, "group_key": TEXT,
    "left_amount_minor": INT, "left_currency": TEXT, "left_status": TEXT, "right_amount_minor": INT,
    "right_currency": TEXT, "right_status": TEXT, "occurred_at": INT, "due_at": INT, "opened_run": INT,
}  # fmt: skip
COLUMNS: Final[dict[str, Any]] = {name: name for name in ROWS} | {
    "occurred_at": EpochMicros("occurred_at"),
    "due_at": EpochMicros("due_at"),
}


def keep(path: Path) -> dict[str, Any]:
    """Keeps the stored items in a file, to be loaded again by `run`."""
    rows = read(ReconciliationItem.objects.all(), COLUMNS, ROWS).sort("left_id", "right_id")
    rows.write_parquet(path)
    return {"items": len(rows)}


def kept(path: Path) -> pl.DataFrame:
    """The rows `keep` kept, as they go into the table."""
    texts = [pl.col(name).fill_null("") for name, dtype in ROWS.items() if dtype == TEXT]
    return pl.read_parquet(path).with_columns(*texts, timestamp("occurred_at"), timestamp("due_at"))


def run(rows: pl.DataFrame) -> dict[str, Any]:
    """Loads the rows."""
    with transaction.atomic():
        write(ReconciliationItem, rows)
    return {"written": {"items": len(rows)}}
