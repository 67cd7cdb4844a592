"""The imports the bench compares store the same rows."""

from pathlib import Path
from typing import Any

import pytest

from billing.models import Payment, PaymentVersion, ProviderEvent, ProviderRecord, ProviderRecordVersion
from reconciliation.bench import import_files, imports, tables

pytestmark = pytest.mark.django_db
ROWS = 300


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Both files, of exactly ROWS rows."""
    import_files.write_files(tmp_path, ROWS)
    return tmp_path


def rows(*models: Any) -> list[list[tuple[str, ...]]]:
    """What is stored, without ids and without what only the product notes (its batch)."""
    left_out = {"id", "organization", "batch", "payment", "record", "event"}
    found = []
    for model in models:
        names = [field.name for field in model._meta.concrete_fields if field.name not in left_out]
        found.append(sorted(tuple(map(str, row)) for row in model.objects.values_list(*names)))
    return found


@pytest.mark.parametrize(
    ("kind", "models"),
    [
        ("payments", (Payment, PaymentVersion)),
        ("events", (ProviderEvent, ProviderRecord, ProviderRecordVersion)),
    ],
)
def test_the_product_and_bulk_create_store_the_same_rows(kind: str, models: tuple[Any, ...], folder: Path) -> None:
    assert imports.WAYS[kind](folder)["created"] == ROWS
    ours = rows(*models)
    assert imports.WAYS[kind](folder)["created"] == 0
    tables.empty(tables.tables_of("billing", "usage", "reconciliation"))
    assert imports.WAYS[f"{kind}_bulk_create"](folder)["created"] == ROWS
    assert rows(*models) == ours
    assert all(len(some) == ROWS for some in ours)


@pytest.mark.parametrize("kind", ["payments", "events"])
def test_reading_alone_reads_every_row_and_stores_none(kind: str, folder: Path) -> None:
    assert imports.WAYS[f"{kind}_parsed"](folder) == {"rows": ROWS}
    assert not Payment.objects.exists()
    assert not ProviderEvent.objects.exists()
