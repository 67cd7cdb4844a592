"""What the landing page tells over time: match rates from stored reports, and how many discrepancies a day brought."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from statistics import fmean, pstdev
from typing import Any
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db.models import Count, F, Max, QuerySet
from django.db.models.functions import TruncDate

from reconciliation.models import ReconciliationActionLog, ReconciliationDiscrepancy, ReconciliationRun

DAYS = 28
ENDED = ("ok", "break")
BY_COUNT = "count"
LEFT_OUT = ("excluded", "not_due")
DAY = timedelta(days=1)
SIGMAS, LEAST = 3, 5
HISTORY = 7 * DAY
KEPT_SECONDS = 26 * 3600


@dataclass(frozen=True, slots=True)
class Rate:
    """Matched of all that counts, both sides together: records, or minor units of one currency.

    `records` is how many records that is, whatever is measured; `stored` is the percentage in the one report
    it is from.
    """

    matched: int = 0
    base: int = 0
    records: int = 0
    stored: str | None = None

    def __add__(self, other: "Rate") -> "Rate":
        return Rate(self.matched + other.matched, self.base + other.base, self.records + other.records)

    @property
    def percent(self) -> str | None:
        """In percent with two decimals, rounded down; None when nothing counts, and where amounts of both signs leave
        no share to speak of.
        """
        if self.stored is not None:
            return self.stored
        if self.base <= 0 or not 0 <= self.matched <= self.base:
            return None
        hundredths = self.matched * 10_000 // self.base
        return f"{hundredths // 100}.{hundredths % 100:02d}"


Rates = dict[str, Rate]
"""By measure: BY_COUNT for records of all currencies, or a currency for its amounts."""


def rates_of(report: dict[str, Any]) -> Rates:
    """The rates of a stored report, by DESK's rule: matched ÷ (all − excluded − expected)."""
    found: Rates = {BY_COUNT: Rate()}
    for currency, totals in report["totals"].items():
        sums = {
            measure: {
                outcome: sum(cell[measure] for cell in sides.values()) for outcome, sides in totals["outcomes"].items()
            }
            for measure in ("count", "amount_minor")
        }
        counts = _rate(sums["count"])
        found[BY_COUNT] += counts
        stored = totals.get("matched_percent")
        found[currency] = replace(_rate(sums["amount_minor"]), records=counts.base, stored=stored)
    found[BY_COUNT] = replace(found[BY_COUNT], stored=report.get("matched_percent"))
    return found


