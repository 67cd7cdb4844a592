"""The line of a closing balance as SVG, drawn by the server. The table below it tells the same figures."""

from collections.abc import Sequence
from datetime import date

from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.wording import number_text

WIDTH, HEIGHT = 1100, 150
LEFT, RIGHT, TOP, BOTTOM = 96, 8, 12, 20


def places(amounts: Sequence[int]) -> tuple[list[tuple[float, float]], float]:
    """Where each amount lies, and the height of zero. The axis always holds zero."""
    low, high = min(0, *amounts), max(0, *amounts)
    span = (high - low) or 1
    across = (WIDTH - LEFT - RIGHT) / max(1, len(amounts) - 1)

    def down(amount: int) -> float:
        return round(TOP + (high - amount) * (HEIGHT - TOP - BOTTOM) / span, 1)

    return [(round(LEFT + number * across, 1), down(amount)) for number, amount in enumerate(amounts)], down(0)


def balance_line(days: Sequence[tuple[date, int]], currency: str) -> SafeString:
    """Closing balances (minor units of `currency`) of consecutive days, each held until the next."""
    amounts = [amount for _day, amount in days]
    points, zero = places(amounts)
    steps = [f"{points[0][0]},{points[0][1]}"]
    for (x, y), (_before, last) in zip(points[1:], points, strict=False):
        steps += [f"{x},{last}", f"{x},{y}"]
    high, low = max(0, *amounts), min(0, *amounts)
    return format_html(
        '<svg class="balance-line" viewBox="0 0 {w} {h}" aria-hidden="true" focusable="false">'
        '<path class="axis" d="M{left} {zero}H{right}"/><polyline points="{line}"/>'
        '<circle cx="{x}" cy="{y}" r="3.5"/><text x="{label}" y="{top}">{high}</text>'
        '<text x="{label}" y="{bottom}">{low}</text><text class="start" x="{left}" y="{foot}">{first}</text>'
        '<text x="{right}" y="{foot}">{last}</text></svg>',
        w=WIDTH, h=HEIGHT, left=LEFT, right=WIDTH - RIGHT, zero=zero, line=" ".join(steps), x=points[-1][0],
        y=points[-1][1], label=LEFT - 8, top=TOP + 4, bottom=HEIGHT - BOTTOM + 4, foot=HEIGHT - 4,
        high=number_text(high, currency) if high else "", low=number_text(low, currency),
        first=days[0][0].isoformat(), last=days[-1][0].isoformat(),
    )  # fmt: skip
