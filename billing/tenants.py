"""Whose a statement line is, and for which invoice: answered by explicit words only, never by resemblance.

An organization with its own Stripe account owns what stands on that account's statement. On a shared account the
metadata key `workspace_id` decides: the charge's, else the payment intent's, else the invoice's, else the
subscription's. The invoice comes from the key `invoice_id`, else from Stripe's own link between payment and invoice.
What nobody answers stays without a tenant, is counted and listed (`statement_queries.unattached`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import F

from .models import InvoicePaymentVersion, InvoiceVersion, Organization
from .statement_lines import LineFacts, Said
from .stripe_fields import identifier

WORKSPACE_KEY: Final = "workspace_id"
INVOICE_KEY: Final = "invoice_id"
ACCOUNT: Final = "account"
PERSON: Final = "person"
INVOICE: Final = "invoice"
SUBSCRIPTION: Final = "subscription"
INVOICE_PAYMENT: Final = "invoice_payment"


@dataclass(frozen=True, slots=True)
class BilledFor:
    """What is known of the invoices a payment is for: their ids, and what their metadata says."""

    invoices: tuple[str, ...]
    said: tuple[Said, ...]


NOTHING: Final = BilledFor((), ())


def workspaces() -> dict[str, int]:
    """Organizations by what `workspace_id` says for them; a word that two could mean is left out."""
    named: dict[str, set[int]] = defaultdict(set)
    for pk, slug, workspace in Organization.objects.values_list("pk", "slug", "workspace_id"):
        named[workspace or slug].add(pk)
    return {word: next(iter(pks)) for word, pks in named.items() if len(pks) == 1}


def billed_for(organization: Organization, references: Iterable[str]) -> dict[str, BilledFor]:
    """The invoices behind charges and payment intents, by their ids, from the invoices fetched so far."""
    wanted = sorted(set(references))
    if not wanted:
        return {}
    links = InvoicePaymentVersion.objects.filter(
        organization=organization, payment_reference__in=wanted, number=F("payment__current_number")
    ).exclude(status="canceled")
    by_payment: dict[str, set[str]] = defaultdict(set)
    for payment, invoice in links.values_list("payment_reference", "invoice_reference"):
        by_payment[payment].add(invoice)
    every = sorted({invoice for invoices in by_payment.values() for invoice in invoices})
    rows = InvoiceVersion.objects.filter(
        organization=organization, invoice__external_id__in=every, number=F("invoice__current_number")
    )
    details = dict(rows.values_list("invoice__external_id", "detail"))
    return {
        payment: BilledFor(
            tuple(sorted(invoices)),
            tuple(said for invoice in sorted(invoices) for said in _invoice_says(details.get(invoice) or {})),
        )
        for payment, invoices in by_payment.items()
    }


def _invoice_says(detail: Mapping[str, Any]) -> list[Said]:
    own, inherited = detail.get("metadata"), detail.get("subscription_metadata")
    return [
        *([Said(INVOICE, own)] if isinstance(own, dict) else []),
        *([Said(SUBSCRIPTION, inherited)] if isinstance(inherited, dict) else []),
    ]


def answer(said: Sequence[Said], key: str) -> tuple[str, str]:
    """The first value of `key` and who gave it; blank when nobody does, or when those who rank equally disagree."""
    for one in said:
        value = _word(one.metadata.get(key))
        if value:
            equals = {_word(other.metadata.get(key)) for other in said if other.who == one.who} - {""}
            return (value, one.who) if len(equals) == 1 else ("", "")
    return "", ""


def _word(value: Any) -> str:
    return identifier(str(value) if isinstance(value, int) and not isinstance(value, bool) else value).strip()


def links(
    *, organization: Organization, facts: LineFacts, billed: Mapping[str, BilledFor], known: Mapping[str, int]
) -> dict[str, Any]:
    """Tenant and invoice of a line, as far as answered: values of StatementLineVersion, only those with an answer.

    `billed` from `billed_for`, `known` from `workspaces`.
    """
    behind = [billed.get(reference, NOTHING) for reference in facts.references]
    said = [*facts.said, *(one for some in behind for one in some.said)]
    workspace, by = answer(said, WORKSPACE_KEY)
    found: dict[str, Any] = {"workspace": workspace} if workspace else {}
    tenant = known.get(workspace) if workspace else None
    if organization.stripe_account:
        found |= {"tenant_id": organization.pk, "tenant_answer": ACCOUNT}
    elif tenant is not None:
        found |= {"tenant_id": tenant, "tenant_answer": by}
    elif workspace:  # a word nobody knows takes the line from whoever had it
        found |= {"tenant_id": None, "tenant_answer": ""}
    invoice, by = answer(said, INVOICE_KEY)
    if not invoice:
        invoice, by = facts.invoice
    invoices = sorted({name for some in behind for name in some.invoices})
    if not invoice and len(invoices) == 1:
        invoice, by = invoices[0], INVOICE_PAYMENT
    if invoice:
        found |= {"invoice_reference": invoice, "invoice_answer": by}
    return found
