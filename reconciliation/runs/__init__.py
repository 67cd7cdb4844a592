"""Runs: lay two sides of a period next to each other, explain, store."""

from .execution import execute, open_run, reconcile, rehearse
from .leases import LeaseHeld
from .results import RunInProgress, RunResult

__all__ = ["LeaseHeld", "RunInProgress", "RunResult", "execute", "open_run", "reconcile", "rehearse"]
