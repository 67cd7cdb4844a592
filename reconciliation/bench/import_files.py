"""The files the import measurements read: the generated books as a payment file and as Stripe events."""

import json
from pathlib import Path
from typing import Any, Final

import polars as pl

from billing.sample.plan import Theirs
from billing.sample.stripe_events import events_of
from reconciliation.bench.books import SECOND, payments_of, records_of, told

PAYMENTS: Final = "payments.csv"
EVENTS: Final = "events.jsonl"
REFERENCE_KEY: Final = "order_id"
ROWS_A_SLICE: Final = 50_000


def write_files(folder: Path, rows: int) -> dict[str, Any]:
    """Writes both files with exactly `rows` rows each; says how large they are, in bytes."""
    sizes = {}
    for name, write in ((PAYMENTS, _payments), (EVENTS, _events)):
        path = folder / name
        with path.open("w", encoding="utf-8") as file:
            written = first = 0
            while written < rows:
                text = write(told(first, ROWS_A_SLICE, rows).lazy(), first == 0, rows - written)
                file.write(text[0])
                written, first = written + text[1], first + ROWS_A_SLICE
        sizes[name] = path.stat().st_size
    return sizes


def _payments(rows: pl.LazyFrame, first: bool, most: int) -> tuple[str, int]:
    times = pl.from_epoch(pl.col("occurred_at") // SECOND, time_unit="s").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    frame = payments_of(rows.collect()).head(most).with_columns(occurred_at=times)
    return frame.write_csv(include_header=first), len(frame)


def _events(rows: pl.LazyFrame, _first: bool, most: int) -> tuple[str, int]:
    """One event for each charge."""
    charges = records_of(rows.collect()).filter(pl.col("kind") == "charge").head(most)
    lines = []
    for row in charges.iter_rows(named=True):
        charge = Theirs(
            id=row["external_id"], kind="charge", amount_minor=row["amount_minor"], currency=row["currency"],
            status=row["status"], occurred_at=row["occurred_at"] // SECOND, customer=row["customer"],
            fee_minor=row["fee_minor"], reference=row["reference"],
        )  # fmt: skip
        lines += [json.dumps(event, separators=(",", ":")) for event in events_of([charge], REFERENCE_KEY)]
    return "\n".join(lines) + "\n", len(lines)
