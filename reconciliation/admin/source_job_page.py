"""What the page of a source job shows."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from billing.admin.cells import code_cell, link, shaped, time_cell, zone_of
from billing.admin.search import row_number
from billing.wording import count_text, decimal_text
from reconciliation.models import SyncJob, SyncResult
from reconciliation.sweeping.jobs import LEASE
from reconciliation.sweeping.words import figures_words, status_words, step_words

from .run_progress import span_text

UNDER_WAY = ("queued", "running")
SHAPES = {"queued": "○", "running": "◐", "done": "●", "failed": "✕", "ok": "●", "put_off": "◔"}
PAGE = 100
PATIENCE = timedelta(seconds=20)


def job_status(status: str) -> SafeString:
    """Shape and word of a job's status."""
    word = str(dict(SyncJob.Status.choices).get(status, status)).capitalize()
    return shaped(SHAPES.get(status, "?"), word, f"fetch-{status}")


def duration(job: SyncJob) -> str:
    """How long it took, or takes."""
    if job.started_at is None or job.finished_at is None:
        return "–"
    return f"{decimal_text((job.finished_at - job.started_at).total_seconds(), 1)} s"


def progress(job: SyncJob, now: datetime) -> dict[str, Any]:
    """What to show of an unfinished job at `now`."""
    since = now - (job.started_at or job.created_at)
    waiting = job.status == "queued" and job.started_at is None
    warning = ""
    if waiting and since > PATIENCE:
        warning = _("Queued for %(time)s. Is the worker running? It is started by “make run”.")
    elif job.expires_at is not None and job.expires_at < now:
        warning = _("No sign of life for %(time)s: its worker seems to have been stopped. Another one takes it up.")
    stage = step_words(job.stage) if job.stage else _("Waiting for the worker")
    return {
        "status": job_status(job.status),
        "stage": stage,
        "rows": _("%s rows read") % count_text(job.rows) if job.rows else "",
        "elapsed": span_text(since),
        "warning": warning % {"time": span_text(since if waiting else now - (job.expires_at or now) + LEASE)}
        if warning
        else "",
    }


def job_page(job: SyncJob, asked: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Everything the page shows; `asked` says which page of which results (outcome, after)."""
    zone = zone_of(job)
    return {
        "title": str(job),
        "heading": f"{str(job.get_kind_display()).capitalize()} {job}",
        "job": job,
        "status": job_status(job.status),
        "started": time_cell(job.started_at, zone, seconds=True),
        "created": time_cell(job.created_at, zone, seconds=True),
        "took": duration(job),
        "progress": progress(job, now) if job.status in UNDER_WAY else None,
        "error": _(job.error) if job.error else "",
        "steps": [step_row(step) for step in job.steps],
        "results": results(job, asked),
        "links": [],
    }


def step_row(step: dict[str, Any]) -> dict[str, Any]:
    """A step as the table shows it."""
    figures = step["figures"]
    shown = shaped(SHAPES.get(step["status"], "?"), status_words(step["status"]), f"fetch-{step['status']}")
    fetches = [link("billing_providerfetch", pk, f"F-{pk}") for pk in figures.get("fetches", [])]
    runs = [link("reconciliation_reconciliationrun", figures["run"], f"R-{figures['run']}")] if "run" in figures else []
    return {
        "name": step_words(step["name"]),
        "status": shown,
        "told": step["error"] or figures_words(figures),
        "failed": step["status"] == "failed",
        "seconds": decimal_text(step["seconds"], 1),
        "links": [*fetches, *runs],
    }


def results(job: SyncJob, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A block for each outcome, failures first: how many, a page of them, and where the next one begins."""
    figures = next((step["figures"] for step in job.steps if step["name"] == "missing"), None)
    if job.kind != SyncJob.Kind.MISSING:
        return []
    blocks = []
    for outcome in (SyncResult.Outcome.FAILED, SyncResult.Outcome.SYNCED, SyncResult.Outcome.ALREADY):
        after = row_number(str(asked.get("after", ""))) if asked.get("outcome") == outcome else None
        rows = SyncResult.objects.filter(job=job, outcome=outcome).order_by("id")
        if after is not None:
            rows = rows.filter(id__gt=after)
        page = list(rows[: PAGE + 1])
        count = figures.get(outcome) if figures else None
        blocks.append(
            {
                "outcome": outcome.value,
                "title": str(outcome.label).capitalize(),
                "count": count_text(count) if count is not None else "",
                "rows": [{"code": code_cell(row.external_id), "why": row.why} for row in page[:PAGE]],
                "next": page[PAGE - 1].pk if len(page) > PAGE else None,
                "later": after is not None,
                "open": bool(after) or outcome == SyncResult.Outcome.FAILED,
            }
        )
    return blocks
