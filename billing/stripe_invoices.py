"""Stripe's invoices and invoice payments read as versions. Pure.

Field meanings: https://docs.stripe.com/api/invoices/object, …/invoice-payment/object. Since API version 2025-03-31
neither charge nor payment intent names its invoice: the invoice payment does, many to many.
"""

from typing import Any, Final

from .models.invoices import InvoiceStatus
from .stripe_fields import Json, UnusableObject, compact, count, currency_of, identifier, moment, moment_or_none, text

_STATUS: Final = {word.value: word for word in InvoiceStatus if word != InvoiceStatus.UNKNOWN}


def invoice_state(item: Json) -> dict[str, Any]:
    """An invoice as values of InvoiceVersion. Raises UnusableObject naming the field."""
    if not identifier(item.get("id")):
        raise UnusableObject(item, "id")
    lines = item.get("lines")
    rows = lines.get("data") if isinstance(lines, dict) else None
    subscription, inherited = _subscription(item)
    metadata = item.get("metadata")
    status = text(item.get("status"))
    return {
        "document_number": text(item.get("number")),
        "total_minor": count(item, "total" if item.get("total") is not None else "amount_due"),
        "paid_minor": count(item, "amount_paid") if item.get("amount_paid") is not None else None,
        "currency": currency_of(item),
        "status": _STATUS.get(status, InvoiceStatus.UNKNOWN).value,
        "issued_at": _issued(item),
        "due_at": moment(item, "due_date") if item.get("due_date") else None,
        "customer": identifier(item.get("customer")) or text(item.get("customer_email")),
        "subscription": subscription,
        "out_of_band": item.get("paid_out_of_band") is True,
        "lines": [_line(row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else [],
        "detail": compact(
            provider_status=status,
            metadata=dict(metadata) if isinstance(metadata, dict) and metadata else None,
            subscription_metadata=dict(inherited) if inherited else None,
            amount_overpaid_minor=item.get("amount_overpaid") or None,
            post_payment_credit_minor=item.get("post_payment_credit_notes_amount") or None,
            lines_incomplete=True if isinstance(lines, dict) and lines.get("has_more") is True else None,
        ),
    }


def invoice_payment_state(item: Json) -> dict[str, Any]:
    """A link between an invoice and what paid it, as values of InvoicePaymentVersion. Raises UnusableObject."""
    if not identifier(item.get("id")):
        raise UnusableObject(item, "id")
    invoice = identifier(item.get("invoice"))
    if not invoice:
        raise UnusableObject(item, "invoice")
    payment = item.get("payment")
    payment = payment if isinstance(payment, dict) else {}
    kind = text(payment.get("type"))[:40]
    times = item.get("status_transitions")
    paid_at = moment_or_none(times, "paid_at")
    return {
        "invoice_reference": invoice,
        "payment_kind": kind,
        "payment_reference": identifier(payment.get(kind)) if kind else "",
        "amount_minor": count(item, "amount_paid") if item.get("amount_paid") is not None else 0,
        "requested_minor": count(item, "amount_requested") if item.get("amount_requested") is not None else None,
        "currency": currency_of(item),
        "status": text(item.get("status"))[:40],
        "paid_at": moment(times, "paid_at") if paid_at and isinstance(times, dict) else None,
    }


def _issued(item: Json) -> Any:
    """When the invoice was finalised; a draft has only been created."""
    times = item.get("status_transitions")
    if isinstance(times, dict) and times.get("finalized_at"):
        return moment(times, "finalized_at")
    return moment(item, "created")


def _subscription(item: Json) -> tuple[str, Json]:
    """The subscription an invoice belongs to and that subscription's metadata, as kept with the invoice."""
    parent = item.get("parent")
    details = parent.get("subscription_details") if isinstance(parent, dict) else item.get("subscription_details")
    details = details if isinstance(details, dict) else {}
    metadata = details.get("metadata")
    subscription = identifier(details.get("subscription")) or identifier(item.get("subscription"))
    return subscription, metadata if isinstance(metadata, dict) else {}


def _line(row: Json) -> Json:
    period = row.get("period")
    metadata = row.get("metadata")
    described = row.get("description")
    return compact(
        id=identifier(row.get("id")),
        description=described[:255] if isinstance(described, str) else "",
        amount_minor=count(row, "amount"),
        currency=currency_of(row),
        quantity=row.get("quantity"),
        period_start=moment_or_none(period, "start"),
        period_end=moment_or_none(period, "end"),
        metadata=dict(metadata) if isinstance(metadata, dict) and metadata else None,
    )
