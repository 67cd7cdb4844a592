"""Small charts as SVG, drawn by the server: they print, follow light and dark, and need no script.

Colour only helps: lines differ by dashes and marks, and every chart stands beside a table of the same figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 1100, 170
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 8, 20
MOST_LINES = 6


@dataclass(frozen=True)
class Line:
    """A named series; None where there is no figure."""

    name: str
    values: Sequence[Decimal | None]


def lowest(lines: Sequence[Line]) -> Decimal:
    """Where the axis of percentages begins: a round number at or below every value, and below 100."""
    values = [value for line in lines for value in line.values if value is not None]
    least = min(values, default=Decimal(0))
    for step in (Decimal(99), Decimal(95), Decimal(90), Decimal(75), Decimal(50)):
        if least >= step:
            return step
    return Decimal(0)


def points(values: Sequence[Decimal | None], floor: Decimal) -> list[tuple[float, float]]:
    """Where the figures of a line lie; days without one are left out, so that the line goes straight over them."""
    across = (WIDTH - LEFT - RIGHT) / max(1, len(values) - 1)
    down = (HEIGHT - TOP - BOTTOM) / float(100 - floor)
    return [
        (round(LEFT + number * across, 1), round(TOP + float(100 - value) * down, 1))
        for number, value in enumerate(values)
        if value is not None
    ]


def _mark(x: float, y: float, number: int) -> SafeString:
    """The last figure of a line, as a mark of its own shape."""
    if number % 3 == 0:
        return format_html('<circle cx="{}" cy="{}" r="3.5"/>', x, y)
    if number % 3 == 1:
        return format_html('<rect x="{}" y="{}" width="7" height="7"/>', x - 3.5, y - 3.5)
    return format_html('<path d="M{} {}l4.5 8h-9z"/>', x, y - 4.5)


def _line(line: Line, number: int, floor: Decimal) -> SafeString:
    places = points(line.values, floor)
    path = " ".join(f"{x},{y}" for x, y in places)
    mark = _mark(*places[-1], number) if places else ""
    return format_html(
        '<g class="series series-{}"><title>{}</title><polyline points="{}"/>{}</g>', number + 1, line.name, path, mark
    )


def percent_lines(lines: Sequence[Line], first: str, last: str) -> SafeString:
    """Lines of percentages up to 100 over equal steps of time, from `first` to `last`."""
    shown = lines[:MOST_LINES]
    floor = lowest(shown)
    bottom = HEIGHT - BOTTOM
    axis = format_html(
        '<g class="axis"><path d="M{0} {1}H{2}M{0} {3}H{2}"/><text x="{4}" y="{5}">100</text>'
        '<text x="{4}" y="{6}">{7}</text><text class="start" x="{0}" y="{8}">{9}</text>'
        '<text x="{2}" y="{8}">{10}</text></g>',
        LEFT, TOP, WIDTH - RIGHT, bottom, LEFT - 6, TOP + 5, bottom + 4, str(floor), HEIGHT - 4, first, last,
    )  # fmt: skip
    drawn = format_html_join("", "{}", ((_line(line, number, floor),) for number, line in enumerate(shown)))
    return format_html(
        '<svg class="lines" viewBox="0 0 {} {}" aria-hidden="true" focusable="false">{}{}</svg>',
        WIDTH,
        HEIGHT,
        axis,
        drawn,
    )


def key(lines: Sequence[Line]) -> SafeString:
    """What each line is, with its dashes and its mark."""
    return format_html_join(
        "",
        '<li><svg class="lines lines-key" viewBox="0 0 34 12" aria-hidden="true"><g class="series series-{}">'
        '<polyline points="0,6 27,6"/>{}</g></svg> {}</li>',
        ((number + 1, _mark(28, 6, number), line.name) for number, line in enumerate(lines[:MOST_LINES])),
    )


def bar(parts: Sequence[tuple[str, int]], most: int) -> SafeString:
    """A bar of parts (class, figure) side by side; `most` is the longest bar beside it."""
    scale = 100 / max(1, most)
    pieces, at = [], 0.0
    for name, figure in parts:
        width = round(figure * scale, 2)
        if figure:
            pieces.append((at, max(width, 0.8), name))
        at += width
    drawn = format_html_join("", '<rect x="{}" y="0" width="{}" height="10" class="part-{}"/>', pieces)
    return format_html(
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{}</svg>',
        drawn,
    )
