"""How a run ends, for its caller."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from reconciliation.core import report as reports
from reconciliation.models import ReconciliationRun


class RunInProgress(Exception):
    """The same organization, comparison and period is being run already; `run` is that run."""

    def __init__(self, run: ReconciliationRun) -> None:
        """Names the run that is under way."""
        self.run = run
        super().__init__(_("%s already reconciles this period. Wait for it to end, then try again.") % run)


class Unfinished(Exception):
    """A run of parts goes on: other workers have all of them, or this one's time is up (`free`: parts are waiting)."""

    def __init__(self, *, free: bool) -> None:
        """Says whether another worker is needed."""
        self.free = free
        super().__init__("the run is not finished yet")


@dataclass(frozen=True)
class RunResult:
    """How a run ended. `run` is None for a dry run; `written` counts rows; `seconds` is wall-clock time."""

    run: ReconciliationRun | None
    status: str
    counts: dict[str, int] = field(default_factory=dict)
    discrepancies: dict[str, int] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=lambda: {"items": 0, "discrepancies": 0, "log": 0})
    totals: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""


def result_of(
    run: ReconciliationRun | None, report: dict[str, Any], written: dict[str, int], seconds: float
) -> RunResult:
    """A finished run as its caller needs it."""
    return RunResult(
        run=run, status=reports.status_of(report), counts=report["items"], discrepancies=report["discrepancies"],
        written=written, totals=report["totals"], report=report, seconds=seconds,
    )  # fmt: skip
