"""The rows of the two sides of `statements`, the links between them, and the tokens that tie records together."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from django.db.models import BigIntegerField, Case, F, QuerySet, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from billing.invoice_queries import invoices_of_tenant, links_of_tenant
from billing.models import InvoiceKind, InvoiceStatus, InvoiceVersion, LineKind, Organization, StatementLineVersion
from billing.models.payments import Status
from billing.statement_queries import lines_of_tenant
from reconciliation.core.invoice_groups import PAYMENT, REVERSAL
from reconciliation.frames import EpochMicros, Schema, read, read_where

TEXT, INT, FLAG = pl.String, pl.Int64, pl.Boolean
COMMON: Schema = {
    "id": INT, "version_id": INT, "kind": TEXT, "key": TEXT, "parent_key": TEXT, "alt_key": TEXT, "alt_key2": TEXT,
    "party": TEXT, "amount": INT, "currency": TEXT, "status": TEXT, "occurred_at": INT, "excluded": TEXT,
}  # fmt: skip
LEFT: Schema = COMMON | {"state": TEXT, "said": INT, "outside": INT, "credited": INT, "overpaid": INT}
RIGHT: Schema = COMMON | {
    "role": TEXT, "fee": INT, "shown": INT, "shown_currency": TEXT, "rate": TEXT, "source": TEXT, "intent": TEXT,
    "type_word": TEXT, "category": TEXT, "provider": TEXT,
}  # fmt: skip
LINKS: Schema = {"payment": TEXT, "invoice": TEXT, "amount": INT, "kind": TEXT}
LINK_COLUMNS = {
    "payment": "payment_reference", "invoice": "invoice_reference", "amount": "amount_minor", "kind": "payment_kind",
}  # fmt: skip

CANONICAL = {
    InvoiceStatus.PAID: Status.SUCCEEDED, InvoiceStatus.OPEN: Status.PENDING, InvoiceStatus.DRAFT: Status.PENDING,
    InvoiceStatus.VOID: Status.CANCELED, InvoiceStatus.UNCOLLECTIBLE: Status.FAILED,
}  # fmt: skip
# Why an invoice that no line names takes no part: nothing can be expected of it on the statement.
NOT_EXPECTED = {
    InvoiceStatus.OPEN: "unpaid", InvoiceStatus.DRAFT: "draft", InvoiceStatus.VOID: "void",
    InvoiceStatus.UNCOLLECTIBLE: "uncollectible",
}  # fmt: skip
PAYMENTS = (LineKind.CHARGE, LineKind.CHARGE_FAILURE, LineKind.PARTIAL_CAPTURE)
REVERSALS = (LineKind.REFUND, LineKind.REFUND_FAILURE, LineKind.DISPUTE, LineKind.DISPUTE_REVERSAL)
PASSED_ON = "destination_payment"
UNCLASSIFIED = "unclassified"


def noted(name: str) -> Cast:
    """An amount kept in the details of a version."""
    return Cast(KeyTextTransform(name, "detail"), BigIntegerField())


LEFT_COLUMNS: dict[str, Any] = {
    "id": "invoice_id", "version_id": "id", "kind": "invoice__kind", "key": "invoice__external_id",
    "parent_key": Value(""), "alt_key": "invoice__external_id", "alt_key2": "document_number", "party": "customer",
    "amount": Case(
        When(invoice__kind=InvoiceKind.CREDIT_NOTE, then=-F("total_minor")),
        default=F("total_minor"),
        output_field=BigIntegerField(),
    ),
    "currency": "currency",
    "status": Case(
        *(When(status=word, then=Value(status.value)) for word, status in CANONICAL.items()),
        default=Value(Status.UNKNOWN.value),
    ),
    "occurred_at": EpochMicros("issued_at"),
    "excluded": Case(
        When(invoice__kind=InvoiceKind.CREDIT_NOTE, then=Value("credit_note")),
        When(out_of_band=True, then=Value("paid_outside")),
        When(total_minor=0, then=Value("nothing_to_pay")),
        *(When(status=word, then=Value(reason)) for word, reason in NOT_EXPECTED.items()),
        default=Value(""),
    ),
    "state": "status", "said": "paid_minor",
    "outside": Case(When(out_of_band=True, then=Value(1)), default=Value(0)),
    "credited": noted("post_payment_credit_minor"), "overpaid": noted("amount_overpaid_minor"),
}  # fmt: skip
PASSED = KeyTextTransform("source_transfer", "detail")
RIGHT_COLUMNS: dict[str, Any] = {
    "id": "line_id", "version_id": "id", "kind": "kind", "key": "source_reference", "parent_key": "charge_reference",
    "alt_key": "line__external_id", "alt_key2": "invoice_reference", "party": "customer", "amount": "gross_minor",
    "currency": "currency", "status": Value(Status.SUCCEEDED.value), "occurred_at": EpochMicros("occurred_at"),
    "excluded": PASSED, "role": Value(""), "fee": "fee_minor", "shown": "presentment_minor",
    "shown_currency": "presentment_currency", "rate": "exchange_rate", "source": "source_reference",
    "intent": "intent_reference", "type_word": "type", "category": "category", "provider": Value("stripe"),
}  # fmt: skip


def with_roles(lines: pl.DataFrame) -> pl.DataFrame:
    """Adds what a line is to an invoice: a payment of it, something given back, or nothing, and then why."""
    named = pl.any_horizontal(pl.col("parent_key", "intent", "alt_key2").is_not_null())
    passed_on = pl.col("excluded").is_not_null() & (pl.col("kind") == LineKind.CHARGE.value)
    payment = pl.col("kind").is_in([*PAYMENTS]) | ((pl.col("kind") == LineKind.ADJUSTMENT.value) & named)
    role = (
        pl.when(passed_on)
        .then(None)
        .when(payment)
        .then(pl.lit(PAYMENT))
        .when(pl.col("kind").is_in([*REVERSALS]))
        .then(pl.lit(REVERSAL))
    )
    unknown = pl.when(pl.col("kind") == LineKind.UNKNOWN.value).then(pl.lit(UNCLASSIFIED)).otherwise(pl.col("kind"))
    why = pl.when(passed_on).then(pl.lit(PASSED_ON)).otherwise(unknown)
    return lines.with_columns(role=role).with_columns(excluded=pl.when(pl.col("role").is_null()).then(why))


@dataclass(frozen=True)
class Reader:
    """Reads invoices, lines and links of an organization. `beyond`: a period that was read as a whole, so that `where`
    only looks for what lies outside it.
    """

    organization: Organization
    beyond: tuple[datetime, datetime] | None = None

    def rows(self, side: str) -> QuerySet[Any]:
        """The current rows of a side."""
        return invoices_of_tenant(self.organization) if side == "left" else lines_of_tenant(self.organization)

    def read(self, side: str, rows: QuerySet[Any]) -> pl.DataFrame:
        """Some rows of a side."""
        if side == "left":
            return read(rows, LEFT_COLUMNS, LEFT)
        return with_roles(read(rows, RIGHT_COLUMNS, RIGHT))

    def inside(self, side: str, start: datetime, end: datetime) -> QuerySet[Any]:
        """The rows of a side in `[start, end)` by their own time."""
        name = TIME[side]
        return self.rows(side).filter(**{f"{name}__gte": start, f"{name}__lt": end})

    def elsewhere(self, side: str) -> QuerySet[Any]:
        """The rows of a side that were not read with the period."""
        if self.beyond is None:
            return self.rows(side)
        start, end = self.beyond
        return self.rows(side).exclude(**{f"{TIME[side]}__gte": start, f"{TIME[side]}__lt": end})

    def where(self, side: str, field: str, values: pl.Series) -> pl.DataFrame:
        """The rows whose `field` is one of `values`."""
        columns, schema = (LEFT_COLUMNS, LEFT) if side == "left" else (RIGHT_COLUMNS, RIGHT)
        rows, wanted = self.elsewhere(side), values.drop_nulls().unique().sort().to_list()
        found = read_where(rows, field, wanted, columns, schema)
        return found if side == "left" else with_roles(found)

    def former(self, lines: pl.Series) -> pl.DataFrame:
        """Lines as they ever were, to follow what tied them to others then."""
        wanted = lines.unique().sort().to_list()
        return with_roles(read_where(StatementLineVersion.objects.all(), "line_id", wanted, RIGHT_COLUMNS, RIGHT))

    def holds_everything(self) -> bool:
        """Whether nothing lies outside the period that was read."""
        return not any(self.elsewhere(side).exists() for side in ("left", "right"))

    def all_links(self) -> pl.DataFrame:
        """Every link that may concern the organization."""
        return read(links_of_tenant(self.organization), LINK_COLUMNS, LINKS)

    def links(self, field: str, values: pl.Series) -> pl.DataFrame:
        """The links whose `field` is one of `values`."""
        wanted = values.drop_nulls().unique().sort().to_list()
        return read_where(links_of_tenant(self.organization), field, wanted, LINK_COLUMNS, LINKS)


TIME = {"left": "issued_at", "right": "occurred_at"}
IDENTITY = {"left": "invoice_id", "right": "line_id"}


def members(organization: Organization, side: str, start: datetime, end: datetime) -> QuerySet[Any, Any]:
    """The identities of a side's records in `[start, end)`."""
    found: QuerySet[Any, Any] = Reader(organization).inside(side, start, end).order_by().values(IDENTITY[side])
    return found


def imported(side: str, batch_ids: list[int]) -> QuerySet[Any, Any]:
    """The identities that imports wrote versions of; lines of the statement are noted one by one."""
    table: Any = InvoiceVersion if side == "left" else StatementLineVersion
    rows = table.objects.filter(batch_id__in=batch_ids) if side == "left" else table.objects.none()
    found: QuerySet[Any, Any] = rows.order_by().values(IDENTITY[side])
    return found
