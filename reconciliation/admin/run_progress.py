"""How far a run is, told while it is under way: a fragment of a page that asks again by itself."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reconciliation.runs.leases import LEASE
from reconciliation.wording import stage_words

from .labels import run_status_cell
from .run_page import AnyRun

PATIENCE = timedelta(seconds=20)
ASK_EVERY_SECONDS = 1
UNDER_WAY = ("queued", "running")


def progress(run: AnyRun, now: datetime) -> dict[str, Any]:
    """What to show of an unfinished run at `now`."""
    since = now - (run.started_at or run.created_at if run.status == "running" else run.created_at)
    return {
        "status": run_status_cell(run.status),
        "stage": stage_words(run.stage) if run.status == "running" else _("Waiting for the worker"),
        "percent": run.progress_percent if run.status == "running" else 0,
        "elapsed": span_text(since),
        "warning": warning(run, since),
        "every": ASK_EVERY_SECONDS,
    }


def span_text(span: timedelta) -> str:
    """A span in the unit that fits."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 120:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    if seconds < 7200:
        return ngettext("%(n)d minute", "%(n)d minutes", seconds // 60) % {"n": seconds // 60}
    return ngettext("%(n)d hour", "%(n)d hours", seconds // 3600) % {"n": seconds // 3600}


def warning(run: AnyRun, since: timedelta) -> str:
    """What seems wrong, and what to do; nothing when all is as it should be."""
    if run.status == "queued" and since > PATIENCE:
        return _(
            "Queued for %(time)s. Is the worker running? It is started by “make run”, or by “manage.py qcluster”. "
            "The run starts by itself as soon as a worker is there, or when another run of this organization has ended."
        ) % {"time": span_text(since)}
    if run.status == "running" and since > LEASE:
        return _(
            "Running for %(time)s, longer than a run may hold its place. The worker seems to have been stopped; "
            "trigger the same period again to have it taken up."
        ) % {"time": span_text(since)}
    return ""