def _rate(sums: dict[str, int]) -> Rate:
    base = sum(sums.values()) - sum(sums[name] for name in LEFT_OUT)
    return Rate(sums["matched"], base, base)


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Midnight at which `day` begins in `zone`."""
    return datetime.combine(day, time.min, zone)


def runs_that_count(organizations: Sequence[int], start: datetime, end: datetime, zone: ZoneInfo) -> dict[Any, int]:
    """(organization, comparison, day) → id of the run that speaks for the day.

    Among those that ended that day, the one of the newest period, and of these the last: a correction of an old period
    does not stand for today.
    """
    rows = (
        ReconciliationRun.objects.filter(
            organization__in=organizations, status__in=ENDED, finished_at__gte=start, finished_at__lt=end
        )
        .order_by("period_end", "number")
        .values_list("organization_id", "comparison", "finished_at", "pk")
    )
    return {(owner, name, ended.astimezone(zone).date()): pk for owner, name, ended, pk in rows if ended}


def _rates_between(organizations: Sequence[int], start: datetime, end: datetime, zone: ZoneInfo) -> dict[Any, Rates]:
    """(comparison, day) → rates, the organizations together."""
    chosen = runs_that_count(organizations, start, end, zone)
    rows = ReconciliationRun.objects.filter(pk__in=chosen.values()).values_list("pk", "report")
    reports = {pk: report or {"totals": {}} for pk, report in rows}
    found: dict[Any, Rates] = defaultdict(dict)
    for (_owner, comparison, day), pk in chosen.items():
        for measure, rate in rates_of(reports[pk]).items():
            before = found[comparison, day].get(measure)
            found[comparison, day][measure] = before + rate if before else rate
    return dict(found)


def kept(name: str, organizations: Sequence[int], today: date, version: object, make: Any) -> Any:
    """What is true of the days before today, worked out once a day; `version` changes when that could have changed."""
    key = f"trend:{name}:{today}:{version}:{hash(tuple(organizations))}:{len(organizations)}"
    value = cache.get(key)
    if value is None:
        value = make()
        cache.set(key, value, KEPT_SECONDS)
    return value


def daily_rates(organizations: Sequence[int], now: datetime, zone: ZoneInfo) -> dict[tuple[str, date], Rates]:
    """(comparison, day) → rates, for the last 28 days that had a run; days in `zone`."""
    today = now.astimezone(zone).date()
    midnight = day_start(today, zone)
    before = ReconciliationRun.objects.filter(organization__in=organizations, finished_at__lt=midnight)
    version = f"{zone.key}:{before.aggregate(last=Max('pk'))['last']}"
    start = day_start(today - (DAYS - 1) * DAY, zone)
    past = kept(
        "rates", organizations, today, version, lambda: _rates_between(organizations, start, midnight, zone)
    )  # fmt: skip
    return {**past, **_rates_between(organizations, midnight, now + DAY, zone)}


@dataclass(frozen=True, slots=True)
class Spike:
    """A type of which more was opened in the last 24 hours than 28 days let expect."""

    type: str
    opened: int
    mean: float
    limit: float


def opened(organizations: Sequence[int]) -> QuerySet[ReconciliationDiscrepancy]:
    """The discrepancies of some organizations, to be narrowed by when they were opened."""
    return ReconciliationDiscrepancy.objects.filter(organization__in=organizations).order_by()


def opened_by_day(organizations: Sequence[int], now: datetime) -> dict[str, list[int]]:
    """Type → how many were opened on each of the 28 spans of 24 hours before the last one.

    Whole days of UTC, up to yesterday: what was opened then does not change any more.
    """
    today = now.astimezone(ZoneInfo("UTC")).date()
    start = day_start(today - DAYS * DAY, ZoneInfo("UTC"))

    def count() -> dict[str, list[int]]:
        days: dict[str, dict[date, int]] = defaultdict(dict)
        rows = opened(organizations).filter(opened_at__gte=start, opened_at__lt=day_start(today, ZoneInfo("UTC")))
        counted = rows.annotate(day=TruncDate("opened_at", tzinfo=ZoneInfo("UTC"))).values_list("type", "day")
        for type_, day, number in counted.annotate(n=Count("pk")):
            days[type_][day] = number
        return {
            type_: [by_day.get(today - (back + 1) * DAY, 0) for back in range(DAYS)] for type_, by_day in days.items()
        }

    found: dict[str, list[int]] = kept("opened", organizations, today, "", count)
    return found


def knows_what_is_usual(organizations: Sequence[int], now: datetime) -> bool:
    """Whether anything was opened more than a week ago: before that, all that comes in is new."""
    return opened(organizations).filter(opened_at__lte=now - HISTORY).exists()


def spikes(organizations: Sequence[int], now: datetime, *, usual: bool | None = None) -> list[Spike]:
    """The types opened in 24 hours more often than mean + 3σ of the 28 days before, and at least five times.

    None before there is a week of history; `usual`: whether there is, for who has asked already.
    """
    if not (knows_what_is_usual(organizations, now) if usual is None else usual):
        return []
    rows = opened(organizations).filter(opened_at__gt=now - DAY, opened_at__lte=now)
    latest = dict(rows.values_list("type").annotate(n=Count("pk")))
    history = opened_by_day(organizations, now)
    found = []
    for type_, count in latest.items():
        days = history.get(type_, [0] * DAYS)
        mean = fmean(days)
        limit = mean + SIGMAS * pstdev(days)
        if count >= LEAST and count > limit:
            found.append(Spike(type_, count, mean, limit))
    return sorted(found, key=lambda spike: (-(spike.opened - math.ceil(spike.limit)), spike.type))


def answerable(rows: QuerySet[ReconciliationDiscrepancy], now: datetime) -> QuerySet[ReconciliationDiscrepancy]:
    """Those opened in the seven days that ended 24 hours ago: their 24 hours are over."""
    return rows.filter(opened_at__gt=now - 8 * DAY, opened_at__lte=now - DAY)


def answered(
    rows: QuerySet[ReconciliationDiscrepancy], organizations: Sequence[int], now: datetime
) -> QuerySet[ReconciliationDiscrepancy]:
    """Those of `answerable` that a person acknowledged within 24 hours, by the action log of `organizations`."""
    told = ReconciliationActionLog.objects.filter(
        organization__in=organizations, action="acknowledged", actor_user__isnull=False, at__gt=now - 8 * DAY,
        at__lte=F("discrepancy__opened_at") + DAY,
    )  # fmt: skip
    return answerable(rows, now).filter(pk__in=told.values("discrepancy"))
