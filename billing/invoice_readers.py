"""Who reads invoices of a shared account: organizations that its metadata names. Their journals tell of changes too."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import F
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from .changes import note_records
from .models import InvoicePaymentVersion, InvoiceVersion, Organization, SourceChange, StatementLineVersion
from .tenants import WORKSPACE_KEY, workspaces

OWN_WORD = KeyTextTransform(WORKSPACE_KEY, KeyTextTransform("metadata", "detail"))
INHERITED = KeyTextTransform(WORKSPACE_KEY, KeyTextTransform("subscription_metadata", "detail"))


def note_readers(organization: Organization, versions: Sequence[Any]) -> None:
    """Note changed invoices, or links of invoices, of a shared account with the organizations they are about. Call in
    the transaction that appended `versions`.
    """
    if organization.stripe_account or not versions:
        return
    links = isinstance(versions[0], InvoicePaymentVersion)
    source = SourceChange.Source.INVOICE_PAYMENT if links else SourceChange.Source.INVOICE
    found = readers_of_links(organization, versions) if links else readers_of_invoices(versions)
    by_reader: dict[int, set[int]] = defaultdict(set)
    for reader, identity in found:
        if reader != organization.pk:
            by_reader[reader].add(identity)
    for one in Organization.objects.filter(pk__in=sorted(by_reader)).order_by("pk"):
        note_records(organization=one, source=source, identity_ids=sorted(by_reader[one.pk]))


def note_words(words: set[str], *readers: Organization) -> None:
    """Note the invoices of shared accounts that say one of `words` of whose they are: it means another organization
    now, or none. With the accounts' holders, and with `readers`.
    """
    rows = InvoiceVersion.objects.filter(organization__stripe_account="", number=F("invoice__current_number")).annotate(
        word=Coalesce(OWN_WORD, INHERITED)
    )
    by_holder: dict[int, set[int]] = defaultdict(set)
    for organization_id, invoice_id in rows.filter(word__in=words).values_list("organization_id", "invoice_id"):
        by_holder[organization_id].add(invoice_id)
    everything = sorted(set().union(*by_holder.values()))
    for holder in Organization.objects.filter(pk__in=by_holder).order_by("pk"):
        note_records(organization=holder, source=SourceChange.Source.INVOICE, identity_ids=sorted(by_holder[holder.pk]))
    for reader in readers:
        note_records(organization=reader, source=SourceChange.Source.INVOICE, identity_ids=everything)


def readers_of_invoices(versions: Iterable[InvoiceVersion]) -> set[tuple[int, int]]:
    """(organization, invoice) of the invoices whose metadata, or whose subscription's, names an organization; whoever
    an earlier version named still is a reader.
    """
    known = workspaces()
    ids = {version.invoice_id for version in versions}
    every = InvoiceVersion.objects.filter(invoice_id__in=ids).values_list("invoice_id", "detail")
    words = {(word_of(detail), invoice) for invoice, detail in every}
    return {(known[word], invoice) for word, invoice in words if word in known}


def word_of(detail: dict[str, Any]) -> str:
    """What an invoice's metadata says of whose it is, else its subscription's."""
    said = [(detail.get(name) or {}).get(WORKSPACE_KEY) for name in ("metadata", "subscription_metadata")]
    return str(next((word for word in said if word), ""))


def readers_of_links(organization: Organization, versions: Sequence[InvoicePaymentVersion]) -> set[tuple[int, int]]:
    """(organization, link) of the links whose invoice or payment belongs to an organization."""
    links = InvoicePaymentVersion.objects.filter(payment_id__in={version.payment_id for version in versions})
    rows = list(links.values_list("payment_id", "invoice_reference", "payment_reference"))
    invoices = InvoiceVersion.objects.filter(
        organization=organization, invoice__external_id__in={row[1] for row in rows}
    ).select_related("invoice")
    readers: dict[str, set[int]] = defaultdict(set)
    for reader, invoice_id in readers_of_invoices(invoices):
        for name in {one.invoice.external_id for one in invoices if one.invoice_id == invoice_id}:
            readers[name].add(reader)
    for field in ("charge_reference", "intent_reference"):
        lines = StatementLineVersion.objects.filter(
            organization=organization, number=F("line__current_number"), **{f"{field}__in": {row[2] for row in rows}}
        )
        for name, tenant in lines.exclude(tenant=None).exclude(**{field: ""}).values_list(field, "tenant_id"):
            readers[name].add(tenant)
    return {(reader, link) for link, *names in rows for name in names if name for reader in readers[name]}
