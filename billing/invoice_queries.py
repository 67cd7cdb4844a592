"""Populations of invoices and of what links them to payments: those of an organization, on whatever account they are.

Invoices on an organization's own Stripe account or in its own files are its own. On a shared account the metadata key
`workspace_id` decides, the invoice's before the subscription's, as for statement lines (billing.tenants).
"""

from django.db.models import F, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from .models import InvoicePaymentVersion, InvoiceVersion, Organization
from .tenants import WORKSPACE_KEY, workspaces

_OWN_WORD = KeyTextTransform(WORKSPACE_KEY, KeyTextTransform("metadata", "detail"))
_INHERITED = KeyTextTransform(WORKSPACE_KEY, KeyTextTransform("subscription_metadata", "detail"))


def shared_accounts() -> QuerySet[Organization]:
    """Organizations whose key opens an account that several organizations share."""
    return Organization.objects.filter(stripe_account="")


def invoices_of_tenant(organization: Organization) -> QuerySet[InvoiceVersion]:
    """The current versions of the invoices that belong to an organization."""
    current = InvoiceVersion.objects.filter(number=F("invoice__current_number"))
    words = [word for word, pk in workspaces().items() if pk == organization.pk]
    others = shared_accounts().exclude(pk=organization.pk)
    if not others.exists():
        return current.filter(organization=organization)
    named = current.annotate(word=Coalesce(_OWN_WORD, _INHERITED))
    found = Q(organization__in=others, word__in=words)
    own = Q(organization=organization)
    if not organization.stripe_account:
        own &= Q(word=None) | ~Q(word__in=[word for word, pk in workspaces().items() if pk != organization.pk])
    return named.filter(own | found)


def links_of_tenant(organization: Organization) -> QuerySet[InvoicePaymentVersion]:
    """The current links between invoices and payments that may concern an organization: its own, and those of shared
    accounts, where the records they link say whose they are. Called-off ones are left out.
    """
    current = InvoicePaymentVersion.objects.filter(number=F("payment__current_number")).exclude(status="canceled")
    return current.filter(Q(organization=organization) | Q(organization__in=shared_accounts()))
