"""Tables of the reconciliation core."""

from .discrepancies import ReconciliationDiscrepancy
from .items import ReconciliationItem
from .runs import ReconciliationRun, RunLease

__all__ = [
    "ReconciliationDiscrepancy",
    "ReconciliationItem",
    "ReconciliationRun",
    "RunLease",
]
