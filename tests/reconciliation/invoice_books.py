"""Books for tests of `statements`: invoices here and lines on the provider's statement, in a line each."""

from datetime import datetime
from typing import Any

from billing.changes import note_records
from billing.models import (
    Invoice,
    InvoicePayment,
    InvoicePaymentVersion,
    InvoiceVersion,
    ProviderRecord,
    StatementLine,
    StatementLineVersion,
)
from billing.statement_queries import lines_of_tenant

from .books import NOON, Books


class InvoiceBooks(Books):
    """An organization with a Stripe account of its own; everything is written straight to the tables."""

    comparison = "statements"

    def __init__(self, slug: str = "acme", **rules: Any) -> None:
        super().__init__(slug, **{"stripe_account": f"acct_{slug}", **rules})

    def billed(self, own: str, total: int = 1000, *, at: datetime = NOON, **facts: Any) -> Invoice:
        """Issues an invoice, or a new version of it: paid, unless told otherwise. Amounts in minor units."""
        kind = facts.pop("kind", "invoice")
        invoice, new = Invoice.objects.get_or_create(organization=self.organization, kind=kind, external_id=own)
        number = 1 if new else invoice.current_number + 1
        facts = {"currency": "EUR", "status": "paid", "total_minor": total, **facts}
        InvoiceVersion.objects.create(
            invoice=invoice, organization=self.organization, number=number, issued_at=at, recorded_at=at, **facts
        )
        if not new:
            Invoice.objects.filter(pk=invoice.pk).update(current_number=number)
        note_records(organization=self.organization, source="invoice", identity_ids=[invoice.pk])
        return invoice

    def line(
        self, own: str, gross: int = 1000, invoice: str = "", *, at: datetime = NOON, **facts: Any
    ) -> StatementLine:
        """Puts a line onto the statement, or a new version of it: a card charge, unless told otherwise."""
        line, new = StatementLine.objects.get_or_create(organization=self.organization, external_id=f"txn_{own}")
        number = 1 if new else line.current_number + 1
        fee = facts.pop("fee", 0)
        charge = facts.pop("charge", f"ch_{own}")
        facts = {
            "kind": "charge", "type": "charge", "category": "charge", "currency": "EUR", "source_reference": charge,
            "charge_reference": charge, **facts,
        }  # fmt: skip
        StatementLineVersion.objects.create(
            line=line, organization=self.organization, tenant=self.organization, number=number,
            content_digest=f"{own} {number}", gross_minor=gross, fee_minor=fee, net_minor=gross - fee,
            invoice_reference=invoice, occurred_at=at, recorded_at=at, **facts,
        )  # fmt: skip
        if not new:
            StatementLine.objects.filter(pk=line.pk).update(current_number=number)
        note_records(organization=self.organization, source="statement_line", identity_ids=[line.pk])
        return line

    def withdrawn(self, own: str) -> None:
        """Takes a line back."""
        line = StatementLine.objects.get(organization=self.organization, external_id=f"txn_{own}")
        last = StatementLineVersion.objects.get(line=line, number=line.current_number)
        last.pk, last.number, last.excluded_reason = None, last.number + 1, "withdrawn"
        last.save(force_insert=True)
        StatementLine.objects.filter(pk=line.pk).update(current_number=last.number)
        note_records(organization=self.organization, source="statement_line", identity_ids=[line.pk])

    def refunded(self, own: str, amount: int, charge: str, *, at: datetime = NOON, **facts: Any) -> StatementLine:
        """A refund of a charge, as a line."""
        kind = {"kind": "refund", "category": "refund", "source_reference": f"re_{own}"}
        return self.line(f"re_{own}", -amount, at=at, charge=charge, **{**kind, **facts})

    def linked(self, own: str, invoice: str, payment: str, amount: int, **facts: Any) -> InvoicePayment:
        """The provider's link between an invoice and a payment."""
        link, new = InvoicePayment.objects.get_or_create(organization=self.organization, external_id=own)
        number = 1 if new else link.current_number + 1
        kind = "charge" if payment.startswith(("ch_", "py_")) else "payment_intent"
        facts = {"currency": "EUR", "status": "paid", "payment_kind": kind, **facts}
        InvoicePaymentVersion.objects.create(
            payment=link, organization=self.organization, number=number, invoice_reference=invoice,
            payment_reference=payment, amount_minor=amount, observed_at=NOON, recorded_at=NOON, **facts,
        )  # fmt: skip
        if not new:
            InvoicePayment.objects.filter(pk=link.pk).update(current_number=number)
        note_records(organization=self.organization, source="invoice_payment", identity_ids=[link.pk])
        return link

    def disputed(
        self, own: str, amount: int, charge: str, status: str = "needs_response", **facts: Any
    ) -> ProviderRecord:
        """A dispute as the provider tells it, or a later state of it."""
        detail = {"provider_status": status, "reason": "fraudulent", **facts.pop("detail", {})}
        return self.charged(
            own, amount, kind="dispute", parent_reference=charge, status="pending", detail=detail, **facts
        )

    def ours(self, identity: int) -> str:
        """An invoice's id; blank for 0."""
        return Invoice.objects.get(pk=identity).external_id if identity else ""

    def theirs(self, identity: int) -> str:
        """A line's id; blank for 0."""
        return StatementLine.objects.get(pk=identity).external_id if identity else ""

    def has_line(self, own: str) -> bool:
        """Whether a line is on the statement."""
        return lines_of_tenant(self.organization).filter(line__external_id=f"txn_{own}").exists()

    def lines(self) -> list[int]:
        """All lines there are, by identity."""
        return sorted(lines_of_tenant(self.organization).values_list("line_id", flat=True))

    def invoices(self) -> list[int]:
        """All invoices and credit notes there are, by identity."""
        return sorted(Invoice.objects.filter(organization=self.organization).values_list("pk", flat=True))

    def run(self, **options: Any) -> Any:
        """Reconciles the statements."""
        return super().run(comparison=self.comparison, **options)
