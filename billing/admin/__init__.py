"""The billing source in the admin: everything of the ledger view-only, organizations and memberships editable."""

from . import events, imports, memberships, organizations, payments, records

__all__ = ["events", "imports", "memberships", "organizations", "payments", "records"]
