"""Tables of the reconciliation core."""

from .discrepancies import ReconciliationDiscrepancy
from .items import ReconciliationItem
from .log import LogHead, LogSeal, ReconciliationActionLog
from .runs import ReconciliationRun, RunLease

__all__ = [
    "LogHead",
    "LogSeal",
    "ReconciliationActionLog",
    "ReconciliationDiscrepancy",
    "ReconciliationItem",
    "ReconciliationRun",
    "RunLease",
]
