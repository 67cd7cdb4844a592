"""Until when a discrepancy should be resolved. The deadline of a provider (for evidence) comes first."""

from datetime import datetime, timedelta

ALLOWED = {"major": timedelta(hours=24), "minor": timedelta(hours=72), "none": timedelta(hours=168)}
"""How long after it came into the queue, by severity."""


def due_at(severity: str, queued_at: datetime, deadline: datetime | None = None) -> datetime:
    """The moment after which an unresolved discrepancy is overdue. Raises KeyError for another severity."""
    return deadline or queued_at + ALLOWED[severity]
