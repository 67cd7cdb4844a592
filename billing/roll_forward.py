"""Rolling a balance forward: opening + activity − payouts = closing, per currency and day, from statement lines (F7).

Payouts are told twice: as they stand on the statement, and as the provider renders them. Where the two differ the day
does not tie, and the payout is named. Amounts are signed minor units of the settlement currency; a day is one of the
organization's time zone, and a line belongs to the day it was created.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import F, Sum
from django.db.models.functions import TruncDate

from .balances import Told, told_balance
from .models import LineKind, Organization, PayoutVersion
from .statement_queries import current_lines

GROUPS: Final = ("charges", "refunds", "disputes", "fees", "other")
_GROUP: Final[dict[str, str]] = {
    **dict.fromkeys((LineKind.CHARGE, LineKind.CHARGE_FAILURE, LineKind.PARTIAL_CAPTURE), "charges"),
    **dict.fromkeys((LineKind.REFUND, LineKind.REFUND_FAILURE), "refunds"),
    **dict.fromkeys((LineKind.DISPUTE, LineKind.DISPUTE_REVERSAL), "disputes"),
    **dict.fromkeys((LineKind.FEE, LineKind.TAX), "fees"),
    LineKind.PAYOUT: "sent",
    LineKind.PAYOUT_REVERSAL: "returned",
}


@dataclass(frozen=True, slots=True)
class Gap:
    """A payout told differently: what the payout says was sent, and what the statement says (None: it says nothing)."""

    payout: str
    day: date
    stated_minor: int
    line_minor: int | None

    @property
    def gap_minor(self) -> int:
        """How much more the statement sent than the payout says."""
        return (self.line_minor or 0) - self.stated_minor


@dataclass(slots=True)
class Day:
    """One day of one currency. `sent` and `returned` are payouts as they stand on the statement, both positive."""

    currency: str
    day: date
    opening: int = 0
    parts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(GROUPS, 0))
    sent: int = 0
    returned: int = 0

    @property
    def activity(self) -> int:
        """Everything but payouts."""
        return sum(self.parts.values())

    @property
    def closing(self) -> int:
        """What is on the balance at the end of the day."""
        return self.opening + self.activity - self.sent + self.returned


@dataclass(slots=True)
class RollForward:
    """A currency's days in order, its gaps, how many payouts only the statement tells of, and what the provider says is
    on the balance.
    """

    currency: str
    days: list[Day]
    gaps: list[Gap]
    not_fetched: int = 0
    told: Told | None = None

    @property
    def ties(self) -> bool:
        """Whether payouts, statement and the provider's own balance tell the same."""
        return not self.gaps and (self.told is None or not self.told.gap_minor)

    def total(self) -> Day:
        """The whole period as one row."""
        first = self.days[0]
        whole = Day(self.currency, first.day, opening=first.opening)
        for one in self.days:
            whole.sent, whole.returned = whole.sent + one.sent, whole.returned + one.returned
            whole.parts = {name: whole.parts[name] + one.parts[name] for name in GROUPS}
        return whole


def roll_forward(*, organization: Organization, start: datetime, end: datetime) -> list[RollForward]:
    """The balance of each currency over [start, end) (midnights in the organization's zone), every day of it.

    Counted is the organization's own statement; the opening balance is the sum of all its lines before `start`, and
    what the provider says was held before the first of them.
    """
    zone = ZoneInfo(organization.timezone)
    before = _before(organization, start)
    moved = _moved(organization, start, end, zone)
    gaps, not_fetched = _told_twice(organization, start, end, zone)
    days = _days(start, end, zone)
    found = []
    for currency in sorted({*before, *(currency for currency, _day in moved), *gaps, *not_fetched}):
        told = told_balance(organization=organization, currency=currency, start=start, end=end)
        rows, opening = [], before.get(currency, 0) + (told.before_minor if told else 0)
        for day in days:
            row = moved.get((currency, day)) or Day(currency, day)
            row.opening, opening = opening, opening + row.activity - row.sent + row.returned
            rows.append(row)
        named = sorted(gaps.get(currency, []), key=lambda gap: (gap.day, gap.payout))
        found.append(RollForward(currency, rows, named, not_fetched.get(currency, 0), told))
    return found


