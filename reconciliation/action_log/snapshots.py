"""What the log keeps of a discrepancy before and after a step, whoever takes it."""

from typing import Any

from reconciliation.models import ReconciliationDiscrepancy

RESOLUTION = ("resolution_reason", "closing_rule", "closing_limit_minor", "duplicate_of_id", "assigned_to_id")
PEOPLE = ("proposed_by_id", "approved_by_id")


def snapshot(row: ReconciliationDiscrepancy) -> dict[str, Any]:
    """Where a discrepancy stands and what it says; columns of a resolution only where they hold something."""
    facts = {
        "status": row.status, "resolution_code": row.resolution_code, "severity": row.severity,
        "reason_code": row.reason_code, "expected": row.expected, "actual": row.actual,
        "difference_minor": row.difference_minor, "unexplained_minor": row.unexplained_minor, "currency": row.currency,
        "version": row.version,
    }  # fmt: skip
    held = {name: getattr(row, name) for name in (*RESOLUTION, *PEOPLE)}
    return facts | {name: value for name, value in held.items() if value not in (None, "")}
