"""A report as Markdown (requirement A5). It is stored in English; whoever downloads it gets their own language."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from billing.roll_forward_words import lines as balance_lines
from billing.roll_forward_words import verdict
from billing.wording import amount_text, count_text
from reconciliation.core.schema import OUTCOMES
from reconciliation.wording import exclusion_words, outcome_word, percent_text


def markdown(report: dict[str, Any], *, language: str = "en") -> str:
    """The report as a Markdown document in `language`, equal for equal reports."""
    with override(language):
        lines = [
            "# " + _("Reconciliation: %(organization)s, %(comparison)s") % report,
            "",
            _("Period %(start)s to %(end)s (excluded), %(timezone)s.") % report["period"],
            "",
            _("Matched: %s of the records that count.") % percent(report["matched_percent"]),
            "",
            *discrepancies(report),
        ]
        for currency, totals in report["totals"].items():
            lines += ["", *currency_table(currency, totals)]
        return "\n".join([*lines, *balances(report), *excluded(report)]) + "\n"


def percent(value: str | None) -> str:
    """A percentage, or a word for none."""
    return _("nothing to compare") if value is None else percent_text(value)


def discrepancies(report: dict[str, Any]) -> list[str]:
    """Open discrepancies by type, and what they amount to."""
    if not report["discrepancies"]:
        return [_("No open discrepancies.")]
    lines = ["## " + _("Open discrepancies"), "", cells(_("Type"), _("Count")), "|---|--:|"]
    lines += [cells(type_, count_text(count)) for type_, count in report["discrepancies"].items()]
    lines += ["", cells(_("Currency"), _("Differences"), _("Unexplained")), "|---|--:|--:|"]
    for currency, cell in report["mismatch"].items():
        amounts = [amount_text(cell[name], currency) for name in ("difference_minor", "unexplained_minor")]
        lines.append(cells(currency, *amounts))
    return lines


def currency_table(currency: str, totals: dict[str, Any]) -> list[str]:
    """Outcomes of one currency, with their total and the control total."""
    lines = [f"## {currency}", "", *head()]
    lines += [row(outcome_word(name), totals["outcomes"][name], currency) for name in OUTCOMES]
    lines += [row(f"**{_('Total')}**", totals["total"], currency)]
    lines += [row(f"**{_('Records read')}**", totals["read"], currency)]
    verdict = (
        _("The totals add up to the records read.")
        if totals["control"]
        else f"**{_('The totals do not add up to the records read.')}**"
    )
    lines += ["", verdict, "", *head()]
    lines += [row(_("Succeeded"), totals["succeeded"], currency), row(_("Refunded"), totals["refunded"], currency)]
    return lines


def head() -> list[str]:
    """The head of a currency's table."""
    names = (
        _("Count, ours"), _("Amount, ours"), _("Count, provider"), _("Amount, provider"), _("Difference"),
    )  # fmt: skip
    return [cells("", *names), "|---|--:|--:|--:|--:|--:|"]


def cells(*texts: str) -> str:
    """One line of a table."""
    return f"| {' | '.join(texts)} |"


def row(label: str, sides: dict[str, Any], currency: str) -> str:
    """One line of a currency's table."""
    left, right = sides["left"], sides["right"]
    difference = right["amount_minor"] - left["amount_minor"]
    values = [
        count_text(left["count"]), amount_text(left["amount_minor"], currency), count_text(right["count"]),
        amount_text(right["amount_minor"], currency), amount_text(difference, currency, sign=True),
    ]  # fmt: skip
    return cells(label, *values)


def balances(report: dict[str, Any]) -> list[str]:
    """The balance of each currency rolled forward, where the comparison tells it."""
    found: list[str] = []
    for currency, told in report.get("roll_forward", {}).items():
        found += ["", "## " + _("Balance in %s") % currency, "", cells("", _("Amount")), "|---|--:|"]
        found += [cells(name, amount_text(minor, currency)) for name, minor, _sum in balance_lines(told)]
        found += ["", verdict(told, currency)]
    return found


def excluded(report: dict[str, Any]) -> list[str]:
    """Why records were excluded."""
    if not report["excluded"]:
        return []
    lines = [f"- {exclusion_words(reason)} {count_text(count)}" for reason, count in report["excluded"].items()]
    return ["", "## " + _("Excluded"), "", *lines]
