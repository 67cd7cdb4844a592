"""What the action log's tests share: an organization, entries, and a way past the triggers."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from billing.models import Organization
from reconciliation.action_log import Entry, append
from reconciliation.models import LogSeal

NOW = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)
LOG, SEALS, HEADS = "reconciliation_reconciliationactionlog", "reconciliation_logseal", "reconciliation_loghead"


def make_organization(slug: str = "acme") -> Organization:
    """An organization to keep a log for."""
    return Organization.objects.create(slug=slug, name=slug.title())


def make_entries(count: int, first: int = 1) -> list[Entry]:
    """`count` entries that differ."""
    return [
        Entry(
            action="opened" if number % 2 else "cleared",
            actor="run:7",
            discrepancy_id=number,
            run_id=7,
            before={"status": "open", "parts": [number, None, True]},
            after={"amount_minor": number * 100, "currency": "EUR"},
            reason="Écart expliqué — 差額" if number % 3 else "",
            request_id=f"request-{number}",
        )
        for number in range(first, first + count)
    ]


def write(organization: Organization, *sizes: int) -> list[LogSeal]:
    """One batch of each size, each in a transaction of its own, a second apart."""
    seals, first = [], 1
    for index, size in enumerate(sizes):
        with transaction.atomic():
            seals.append(
                append(organization=organization, entries=make_entries(size, first), now=NOW + timedelta(seconds=index))
            )
        first += size
    return seals


def sql(statement: str, parameters: Sequence[Any] = ()) -> int:
    """Run a statement as it stands; how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters) or None)
        return int(cursor.rowcount)


def value(statement: str, parameters: Sequence[Any] = ()) -> object:
    """The first column of the first row of a query."""
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters) or None)
        return cursor.fetchone()[0]
