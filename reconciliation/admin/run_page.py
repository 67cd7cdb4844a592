"""What the page of a run shows: its report per currency, with every figure a link to the rows it counts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.admin.cells import amount_cell
from billing.wording import amount_text, count_text, decimal_text, stamp_text
from reconciliation.core.report import digest
from reconciliation.core.schema import OUTCOMES
from reconciliation.models import DryRun, ReconciliationRun
from reconciliation.sentences import type_name
from reconciliation.wording import exclusion_words, outcome_word, percent_text

from .labels import rule_rows
from .roll_forward import balances

AnyRun = ReconciliationRun | DryRun
ITEMS = "admin:reconciliation_reconciliationitem_changelist"
DISCREPANCIES = "admin:reconciliation_reconciliationdiscrepancy_changelist"


@dataclass(frozen=True)
class Line:
    """One line of a currency's table: name, count and amount of both sides, difference, and where its rows are."""

    name: str
    left_count: str
    left_amount: Any
    right_count: str
    right_amount: Any
    difference: Any
    url: str = ""
    kind: str = ""


def line(name: str, sides: dict[str, Any], currency: str, *, url: str = "", kind: str = "") -> Line:
    """A line from the report's cells. Difference is the provider's amount less ours, as everywhere."""
    left, right = sides["left"], sides["right"]
    return Line(
        name,
        count_text(left["count"]),
        amount_cell(left["amount_minor"], currency),
        count_text(right["count"]),
        amount_cell(right["amount_minor"], currency),
        amount_cell(right["amount_minor"] - left["amount_minor"], currency, sign=True),
        url,
        kind,
    )


def control_words(totals: dict[str, Any], currency: str) -> str:
    """Whether the outcomes add up to all that was read, or by how much they do not."""
    if totals["control"]:
        return _("✓ Every record read is in exactly one line above.")
    gaps = []
    for side, name in (("left", _("ours")), ("right", _("the provider's"))):
        counts = totals["total"][side]["count"] - totals["read"][side]["count"]
        amounts = totals["total"][side]["amount_minor"] - totals["read"][side]["amount_minor"]
        if counts or amounts:
            values = {"count": f"{counts:+d}", "amount": amount_text(amounts, currency, sign=True), "side": name}
            gaps.append(_("%(side)s: %(count)s records, %(amount)s") % values)
    return _("✕ The lines do not add up to what was read (%(gaps)s). Run again; if it stays, report it.") % {
        "gaps": "; ".join(gaps)
    }


def currency_block(run: AnyRun, currency: str, totals: dict[str, Any], *, links: bool) -> dict[str, Any]:
    """The table of one currency."""

    def url(outcome: str) -> str:
        if not links:
            return ""
        return f"{reverse(ITEMS)}?{urlencode({'run': run.pk, 'outcome': outcome, 'either_currency': currency})}"

    cells = totals["outcomes"]
    return {
        "currency": currency,
        "lines": [line(outcome_word(name), cells[name], currency, url=url(name), kind=name) for name in OUTCOMES],
        "totals": [
            line(_("Total read"), totals["total"], currency, kind="total"),
            line(_("Control total"), totals["read"], currency, kind="control"),
        ],
        "volumes": [
            line(_("Of these succeeded"), totals["succeeded"], currency),
            line(_("Of these refunded"), totals["refunded"], currency),
        ],
        "control": totals["control"],
        "verdict": control_words(totals, currency),
        "matched_percent": percent_text(share(totals.get("matched_percent"))),
    }


def share(percent: str | None) -> str | None:
    """A stored percentage, unless amounts of both signs leave no share to speak of: charges less fees and payouts."""
    return percent if percent is not None and 0 <= Decimal(percent) <= 100 else None


def open_by_type(run: AnyRun, report: dict[str, Any], *, links: bool) -> list[dict[str, Any]]:
    """The period's open discrepancies by type, as the run left them; each links to those open now."""
    rows = []
    for type_, count in report["discrepancies"].items():
        query = {"of_run": run.pk, "type": type_}
        rows.append(
            {
                "name": type_name(type_),
                "count": count_text(count),
                "url": f"{reverse(DISCREPANCIES)}?{urlencode(query)}" if links else "",
            }
        )
    return rows


def period_days(run: AnyRun) -> tuple[str, str]:
    """First and last day of the period (both included) in the organization's zone, as ISO dates."""
    zone = ZoneInfo(run.organization.timezone)
    last = run.period_end.astimezone(zone) - timedelta(microseconds=1)
    return run.period_start.astimezone(zone).date().isoformat(), last.date().isoformat()


def period_text(run: AnyRun) -> str:
    """The period for people: days where it consists of days, else times."""
    zone = ZoneInfo(run.organization.timezone)
    start, end = run.period_start.astimezone(zone), run.period_end.astimezone(zone)
    if start.time() == end.time() == datetime.min.time():
        first, last = period_days(run)
        return first if first == last else f"{first} – {last}"
    return f"{stamp_text(start, zone)} – {stamp_text(end, zone)}"


def duration_text(run: AnyRun) -> str:
    """How long the run worked."""
    if run.started_at is None or run.finished_at is None:
        return "–"
    seconds = max(0.0, (run.finished_at - run.started_at).total_seconds())
    return f"{decimal_text(seconds, 1)} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def metric_rows(run: ReconciliationRun) -> list[tuple[str, str]]:
    """What the run read and wrote."""
    names = {
        "left_read": _("Records read here"),
        "right_read": _("Records read at the provider"),
        "left_matched_again": _("Of these matched anew, ours"),
        "right_matched_again": _("Of these matched anew, the provider's"),
        "items_opened": _("Items written"),
        "items_closed": _("Items replaced"),
    }
    known = [(words, count_text(run.metrics[name])) for name, words in names.items() if name in run.metrics]
    base = run.metrics.get("built_on")
    return [*known, (_("Built on"), f"R-{base}" if base else _("nothing: the whole period was read"))]


def report_page(run: AnyRun, *, links: bool = True) -> dict[str, Any]:
    """The report of a finished run, ready for its template; nothing without one. Without `links` for a dry run, whose
    items do not exist.
    """
    report = run.report
    if not report:
        return {"report": None}
    return {
        "report": {
            "matched_percent": percent_text(report["matched_percent"]),
            "currencies": [currency_block(run, code, totals, links=links) for code, totals in report["totals"].items()],
            "open": open_by_type(run, report, links=links),
            "mismatch": [
                {
                    "currency": code,
                    "difference": amount_cell(cell["difference_minor"], code),
                    "unexplained": amount_cell(cell["unexplained_minor"], code),
                }
                for code, cell in report["mismatch"].items()
            ],
            "excluded": [(exclusion_words(reason), count_text(count)) for reason, count in report["excluded"].items()],
            "rules": rule_rows(report["rules"]),
            "balances": balances(report),
            "digest": digest(report),
        }
    }
