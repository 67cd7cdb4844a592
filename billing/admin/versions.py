"""Versions of a fact, oldest first, with what each one changed marked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cell:
    """One value of a version, and whether it differs from the version before."""

    html: Any
    changed: bool


@dataclass(frozen=True)
class Column:
    """A column of a table of versions: its heading, the compared value, and how the value is shown."""

    heading: Any
    value: Callable[[Any], Any]
    show: Callable[[Any], Any]


def version_table(versions: Sequence[Any], columns: Sequence[Column]) -> dict[str, Any]:
    """Headings and rows (newest first) of `versions`, which come oldest first."""
    rows = []
    before = None
    for version in versions:
        cells = [
            Cell(column.show(version), before is not None and column.value(version) != column.value(before))
            for column in columns
        ]
        rows.append({"number": version.number, "cells": cells})
        before = version
    return {"headings": [column.heading for column in columns], "rows": rows[::-1]}
