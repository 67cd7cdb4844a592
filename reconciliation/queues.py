"""The queues of open discrepancies: what is in each, and how many, read from the totals and never by counting rows.

A queue is a condition on columns that discrepancies and their totals share, so that a number and the list behind it
cannot mean different things.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from reconciliation.core.findings import AMBIGUOUS
from reconciliation.models import OpenTotal, ReconciliationDiscrepancy
from reconciliation.models.open_totals import FIGURES

Status = ReconciliationDiscrepancy.Status
UNRESOLVED = (Status.OPEN, Status.ACKNOWLEDGED, Status.PENDING_APPROVAL)
DAY = timedelta(days=1)
AGES = (("day", DAY), ("three_days", 3 * DAY), ("week", 7 * DAY), ("month", 30 * DAY))
"""Buckets of the time since a discrepancy last came into the queue: up to a day, 1–3, 3–7, 7–30; `older` after that."""
OLDER = "older"
FIGURE_KEYS = ("comparison", "type", "severity", "currency")


@dataclass(frozen=True, slots=True)
class Asked:
    """Who looks at the queues, when, and in which zone a day is meant."""

    user_id: int | None
    now: datetime
    zone: ZoneInfo

    @property
    def end_of_day(self) -> datetime:
        """Midnight, in the zone."""
        tomorrow = self.now.astimezone(self.zone).date() + DAY
        return datetime.combine(tomorrow, time.min, self.zone)


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue: its name in addresses, its title, and what is in it (of what is not resolved)."""

    name: str
    title: Any
    condition: Callable[[Asked], Q]


QUEUES = (
    Queue("mine", _("My queue"), lambda asked: Q(assigned_to_id=asked.user_id)),
    Queue("unassigned", _("Unassigned"), lambda _asked: Q(assigned_to_id__isnull=True)),
    Queue("overdue", _("Overdue"), lambda asked: Q(due_at__lte=asked.now)),
    Queue("today", _("Due today"), lambda asked: Q(due_at__gt=asked.now, due_at__lt=asked.end_of_day)),
    Queue("ambiguous", _("Ambiguous"), lambda _asked: Q(type=AMBIGUOUS)),
    Queue("approval", _("Waiting for approval"), lambda _asked: Q(status=Status.PENDING_APPROVAL)),
    Queue("all", _("All open"), lambda _asked: Q()),
)
BY_NAME = {queue.name: queue for queue in QUEUES}


def in_age(name: str, now: datetime) -> Q:
    """What is in a bucket of AGES, or OLDER. Raises KeyError for another name."""
    ends = dict(AGES)
    names = [*ends, OLDER]
    position = names.index(name) if name in names else -1
    if position < 0:
        raise KeyError(name)
    found = Q() if name == OLDER else Q(queued_at__gt=now - ends[name])
    return found & Q(queued_at__lte=now - ends[names[position - 1]]) if position else found


def totals(organizations: Sequence[int]) -> QuerySet[OpenTotal]:
    """The totals of some organizations, to be narrowed by the conditions above and summed."""
    return OpenTotal.objects.filter(organization__in=organizations).order_by()


def summed(rows: QuerySet[OpenTotal], *by: str) -> list[dict[str, Any]]:
    """Count, compared, difference_minor and unexplained_minor of each combination of the columns `by` that has rows.

    Amounts are sums of absolute values: name `currency` among `by`, or leave them alone.
    """
    found = rows.values(*by).annotate(**{f"sum_{name}": Sum(name) for name in FIGURES})
    return [
        {**{name: row[name] for name in by}, **{name: row[f"sum_{name}"] for name in FIGURES}}
        for row in found.order_by(*by)
        if row["sum_count"]
    ]


def counts(rows: QuerySet[OpenTotal], conditions: dict[str, Q]) -> dict[str, int]:
    """How many discrepancies meet each condition, in one query."""
    found = rows.aggregate(**{f"n_{name}": Sum("count", filter=condition) for name, condition in conditions.items()})
    return {name: found[f"n_{name}"] or 0 for name in conditions}


def queue_counts(
    organizations: Sequence[int], user: AbstractBaseUser | AnonymousUser, now: datetime, zone: ZoneInfo
) -> dict[str, int]:
    """How many discrepancies are in each queue, by the queue's name."""
    asked = Asked(user.pk, now, zone)
    return counts(totals(organizations), {queue.name: queue.condition(asked) for queue in QUEUES})


@dataclass(frozen=True, slots=True)
class OpenFigures:
    """What is open now. `by_type`: (type, severity) → count; `ages`: bucket → count, in the order of AGES and OLDER.

    `at_risk_minor` and `unexplained_minor`: currency → sum of absolute differences. Within a pair only one finding
    tells a difference other than 0, so a pair counts once.
    """

    total: int
    overdue: int
    due_in_a_day: int
    by_type: dict[tuple[str, ...], int]
    by_comparison: dict[str, int]
    ages: dict[str, int]
    at_risk_minor: dict[str, int]
    unexplained_minor: dict[str, int]


def open_figures(organizations: Sequence[int], now: datetime) -> OpenFigures:
    """The figures over everything that is open in some organizations: one query, whatever the number of rows."""
    ages = [name for name, _span in AGES] + [OLDER]
    conditions = {
        "count": Q(), "overdue": Q(due_at__lte=now), "soon": Q(due_at__gt=now, due_at__lte=now + DAY),
        **{f"age_{name}": in_age(name, now) for name in ages},
    }  # fmt: skip
    sums = {f"n_{name}": Sum("count", filter=condition) for name, condition in conditions.items()}
    money = {f"sum_{name}": Sum(name) for name in ("compared", "difference_minor", "unexplained_minor")}
    rows = list(totals(organizations).values(*FIGURE_KEYS).annotate(**sums, **money).order_by(*FIGURE_KEYS))
    compared = [row for row in rows if row["sum_compared"]]
    return OpenFigures(
        total=sum(row["n_count"] or 0 for row in rows),
        overdue=sum(row["n_overdue"] or 0 for row in rows),
        due_in_a_day=sum(row["n_soon"] or 0 for row in rows),
        by_type=added(rows, "n_count", "type", "severity"),
        by_comparison={name: count for (name,), count in added(rows, "n_count", "comparison").items()},
        ages={name: sum(row[f"n_age_{name}"] or 0 for row in rows) for name in ages},
        at_risk_minor={code: amount for (code,), amount in added(compared, "sum_difference_minor", "currency").items()},
        unexplained_minor={
            code: amount for (code,), amount in added(compared, "sum_unexplained_minor", "currency").items()
        },
    )


def added(rows: Iterable[dict[str, Any]], figure: str, *by: str) -> dict[tuple[str, ...], int]:
    """A figure of rows, added up by some of their columns; what comes to no row is left out."""
    found: dict[tuple[str, ...], int] = {}
    for row in rows:
        if row["n_count"]:
            key = tuple(row[name] for name in by)
            found[key] = found.get(key, 0) + (row[figure] or 0)
    return found
