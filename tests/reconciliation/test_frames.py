"""The door between tables and frames: pieces and lots join into what was asked for."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from django.db import transaction

from billing.models import Organization
from reconciliation import frames
from reconciliation.models import ReconciliationItem
from tests.reconciliation.books import END, NOON, Books
from tests.reconciliation.invoice_books import InvoiceBooks

SCHEMA: frames.Schema = {"left_id": pl.Int64, "right_id": pl.Int64, "reason": pl.String, "due_at": pl.Int64}
COLUMNS: dict[str, Any] = {name: name for name in SCHEMA} | {"due_at": frames.EpochMicros("due_at")}
HOUR = 3_600_000_000


def items(count: int) -> pl.DataFrame:
    """Items that differ in a number, a text with what CSV has to quote, and a time that may be missing."""
    numbers = pl.int_range(1, count + 1, eager=True)
    return pl.DataFrame({"left_id": numbers, "right_id": numbers * 2}).with_columns(
        reason=pl.format('"{}",\n{}', "left_id", "right_id"),
        due_at=pl.when(pl.col("left_id") % 3 > 0).then(pl.col("left_id") * HOUR),
    )


def as_columns(rows: pl.DataFrame) -> pl.DataFrame:
    """The items as they go into the table."""
    given = {
        "organization_id": 1, "comparison": "payments", "kind": "charge", "outcome": "matched", "left_version_id": 1,
        "right_version_id": 1, "opened_run": 1, "match_pass": "", "group_key": "",
        "left_currency": "EUR", "right_currency": "EUR", "left_status": "", "right_status": "",
    }  # fmt: skip
    literals = {name: pl.lit(value) for name, value in given.items()}
    return rows.with_columns(frames.timestamp("due_at"), occurred_at=pl.lit("2026-10-01 00:00:00+00"), **literals)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    """Pieces of a few rows, lots of seven, and somebody the items belong to."""
    monkeypatch.setattr(frames, "PIECE_BYTES", 100)
    monkeypatch.setattr(frames, "ROWS_A_CHUNK", 7)
    Organization.objects.create(pk=1, slug="acme", name="Acme")


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("count", [0, 1, 7, 50])
def test_what_is_written_in_lots_is_read_back_in_pieces(count: int) -> None:
    wanted = items(count)
    sizes: list[int] = []

    def shape(lot: pl.DataFrame) -> pl.DataFrame:
        sizes.append(len(lot))
        return as_columns(lot)

    frames.write(ReconciliationItem, wanted, shape)
    assert max(sizes, default=0) <= 7
    found = frames.read(ReconciliationItem.objects.all(), COLUMNS, SCHEMA)
    assert found.sort("left_id").equals(wanted.cast(SCHEMA))  # type: ignore[arg-type]


@pytest.mark.usefixtures("small")
def test_a_lot_that_cannot_be_written_leaves_none_of_the_others() -> None:
    def shape(lot: pl.DataFrame) -> pl.DataFrame:
        if 20 in lot["left_id"]:
            raise ValueError("the third lot")
        return as_columns(lot)

    with pytest.raises(ValueError, match="the third lot"), transaction.atomic():
        frames.write(ReconciliationItem, items(50), shape)
    assert not ReconciliationItem.objects.exists()


@pytest.mark.django_db
def test_the_last_fraction_of_a_second_stays_in_its_second() -> None:
    books, at = Books(), NOON.replace(microsecond=999_700)
    books.paid("p1", key="ch_1", at=at)
    books.run()
    assert ReconciliationItem.objects.get(closed_run=None).occurred_at == at
    assert books.run(full=True).written == {"items": 0, "discrepancies": 0, "log": 0}


@pytest.mark.django_db
def test_the_last_fraction_of_a_period_is_in_one_of_two() -> None:
    books = InvoiceBooks()
    books.billed("A", 1000, at=END - timedelta(microseconds=300))
    following = {"start": END, "end": END + timedelta(days=30)}
    assert [sum(books.run(**period).counts.values()) for period in ({}, following)] == [1, 0]


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["\\N", "\\.", "INV\r1", 'INV\n"1",\\.', ""])
def test_a_reference_may_be_what_means_something_to_a_database(text: str) -> None:
    books, statement = Books("acme"), InvoiceBooks("globex")
    books.paid("p1", key=text)
    statement.line("1", 600, text, at=NOON)
    assert books.run().error == statement.run().error == ""
