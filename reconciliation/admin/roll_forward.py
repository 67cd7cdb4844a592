"""The balance rolled forward, as the page of a run shows it."""

from typing import Any

from billing.admin.cells import amount_cell
from billing.roll_forward_words import lines, verdict


def balances(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Each currency of a report's roll-forward, line by line, with its verdict; nothing where it has none."""
    return [
        {
            "currency": currency,
            "lines": [
                {"name": name, "minor": minor, "cell": amount_cell(minor, currency), "rule": rule}
                for name, minor, rule in lines(told)
            ],
            "ties": told["ties"],
            "verdict": verdict(told, currency),
        }
        for currency, told in report.get("roll_forward", {}).items()
    ]
