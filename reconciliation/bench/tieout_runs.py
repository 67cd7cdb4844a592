"""Tieout itself: a first run, again with nothing changed, again in full, and after a few changes."""

from typing import Any

from billing.models import Organization
from reconciliation.bench.books import END, NOW, START
from reconciliation.bench.loading import SLUG
from reconciliation.bench.stages import timed_stages
from reconciliation.runs import reconcile


def run(*, full: bool = False) -> dict[str, Any]:
    """Reconciles the whole period; rows written, items by outcome, open discrepancies by type, seconds by stage."""
    organization = Organization.objects.get(slug=SLUG)
    with timed_stages() as stages:
        result = reconcile(organization=organization, start=START, end=END, by=None, now=NOW, full=full, via="bench")
    if result.error:
        raise RuntimeError(f"The run ended in an error: {result.error}")
    return {
        "written": result.written, "counts": result.counts, "discrepancies": result.discrepancies, "stages": stages,
    }  # fmt: skip
