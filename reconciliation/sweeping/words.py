"""Jobs on the sources in words: steps, what they brought, how they ended."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.wording import count_text
from reconciliation.models.runs import COMPARISONS


def step_words(step: str) -> str:
    """What a step does."""
    if step.startswith("reconcile "):
        _verb, comparison, month = step.split(" ")
        word = dict(COMPARISONS).get(comparison, comparison)
        return _("Reconcile %(comparison)s, %(month)s") % {"comparison": word, "month": month}
    return {
        "connect": _("Open Stripe's API"),
        "events": _("Fetch events webhooks did not deliver"),
        "invoices": _("Fetch invoices and their payments"),
        "statements": _("Fetch statement lines"),
        "disputes": _("Fetch disputes"),
        "payouts": _("Fetch payouts and their lines"),
        "missing": _("Fetch missing payments"),
        "withdraw": _("Withdraw the ingestion"),
    }.get(step, step)


def status_words(status: str) -> str:
    """How a step ended."""
    return {"ok": _("done"), "failed": _("failed"), "put_off": _("left to another worker")}.get(status, status)


def figures_words(figures: Mapping[str, Any]) -> str:
    """What a step came to, in one line."""
    if figures.get("nothing"):
        return _("nothing to compare")
    if "result" in figures:
        return run_words(figures)
    parts = [text % {"n": count_text(figures[name])} for name, text in _texts().items() if figures.get(name)]
    return ", ".join(parts) or _("nothing new")


def run_words(figures: Mapping[str, Any]) -> str:
    """A run: its number, how it ended, what is open."""
    open_ones = int(figures["open"])
    told = ngettext("%(n)s open", "%(n)s open", open_ones) % {"n": count_text(open_ones)}
    verdict = {"ok": _("OK"), "break": _("BREAK")}.get(figures["result"], _("ERROR"))
    return f"R-{figures['run']}: {verdict}, {told}"


def _texts() -> dict[str, str]:
    return {
        "rows": _("%(n)s read"),
        "created": _("%(n)s new"),
        "changed": _("%(n)s changed"),
        "refused": _("%(n)s not usable"),
        "synced": _("%(n)s brought in"),
        "already": _("%(n)s already here"),
        "failed": _("%(n)s failed"),
        "unattached": _("%(n)s lines belong to no one yet"),
        "itemised": _("%(n)s payouts itemised"),
        "lines": _("%(n)s lines of payouts"),
        "read_again": _("%(n)s open invoices read again"),
        "excluded": _("%(n)s lines excluded"),
        "restored": _("%(n)s lines put back as they were"),
    }
