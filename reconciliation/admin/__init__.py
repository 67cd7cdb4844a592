"""The reconciliation in the admin: evidence view-only, runs triggered, accounts and jobs in the same look."""

from . import accounts, action_log, discrepancies, disputes, dry_runs, items, jobs, runs, thresholds

__all__ = ["accounts", "action_log", "discrepancies", "disputes", "dry_runs", "items", "jobs", "runs", "thresholds"]
