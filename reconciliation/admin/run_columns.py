"""Columns that the lists of runs and of dry runs share."""

from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from billing.admin.cells import time_cell, zone_of
from reconciliation.wording import percent_text

from .run_page import AnyRun, period_text


class RunColumns:
    """For the ModelAdmin of runs, and of what is tried as one."""

    @display(description=gettext_lazy("Period"))
    def period(self, row: AnyRun) -> str:
        """Days in the organization's zone."""
        return period_text(row)

    @display(description=gettext_lazy("Started"))
    def started(self, row: AnyRun) -> SafeString:
        """In the organization's zone."""
        return time_cell(row.started_at or row.created_at, zone_of(row))

    @display(description=gettext_lazy("Matched"))
    def matched(self, row: AnyRun) -> str:
        """By count."""
        return percent_text(row.report.get("matched_percent")) if row.report else "–"
