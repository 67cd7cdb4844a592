"""What columns of exported lists are made of. Names are for machines, titles for people."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from reconciliation.spreadsheets import Cell, Money


@dataclass(frozen=True)
class Column:
    """A column: its name in a CSV file, its title in a workbook, and the cell of a row."""

    name: str
    title: Any
    cell: Callable[[Any], Cell]


def money(amount_minor: int | None, currency: str) -> Money | None:
    """An amount, if there is one."""
    return None if amount_minor is None else Money(amount_minor, currency)


def plain(name: str, title: Any) -> Column:
    """A column that shows a field as it is."""
    return Column(name, title, lambda row: getattr(row, name))


def fact(row: Any, side: str, name: str) -> Any:
    """What a discrepancy knows of the record on a side."""
    return (row.explanation.get(side) or {}).get(name)


def of_side(name: str, title: Any, side: str, *facts: str) -> Column:
    """A column of the first of some facts that a side has."""
    return Column(name, title, lambda row: next((str(v) for one in facts if (v := fact(row, side, one))), ""))


def amount_of(name: str, title: Any, side: str) -> Column:
    """A column of the amount of a side, in the currency of that side."""
    return Column(name, title, lambda row: money(fact(row, side, "amount_minor"), fact(row, side, "currency") or ""))


def person(name: str, title: Any) -> Column:
    """A column of a user's name."""
    return Column(name, title, lambda row: user.get_username() if (user := getattr(row, name)) else "")


def now(name: str, title: Any) -> Column:
    """A column of a fact of the current version."""
    return Column(name, title, lambda row: getattr(row, f"now_{name}"))


def now_money(name: str, title: Any, currency: str = "currency") -> Column:
    """A column of an amount of the current version, in the currency that another fact of it names."""
    return Column(
        name, title, lambda row: money(getattr(row, f"now_{name}_minor"), getattr(row, f"now_{currency}") or "")
    )


def flag(name: str, title: Any, field: str = "") -> Column:
    """A column of yes or no, as programs write it; empty where nobody knows."""
    return Column(name, title, lambda row: FLAGS[getattr(row, field or name)])


def numbered(name: str, title: Any, letter: str, field: str) -> Column:
    """A column of a row's number as the desk shows it: F-12."""
    return Column(name, title, lambda row: f"{letter}-{pk}" if (pk := getattr(row, field)) else "")


def as_json(value: Any) -> str:
    """A JSON value as text; nothing for nothing."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""


FLAGS = {True: "true", False: "false", None: ""}
ORGANIZATION = Column("organization", _("Organization"), lambda row: row.organization.slug)
CURRENT = plain("current_number", _("Version"))
