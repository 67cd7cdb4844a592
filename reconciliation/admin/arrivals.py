"""The chart of arrivals around a gap, drawn as plain shapes, with the table that says the same."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from reconciliation.models import Cause
from reconciliation.wording import moment_text

WIDTH, HEIGHT, FOOT = 720, 120, 4


@dataclass(frozen=True)
class Bar:
    """A bin: its time, how many arrived and how many are missing, and where both are drawn."""

    time: str
    arrived: int
    missing: int
    x: int
    width: int
    arrived_y: int
    arrived_height: int
    missing_y: int
    missing_height: int

    @classmethod
    def of(cls, time: str, x: int, step: int, arrived: int, missing: int, *, most: int) -> "Bar":
        """A bin's bar: what is missing stands on what arrived."""
        low, high = round(HEIGHT * arrived / most), round(HEIGHT * missing / most)
        return cls(time, arrived, missing, x + 2, step - 4, HEIGHT - low, low, HEIGHT - low - high, high)


def arrivals(cause: Cause, zone: ZoneInfo) -> dict[str, Any] | None:
    """The chart of a gap; None for another cause."""
    facts = cause.facts
    if cause.kind != "gap":
        return None
    arrived, missing = facts["arrived"], facts["missing"]
    most = max(1, *(one + other for one, other in zip(arrived, missing, strict=True)))
    step = WIDTH // len(arrived)
    times = [moment_text(facts["bin_start"] + at * facts["bin_width"], zone) for at in range(len(arrived))]
    bars = [
        Bar.of(time, at * step, step, one, other, most=most)
        for at, (time, one, other) in enumerate(zip(times, arrived, missing, strict=True))
    ]
    scale = WIDTH / (facts["bin_width"] * len(arrived))
    begin = round((facts["from"] - facts["bin_start"]) * scale)
    return {
        "bars": bars,
        "width": step * len(bars),
        "height": HEIGHT + FOOT,
        "gap_x": begin,
        "gap_width": max(2, round((facts["to"] - facts["from"]) * scale)),
        "begin": bars[0].time,
        "end": moment_text(facts["bin_start"] + facts["bin_width"] * len(bars), zone),
    }