def _days(start: datetime, end: datetime, zone: ZoneInfo) -> list[date]:
    first, last = start.astimezone(zone).date(), (end - timedelta(microseconds=1)).astimezone(zone).date()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _before(organization: Organization, start: datetime) -> dict[str, int]:
    rows = current_lines(organization).filter(occurred_at__lt=start).order_by().values("currency")
    return {row["currency"]: int(row["net"]) for row in rows.annotate(net=Sum("net_minor"))}


def _moved(organization: Organization, start: datetime, end: datetime, zone: ZoneInfo) -> dict[tuple[str, date], Day]:
    """The days with lines, by currency and day; their opening is not known yet."""
    lines = current_lines(organization).filter(occurred_at__gte=start, occurred_at__lt=end)
    keyed = lines.annotate(day=TruncDate("occurred_at", tzinfo=zone)).order_by().values("day", "currency", "kind")
    found: dict[tuple[str, date], Day] = {}
    for row in keyed.annotate(gross=Sum("gross_minor"), fees=Sum("fee_minor")):
        day = found.setdefault((row["currency"], row["day"]), Day(row["currency"], row["day"]))
        gross, fees = int(row["gross"]), int(row["fees"])
        group = _GROUP.get(row["kind"], "other")
        if group == "sent":
            day.sent -= gross
        elif group == "returned":
            day.returned += gross
        else:
            day.parts[group] += gross
        day.parts["fees"] -= fees
    return found


def _told_twice(
    organization: Organization, start: datetime, end: datetime, zone: ZoneInfo
) -> tuple[dict[str, list[Gap]], dict[str, int]]:
    """Payouts that the statement tells differently, and how many it alone tells of; both by currency.

    A payout belongs to the day of its line on the statement, one without a line to the day it was made.
    """
    own = current_lines(organization).filter(kind=LineKind.PAYOUT)
    inside = own.filter(occurred_at__gte=start, occurred_at__lt=end)
    lines = _lines_by_payout(inside.values("source_reference", "currency", "occurred_at", "gross_minor"))
    current = PayoutVersion.objects.filter(organization=organization, number=F("payout__current_number"))
    named = dict(_versions(current, [name for name, _currency in lines]))
    gaps: dict[str, list[Gap]] = defaultdict(list)
    not_fetched: dict[str, int] = defaultdict(int)
    for (name, currency), (at, sent) in sorted(lines.items()):
        stated = named.get(name)
        if stated is None:
            not_fetched[currency] += 1
        elif stated.currency != currency or stated.amount_minor != sent:
            amount = stated.amount_minor if stated.currency == currency else 0
            gaps[currency].append(Gap(name, at.astimezone(zone).date(), amount, sent))
    made = current.filter(created_at__gte=start, created_at__lt=end).select_related("payout")
    without = made.exclude(payout__external_id__in=own.values("source_reference"))
    for version in without.order_by("payout__external_id"):
        day = version.created_at.astimezone(zone).date()
        gaps[version.currency].append(Gap(version.payout.external_id, day, version.amount_minor, None))
    return dict(gaps), dict(not_fetched)


def _lines_by_payout(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], tuple[datetime, int]]:
    """When a payout left and how much, by its id and currency."""
    found: dict[tuple[str, str], tuple[datetime, int]] = {}
    for row in rows:
        key = (row["source_reference"], row["currency"])
        at, sent = found.get(key, (row["occurred_at"], 0))
        found[key] = (min(at, row["occurred_at"]), sent - row["gross_minor"])
    return found


def _versions(current: Any, names: list[str]) -> Iterable[tuple[str, PayoutVersion]]:
    for begin in range(0, len(names), 500):
        some = current.filter(payout__external_id__in=names[begin : begin + 500]).select_related("payout")
        yield from ((row.payout.external_id, row) for row in some)
