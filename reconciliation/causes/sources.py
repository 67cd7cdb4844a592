"""Where the records of each comparison's sides are, to be counted by what causes ask about."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet

from billing.invoice_queries import invoices_of_tenant
from billing.models import Organization, PaymentVersion, PayoutVersion, ProviderRecordVersion
from billing.statement_queries import lines_of_tenant


@dataclass(frozen=True)
class Source:
    """One side's records as they are now. Paths from a version: `identity`; `named`: the id whose beginning tells of an
    integration; `batch`: the import or fetch it came by; `payout`: the one that took it along. "": there is none.
    """

    rows: Callable[[Organization], QuerySet[Any]]
    identity: str
    named: str
    batch: str = ""
    party: str = ""
    payout: str = ""

    def count(self, organization: Organization, path: str, value: Any, *, begins: bool = False) -> int:
        """How many records have that value, or begin with it."""
        if not path:
            return 0
        return int(self.rows(organization).filter(**{f"{path}__startswith" if begins else path: value}).count())


def current(model: Any, identity: str) -> Callable[[Organization], QuerySet[Any]]:
    """The current versions of an organization's records."""
    number = F(f"{identity}__current_number")
    return lambda organization: model.objects.filter(organization=organization, number=number)


SOURCES = {
    "payments": {
        "left": Source(
            current(PaymentVersion, "payment"), "payment_id", "payment__external_id", batch="batch", party="customer"
        ),
        "right": Source(
            current(ProviderRecordVersion, "record"), "record_id", "record__external_id", batch="batch",
            party="customer",
        ),
    },
    "statements": {
        "left": Source(
            invoices_of_tenant, "invoice_id", "invoice__external_id", batch="batch", party="customer"
        ),
        # A line's own id says nothing; the invoice that it names does.
        "right": Source(
            lines_of_tenant, "line_id", "invoice_reference", batch="fetch", party="customer", payout="payout_reference"
        ),
    },
    "payouts": {
        "left": Source(current(PayoutVersion, "payout"), "payout_id", ""),
        "right": Source(current(PayoutVersion, "payout"), "payout_id", ""),
    },
}  # fmt: skip

BOTH = Q(left_id__gt=0, right_id__gt=0)


def met(comparison: str, kind: str) -> Q:
    """Items of records of a kind that found their counterpart."""
    if comparison != "statements":
        return Q(kind=kind) & BOTH
    # An invoice and the payment of it are one item; what was given back has one of its own.
    return Q(kind="invoice") & BOTH if kind in ("invoice", "charge") else Q(kind=kind, outcome="matched")
