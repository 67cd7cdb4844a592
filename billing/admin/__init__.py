"""The billing source in the admin: everything of the ledger view-only, organizations and memberships editable."""

from . import (
    events,
    imports,
    invoice_payments,
    invoices,
    memberships,
    organizations,
    payments,
    payouts,
    records,
    withdrawals,
)

__all__ = [
    "events",
    "imports",
    "invoice_payments",
    "invoices",
    "memberships",
    "organizations",
    "payments",
    "payouts",
    "records",
    "withdrawals",
]
