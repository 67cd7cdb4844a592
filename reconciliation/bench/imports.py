"""The product's imports against `bulk_create(update_conflicts=True)` of the same rows, read and checked the same way.

The rival writes what the product writes (identities and first versions; events, records and versions), in one
transaction, and leaves out everything else an import promises: repeated rows named, unchanged rows left alone, changed
rows as new versions, events folded in any order, the journal.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from django.db import transaction

from billing.imports.cells import RowCells
from billing.imports.csv_rows import open_csv
from billing.imports.json_files import JsonFile
from billing.imports.payments import ALTERNATIVES, FIELDS, REQUIRED, import_payments, parse_payment
from billing.imports.stripe_files import import_events
from billing.imports.versioned import Fact
from billing.models import (
    Organization,
    Payment,
    PaymentVersion,
    ProviderEvent,
    ProviderRecord,
    ProviderRecordVersion,
)
from billing.observations import event_rows
from billing.records import STATE_FIELDS, observation_of
from billing.stripe_objects import RecordState
from reconciliation.bench.books import NOW
from reconciliation.bench.import_files import EVENTS, PAYMENTS, REFERENCE_KEY
from reconciliation.bench.loading import SLUG

BATCH: Final = 5_000
Thing = TypeVar("Thing")


def ensure_organization() -> Organization:
    """The organization everything is imported for."""
    fields = {"name": "Bench", "currency": "EUR", "reference_keys": [REFERENCE_KEY]}
    return Organization.objects.get_or_create(slug=SLUG, defaults=fields)[0]


def payments(folder: Path) -> dict[str, Any]:
    """The product's import of payments."""
    with (folder / PAYMENTS).open("rb") as file:
        result = import_payments(organization=ensure_organization(), file=file, filename=PAYMENTS, by="bench", now=NOW)
    return {"rows": result.rows, "created": result.created, "unchanged": result.unchanged}


def events(folder: Path) -> dict[str, Any]:
    """The product's import of events."""
    with (folder / EVENTS).open("rb") as file:
        result = import_events(organization=ensure_organization(), file=file, filename=EVENTS, by="bench", now=NOW)
    return {"rows": result.rows, "created": result.created, "unchanged": result.unchanged}


def pieces(things: Iterable[Thing]) -> Iterator[list[Thing]]:
    """Batches as `bulk_create` takes them."""
    iterator = iter(things)
    while piece := list(islice(iterator, BATCH)):
        yield piece


def facts(folder: Path, organization: Organization) -> Iterator[Fact]:
    """The payments of the file, read as the product reads them."""
    zone = ZoneInfo(organization.timezone)
    with (folder / PAYMENTS).open("rb") as file:
        opened = open_csv(file, required=REQUIRED, alternatives=ALTERNATIVES)
        for row in opened.rows:
            fact = parse_payment(RowCells(row.number, dict(zip(opened.header, row.cells, strict=True))), zone, NOW)
            if fact is not None:
                yield fact


def payments_parsed(folder: Path) -> dict[str, Any]:
    """Reading and checking alone: what both ways share."""
    return {"rows": sum(1 for _fact in facts(folder, ensure_organization()))}


def payments_bulk_create(folder: Path) -> dict[str, Any]:
    """Payments by `bulk_create`."""
    organization, written = ensure_organization(), 0
    with transaction.atomic():
        for some in pieces(facts(folder, organization)):
            identities = Payment.objects.bulk_create(
                [Payment(organization=organization, kind=fact.kind, external_id=fact.external_id) for fact in some],
                update_conflicts=True, unique_fields=["organization", "kind", "external_id"],
                update_fields=["current_number"],
            )  # fmt: skip
            versions = [
                PaymentVersion(
                    payment=identity, organization=organization, recorded_at=NOW,
                    **dict(zip(FIELDS, fact.values, strict=True)),
                )
                for identity, fact in zip(identities, some, strict=True)
            ]  # fmt: skip
            written += len(
                PaymentVersion.objects.bulk_create(
                    versions, update_conflicts=True, unique_fields=["payment", "number"], update_fields=list(FIELDS)
                )
            )
    return {"rows": written, "created": written}


def observed(folder: Path, organization: Organization) -> Iterator[tuple[ProviderEvent, RecordState]]:
    """The events of the file with the states they show, read as the product reads them."""
    with (folder / EVENTS).open("rb") as file:
        for found in JsonFile(file).records():
            source = ProviderEvent.Source.EVENT_IMPORT
            row = event_rows(organization=organization, event=found.item, source=source, now=NOW)[0]
            observation = observation_of(row, organization.reference_keys)
            if observation is not None:
                yield row, observation.state


def events_parsed(folder: Path) -> dict[str, Any]:
    """Reading and checking alone: what both ways share."""
    return {"rows": sum(1 for _row in observed(folder, ensure_organization()))}


def events_bulk_create(folder: Path) -> dict[str, Any]:
    """Events, records and versions by `bulk_create`."""
    organization, written = ensure_organization(), 0
    with transaction.atomic():
        for some in pieces(observed(folder, organization)):
            stored = ProviderEvent.objects.bulk_create(
                [row for row, _state in some], update_conflicts=True,
                unique_fields=["organization", "event_id", "content_digest"], update_fields=["received_at"],
            )  # fmt: skip
            records = ProviderRecord.objects.bulk_create(
                [
                    ProviderRecord(organization=organization, kind=state.kind, external_id=state.external_id)
                    for _row, state in some
                ],
                update_conflicts=True, unique_fields=["organization", "kind", "external_id"],
                update_fields=["current_number"],
            )  # fmt: skip
            versions = [
                ProviderRecordVersion(
                    record=record, organization=organization, event=row, recorded_at=NOW,
                    **{name: getattr(state, name) for name in STATE_FIELDS},
                )
                for record, row, (_row, state) in zip(records, stored, some, strict=True)
            ]  # fmt: skip
            written += len(
                ProviderRecordVersion.objects.bulk_create(
                    versions, update_conflicts=True, unique_fields=["record", "number"],
                    update_fields=list(STATE_FIELDS),
                )
            )  # fmt: skip
    return {"rows": written, "created": written}


WAYS: Final[dict[str, Callable[[Path], dict[str, Any]]]] = {
    way.__name__: way
    for way in (payments, payments_parsed, payments_bulk_create, events, events_parsed, events_bulk_create)
}
