"""What the two sides of each comparison are called, where their records live, and what a page tells of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Model
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from billing.admin.cells import amount_cell, code_cell, record_status, time_cell
from billing.admin.search import invoice_ids, line_ids, payment_ids, record_ids
from billing.models import (
    Invoice,
    InvoiceVersion,
    Payment,
    PaymentVersion,
    Payout,
    PayoutVersion,
    ProviderRecord,
    ProviderRecordVersion,
    StatementLine,
    StatementLineVersion,
)
from reconciliation.statement_sentences import state_word

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Facts = dict[str, Any]
Shown = list[tuple[str, Any]]


def micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC, exactly."""
    return (moment - EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Side:
    """One side of a comparison. `link`: the version's way to its identity; `told`: what a page shows of a version;
    `facts`: a version under the names that fields are compared by; `search`: the identities that a pasted id names.
    """

    name: Any
    identity: type[Model]
    version: type[Model]
    link: str
    told: Callable[[Any, ZoneInfo], Shown]
    facts: Callable[[Any], Facts]
    search: Callable[[Sequence[int], str], list[int]]

    def version_of(self, pk: int) -> Any:
        """A version by its id, with its identity; None for 0 or where it is gone."""
        return self.version._default_manager.select_related(self.link).filter(pk=pk).first() if pk else None

    def names(self, pks: set[int]) -> dict[int, str]:
        """The records' own ids by identity, in one query."""
        return dict(self.identity._default_manager.filter(pk__in=pks - {0}).values_list("pk", "external_id"))

    def record_link(self, identity: Any) -> SafeString:
        """A way to a record's page, where it has one."""
        meta = self.identity._meta
        url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[identity.pk])
        return SafeString(f'<a href="{url}">{code_cell(identity.external_id)}</a>')


def common(version: Any, zone: ZoneInfo) -> Shown:
    """What is told of payments and provider records."""
    return [
        (_("Amount"), amount_cell(version.amount_minor, version.currency)),
        (_("Status"), record_status(version.status)),
        (_("Occurred"), time_cell(version.occurred_at, zone)),
        (_("Customer"), version.customer or "–"),
        (_("Recorded"), time_cell(version.recorded_at, zone)),
    ]


def invoice_told(version: InvoiceVersion, zone: ZoneInfo) -> Shown:
    """What is told of an invoice."""
    return [
        (_("Number"), version.document_number or "–"),
        (_("Total"), amount_cell(version.total_minor, version.currency)),
        (_("Paid, as the invoice says"), amount_cell(version.paid_minor, version.currency)),
        (_("Status"), state_word(version.status)),
        (_("Issued"), time_cell(version.issued_at, zone)),
        (_("Customer"), version.customer or "–"),
    ]


def line_told(version: StatementLineVersion, zone: ZoneInfo) -> Shown:
    """What is told of a line of the statement."""
    seen = version.presentment_currency not in ("", version.currency)
    shown = (
        [(_("The customer saw"), amount_cell(version.presentment_minor, version.presentment_currency))] if seen else []
    )
    return [
        (_("Gross"), amount_cell(version.gross_minor, version.currency)),
        (_("Fee"), amount_cell(version.fee_minor, version.currency)),
        (_("Net"), amount_cell(version.net_minor, version.currency)),
        *shown,
        (_("Kind"), str(version.get_kind_display())),
        (_("Source"), code_cell(version.source_reference)),
        (_("Invoice"), code_cell(version.invoice_reference)),
        (_("Occurred"), time_cell(version.occurred_at, zone)),
    ]


def payout_told(version: PayoutVersion, zone: ZoneInfo) -> Shown:
    """What is told of a payout."""
    return [
        (_("Amount"), amount_cell(version.amount_minor, version.currency)),
        (_("Status"), version.status),
        (_("Occurred"), time_cell(version.arrival_at or version.created_at, zone)),
    ]


def facts(version: Any, **own: Any) -> Facts:
    """A version under the names that fields are compared by."""
    given = {"key": "", "own": "", "invoice": "", "party": getattr(version, "customer", ""), "status": ""}
    return given | {"currency": version.currency} | own


def payment_facts(version: PaymentVersion) -> Facts:
    """A payment."""
    return facts(
        version, key=version.provider_reference, own=version.payment.external_id, invoice=version.invoice_number,
        amount_minor=version.amount_minor, status=version.status, occurred_at=micros(version.occurred_at),
    )  # fmt: skip


def record_facts(version: ProviderRecordVersion) -> Facts:
    """A provider's record."""
    return facts(
        version, key=version.record.external_id, own=version.reference, amount_minor=version.amount_minor,
        status=version.status, occurred_at=micros(version.occurred_at),
    )  # fmt: skip


def invoice_facts(version: InvoiceVersion) -> Facts:
    """An invoice."""
    return facts(
        version, own=version.invoice.external_id, invoice=version.document_number, amount_minor=version.total_minor,
        occurred_at=micros(version.issued_at),
    )  # fmt: skip


def line_facts(version: StatementLineVersion) -> Facts:
    """A line of the statement."""
    return facts(
        version, key=version.source_reference, own=version.line.external_id, invoice=version.invoice_reference,
        amount_minor=version.gross_minor, occurred_at=micros(version.occurred_at),
    )  # fmt: skip


def payout_facts(version: PayoutVersion) -> Facts:
    """A payout."""
    return facts(
        version, key=version.payout.external_id, amount_minor=version.amount_minor,
        occurred_at=micros(version.arrival_at or version.created_at),
    )  # fmt: skip


def payout_ids(organizations: Sequence[int], term: str) -> list[int]:
    """Payouts whose id is `term`."""
    return list(Payout.objects.filter(organization__in=organizations, external_id=term).values_list("pk", flat=True))


OURS, PROVIDER = gettext_lazy("Ours"), gettext_lazy("Provider")
LINE = Side(
    pgettext_lazy("a side", "Stripe's statement"), StatementLine, StatementLineVersion, "line", line_told, line_facts,
    line_ids,
)  # fmt: skip
SIDES = {
    "payments": (
        Side(OURS, Payment, PaymentVersion, "payment", common, payment_facts, payment_ids),
        Side(PROVIDER, ProviderRecord, ProviderRecordVersion, "record", common, record_facts, record_ids),
    ),
    "statements": (
        Side(
            pgettext_lazy("a side", "Invoice"), Invoice, InvoiceVersion, "invoice", invoice_told, invoice_facts,
            invoice_ids,
        ),
        LINE,
    ),
    "payouts": (
        Side(
            pgettext_lazy("a side", "Its lines"), Payout, StatementLineVersion, "line", line_told, line_facts,
            payout_ids,
        ),
        Side(
            pgettext_lazy("a side", "Payout"), Payout, PayoutVersion, "payout", payout_told, payout_facts, payout_ids
        ),
    ),
}  # fmt: skip
