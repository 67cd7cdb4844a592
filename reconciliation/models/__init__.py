"""Tables of the reconciliation core."""

from .decisions import MatchDecision
from .discrepancies import ReconciliationDiscrepancy
from .items import ReconciliationItem
from .log import LogHead, LogSeal, ReconciliationActionLog
from .open_totals import OpenTotal
from .runs import ReconciliationRun, RunLease
from .thresholds import ClosingThreshold

__all__ = [
    "ClosingThreshold",
    "LogHead",
    "LogSeal",
    "MatchDecision",
    "OpenTotal",
    "ReconciliationActionLog",
    "ReconciliationDiscrepancy",
    "ReconciliationItem",
    "ReconciliationRun",
    "RunLease",
]
