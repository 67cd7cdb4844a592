"""A run's report as tables, for a CSV file and a workbook (requirement A5)."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from reconciliation.core.schema import OUTCOMES
from reconciliation.models import ReconciliationRun
from reconciliation.spreadsheets import Cell, Money, Sheet
from reconciliation.wording import exclusion_words, outcome_word

CSV_HEAD = (
    "currency", "line", "left_count", "left_amount", "right_count", "right_amount", "difference",
)  # fmt: skip
Row = list[Cell]


def total_rows(report: dict[str, Any]) -> Iterator[tuple[str, Row]]:
    """Name of the line as stored, and currency, counts, amounts and difference (right − left), for all currencies."""
    for currency, totals in report["totals"].items():
        lines = [(name, totals["outcomes"][name]) for name in OUTCOMES]
        lines += [("total", totals["total"]), ("control_total", totals["read"])]
        lines += [(name, totals[name]) for name in ("succeeded", "refunded")]
        for name, sides in lines:
            left, right = sides["left"], sides["right"]
            difference = right["amount_minor"] - left["amount_minor"]
            yield (
                name,
                [
                    currency,
                    left["count"],
                    Money(left["amount_minor"], currency),
                    right["count"],
                    Money(right["amount_minor"], currency),
                    Money(difference, currency),
                ],
            )


def csv_rows(report: dict[str, Any]) -> Iterator[Row]:
    """The totals for machines: lines keep the names they are stored under."""
    for name, (currency, *figures) in total_rows(report):
        yield [currency, name, *figures]


def line_word(name: str) -> str:
    """A line's name for people."""
    own = {
        "total": _("Total read"),
        "control_total": _("Control total"),
        "succeeded": _("Of these succeeded"),
        "refunded": _("Of these refunded"),
    }
    return own.get(name) or outcome_word(name)


def sheets(run: ReconciliationRun, facts: list[tuple[str, str]], types: dict[str, str]) -> list[Sheet]:
    """The sheets of a finished run's workbook.

    `facts` are its parameters as names and values for people, `types` the names of discrepancy types.
    """
    report = run.report or {}
    totals: Iterator[Row] = ([currency, line_word(name), *figures] for name, (currency, *figures) in total_rows(report))
    amounts: list[Row] = [
        [code, Money(cell["difference_minor"], code), Money(cell["unexplained_minor"], code)]
        for code, cell in report["mismatch"].items()
    ]
    head = [
        _("Currency"), _("Line"), _("Count, ours"), _("Amount, ours"), _("Count, provider"), _("Amount, provider"),
        _("Difference"),
    ]  # fmt: skip
    return [
        Sheet(_("Parameters"), [_("What"), _("Value")], [list(pair) for pair in facts], [48, 72]),
        Sheet(_("Totals"), head, totals, [10, 28, 14, 18, 16, 18, 18]),
        Sheet(
            _("Open discrepancies"),
            [_("Type"), _("Count")],
            [[types.get(name, name), count] for name, count in report["discrepancies"].items()],
            [40, 10],
        ),
        Sheet(_("Differences"), [_("Currency"), _("Differences"), _("Unexplained")], amounts, [10, 18, 18]),
        Sheet(
            _("Excluded"),
            [_("Reason"), _("Count")],
            [[exclusion_words(reason), count] for reason, count in report["excluded"].items()],
            [72, 10],
        ),
    ]
