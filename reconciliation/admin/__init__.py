"""The reconciliation in the admin: evidence view-only, runs triggered, accounts and jobs in the same look."""

from . import (
    accounts,
    action_log,
    bulk,
    causes,
    discrepancies,
    disputes,
    dry_runs,
    exports,
    fee_terms,
    fetches,
    items,
    jobs,
    runs,
    source_jobs,
    statements,
    thresholds,
)

__all__ = [
    "accounts",
    "action_log",
    "bulk",
    "causes",
    "discrepancies",
    "disputes",
    "dry_runs",
    "exports",
    "fee_terms",
    "fetches",
    "items",
    "jobs",
    "runs",
    "source_jobs",
    "statements",
    "thresholds",
]
