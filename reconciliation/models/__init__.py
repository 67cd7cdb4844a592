"""Tables of the reconciliation core."""

from .decisions import MatchDecision
from .discrepancies import ReconciliationDiscrepancy
from .items import ReconciliationItem
from .log import LogHead, LogSeal, ReconciliationActionLog
from .runs import ReconciliationRun, RunLease
from .thresholds import ClosingThreshold

__all__ = [
    "ClosingThreshold",
    "LogHead",
    "LogSeal",
    "MatchDecision",
    "ReconciliationActionLog",
    "ReconciliationDiscrepancy",
    "ReconciliationItem",
    "ReconciliationRun",
    "RunLease",
]
