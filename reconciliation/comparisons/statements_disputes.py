"""Disputes of an organization as they stand: what the provider says of them, and the lines of the statement about them.

Every run looks at all of them, whatever its period: they live for months. One that only lines tell of counts as well.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from billing.invoice_queries import shared_accounts
from billing.models import LineKind, Organization, ProviderRecordVersion, StatementLineVersion
from billing.statement_queries import current_lines, lines_of_tenant
from reconciliation.core.cases import Record
from reconciliation.core.dispute_findings import Dispute, Movement
from reconciliation.core.parameters import Parameters, micros

from .statements_rows import invoice_record, valued
from .statements_sides import tied_to_charges

LINES = (LineKind.DISPUTE, LineKind.DISPUTE_REVERSAL)


def dispute_records(organization: Organization) -> QuerySet[ProviderRecordVersion]:
    """The disputes of an organization: on its own account; on a shared one those about its lines, and for the holder
    those that are about nobody else's.
    """
    current = ProviderRecordVersion.objects.filter(record__kind="dispute", number=F("record__current_number"))
    lines = StatementLineVersion.objects.filter(
        Q(source_reference=OuterRef("record__external_id"))
        | Q(charge_reference=OuterRef("parent_reference")) & ~Q(charge_reference=""),
        organization=OuterRef("organization"), number=F("line__current_number"), excluded_reason="",
    )  # fmt: skip
    own = Q(organization=organization)
    if not organization.stripe_account:
        own &= ~Q(Exists(lines.exclude(tenant=organization).exclude(tenant=None)))
    elsewhere = Q(
        Exists(lines.filter(tenant=organization)), organization__in=shared_accounts().exclude(pk=organization.pk)
    )
    return current.filter(own | elsewhere).select_related("record").order_by("record__external_id")


def dispute_lines(organization: Organization) -> dict[str, list[StatementLineVersion]]:
    """The lines about disputes, by the dispute's id, oldest first. A holder's lines that belong to nobody count too:
    a dispute's own line carries no word of whose it is.
    """
    lines = lines_of_tenant(organization) | current_lines(organization).filter(tenant=None)
    found: dict[str, list[StatementLineVersion]] = defaultdict(list)
    rows = lines.filter(kind__in=LINES).exclude(source_reference="").select_related("line")
    for line in rows.order_by("occurred_at", "gross_minor", "line__external_id"):
        found[line.source_reference].append(line)
    return found


@dataclass(frozen=True)
class Around:
    """What is tied to disputes: the one invoice behind a charge, and the disputes whose loss our books show."""

    invoices: dict[str, Record]
    covered: set[str]


def disputes_of(organization: Organization, parameters: Parameters) -> list[Dispute]:
    """Every dispute of the organization."""
    moved = dispute_lines(organization)
    records = {row.record.external_id: row for row in dispute_records(organization)}
    if not moved and not records:
        return []
    charges = {row.parent_reference for row in records.values()}
    charges |= {line.charge_reference for lines in moved.values() for line in lines}
    around = around_charges(organization, charges - {""}, parameters)
    found = [from_record(row, moved.get(name, ()), around) for name, row in records.items()]
    return found + [from_lines(name, rows, around) for name, rows in sorted(moved.items()) if name not in records]


def around_charges(organization: Organization, charges: set[str], parameters: Parameters) -> Around:
    """What is tied to disputed charges, read by itself: a run may have looked at nothing of it."""
    left, lines = valued(tied_to_charges(organization, pl.Series(sorted(charges), dtype=pl.String)), parameters)
    single = left.filter(pl.col("kind") == "invoice").filter(pl.len().over("grp") == 1)
    paid = lines.filter(pl.col("kind") == LineKind.CHARGE.value).select("grp", charge="parent_key").drop_nulls()
    invoices = {row["charge"]: invoice_record(row) for row in paid.join(single, on="grp").iter_rows(named=True)}
    gone = lines.filter(pl.col("kind").is_in([LineKind.DISPUTE.value]) & ~pl.col("undone").fill_null(True))
    shown = gone.group_by("source").agg(whole=(pl.col("cover") >= -pl.col("value")).fill_null(value=False).all())
    return Around(invoices, set(shown.filter("whole")["source"].drop_nulls()))


def movements(detail: dict[str, Any], lines: Iterable[StatementLineVersion]) -> tuple[Movement, ...]:
    """The movements of a dispute: those on the statement, and those only the dispute itself tells of."""
    found = {
        line.line.external_id: Movement(line.line.external_id, line.gross_minor, line.fee_minor, line.currency)
        for line in lines
    }
    for move in detail.get("moves", ()):
        if move.get("id") and move.get("currency") and move["id"] not in found:
            found[move["id"]] = Movement(move["id"], move["amount_minor"], move["fee_minor"], move["currency"])
    return tuple(found.values())


def from_record(row: ProviderRecordVersion, lines: Iterable[StatementLineVersion], around: Around) -> Dispute:
    """A dispute the provider was asked about."""
    detail = row.detail
    due_by = detail.get("due_by")
    return Dispute(
        id=row.record.external_id, charge=row.parent_reference, status=detail.get("provider_status", ""),
        reason=detail.get("reason", ""), amount=row.amount_minor, currency=row.currency,
        occurred_at=micros(row.occurred_at), due_by=micros(datetime.fromisoformat(due_by)) if due_by else None,
        no_response_possible=bool(detail.get("no_response_possible")), party=row.customer or None,
        movements=movements(detail, lines), covered=row.record.external_id in around.covered,
        invoice=around.invoices.get(row.parent_reference),
    )  # fmt: skip


def from_lines(name: str, lines: list[StatementLineVersion], around: Around) -> Dispute:
    """A dispute that only the statement tells of: as much as was first withdrawn."""
    first = lines[0]
    return Dispute(
        id=name, charge=first.charge_reference, status="", reason="", amount=abs(first.gross_minor),
        currency=first.currency, occurred_at=micros(first.occurred_at), party=first.customer or None,
        movements=movements({}, lines), covered=name in around.covered,
        invoice=around.invoices.get(first.charge_reference),
    )  # fmt: skip
