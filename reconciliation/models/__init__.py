"""Tables of the reconciliation core."""

from .bulk import BulkAction, BulkRow
from .causes import Cause, CauseMember, CauseState
from .decisions import MatchDecision
from .discrepancies import ReconciliationDiscrepancy
from .disputes import Dispute
from .dry_runs import DryRun
from .exports import ListExport
from .fee_terms import FeeTerms
from .items import ReconciliationItem
from .log import LogHead, LogSeal, ReconciliationActionLog
from .log_checks import LogCheck
from .open_totals import OpenTotal
from .runs import ReconciliationRun, RunLease, RunPart
from .syncs import SyncJob, SyncResult
from .thresholds import ClosingThreshold

__all__ = [
    "BulkAction",
    "BulkRow",
    "Cause",
    "CauseMember",
    "CauseState",
    "ClosingThreshold",
    "Dispute",
    "DryRun",
    "FeeTerms",
    "ListExport",
    "LogCheck",
    "LogHead",
    "LogSeal",
    "MatchDecision",
    "OpenTotal",
    "ReconciliationActionLog",
    "ReconciliationDiscrepancy",
    "ReconciliationItem",
    "ReconciliationRun",
    "RunLease",
    "RunPart",
    "SyncJob",
    "SyncResult",
]
