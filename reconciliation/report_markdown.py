"""A report as Markdown (requirement A5). English, since it is stored once; the pages render the JSON in the reader's
language.
"""

from typing import Any

from django.utils.translation import override

from reconciliation.core.schema import OUTCOMES
from reconciliation.wording import amount_text

LABELS = {
    "matched": "Matched",
    "mismatched": "Mismatched",
    "only_left": "Missing at the provider",
    "only_right": "Missing here",
    "not_due": "Not due yet",
    "ambiguous": "Ambiguous",
    "excluded": "Excluded",
}
HEAD = ("| | Count ours | Amount ours | Count provider | Amount provider | Difference |", "|---|--:|--:|--:|--:|--:|")


def markdown(report: dict[str, Any]) -> str:
    """The report as a Markdown document, equal for equal reports."""
    with override("en"):
        period = report["period"]
        lines = [
            f"# Reconciliation: {report['organization']}, {report['comparison']}",
            "",
            f"Period {period['start']} to {period['end']} (excluded), {period['timezone']}.",
            "",
            f"Matched: {percent(report['matched_percent'])} of the records that count.",
            "",
            *discrepancies(report),
        ]
        for currency, totals in report["totals"].items():
            lines += ["", *currency_table(currency, totals)]
        return "\n".join([*lines, *excluded(report)]) + "\n"


def percent(value: str | None) -> str:
    """A percentage, or a word for none."""
    return "nothing to compare" if value is None else f"{value} %"


def discrepancies(report: dict[str, Any]) -> list[str]:
    """Open discrepancies by type, and what they amount to."""
    if not report["discrepancies"]:
        return ["No open discrepancies."]
    lines = ["## Open discrepancies", "", "| Type | Count |", "|---|--:|"]
    lines += [f"| {type_} | {count} |" for type_, count in report["discrepancies"].items()]
    lines += ["", "| Currency | Differences | Unexplained |", "|---|--:|--:|"]
    for currency, cell in report["mismatch"].items():
        amounts = [amount_text(cell[name], currency) for name in ("difference_minor", "unexplained_minor")]
        lines.append(f"| {currency} | {' | '.join(amounts)} |")
    return lines


def currency_table(currency: str, totals: dict[str, Any]) -> list[str]:
    """Outcomes of one currency, with their total and the control total."""
    lines = [f"## {currency}", "", *HEAD]
    lines += [row(LABELS[name], totals["outcomes"][name], currency) for name in OUTCOMES]
    lines += [row("**Total**", totals["total"], currency), row("**Records read**", totals["read"], currency)]
    verdict = (
        "The totals add up to the records read."
        if totals["control"]
        else "**The totals do not add up to the records read.**"
    )
    lines += ["", verdict, "", *HEAD]
    lines += [row("Succeeded", totals["succeeded"], currency), row("Refunded", totals["refunded"], currency)]
    return lines


def row(label: str, cells: dict[str, Any], currency: str) -> str:
    """One line of a currency's table."""
    left, right = cells["left"], cells["right"]
    difference = right["amount_minor"] - left["amount_minor"]
    values = [
        str(left["count"]), amount_text(left["amount_minor"], currency), str(right["count"]),
        amount_text(right["amount_minor"], currency), amount_text(difference, currency, sign=True),
    ]  # fmt: skip
    return f"| {label} | {' | '.join(values)} |"


def excluded(report: dict[str, Any]) -> list[str]:
    """Why records were excluded."""
    if not report["excluded"]:
        return []
    return ["", "## Excluded", "", *(f"- {reason}: {count}" for reason, count in report["excluded"].items())]
