"""Which periods an hourly sweep reconciles."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from billing.models import Organization


def months(*, organization: Organization, now: datetime, count: int) -> list[tuple[datetime, datetime]]:
    """The current month and those before it, `count` in all, newest first, as [start, end) in the organization's zone.

    Months and not the last days: they are what books are closed by, and the same period each hour costs only what
    changed. The month before is still open when this one begins: payouts and refunds of its last days come in later.
    """
    zone = ZoneInfo(organization.timezone)
    first = now.astimezone(zone).date().replace(day=1)
    found = []
    for _turn in range(count):
        found.append((_midnight(first, zone), _midnight(_month_after(first), zone)))
        first = _month_after(first, -1)
    return found


def _month_after(first: date, months: int = 1) -> date:
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)
