"""What is open of each cause now: how many discrepancies, and their value per currency."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import QuerySet, Sum, Value
from django.db.models.functions import Abs

from reconciliation.models import Cause, CauseMember

from .reading import RESOLVED

AT_ONCE, MOST_RANKED = 10, 500


@dataclass
class CauseFigures:
    """`count` open discrepancies; `value_minor`: currency → sum of absolute differences. Never added across."""

    count: int = 0
    value_minor: dict[str, int] = field(default_factory=dict)


def visible_causes(organizations: Iterable[int]) -> QuerySet[Cause]:
    """The causes of some organizations."""
    return Cause.objects.filter(organization__in=list(organizations))


def figures(causes: Iterable[int]) -> dict[int, CauseFigures]:
    """The figures of causes, by their number, in one query."""
    found: dict[int, CauseFigures] = defaultdict(CauseFigures)
    members = CauseMember.objects.filter(cause__in=list(causes)).exclude(discrepancy__status=RESOLVED)
    grouped = members.order_by().values_list("cause", "discrepancy__currency")
    rows = grouped.annotate(rows=Sum(Value(1)), value=Sum(Abs("discrepancy__difference_minor")))
    for cause, currency, count, value in rows.order_by("cause", "discrepancy__currency"):
        found[cause].count += count
        if value is not None:
            found[cause].value_minor[currency] = value
    return found


def top_causes(organizations: Iterable[int], limit: int = 5) -> list[tuple[Cause, CauseFigures]]:
    """The causes with most open discrepancies, those first. Causes that are worked off are left out.

    No cause has more open than were found: once as many as `limit` have more open than the next one found, nobody has
    to count the rest.
    """
    causes = visible_causes(organizations).select_related("organization").order_by("-rows_found", "pk")
    ranked: list[tuple[Cause, CauseFigures]] = []
    for start in range(0, MOST_RANKED, AT_ONCE):
        some = list(causes[start : start + AT_ONCE])
        known = ranked[limit - 1][1].count if len(ranked) >= limit else 0
        if not some or (known and known >= some[0].rows_found):
            break
        told = figures(cause.pk for cause in some)
        ranked += [(cause, told[cause.pk]) for cause in some if cause.pk in told]
        ranked.sort(key=lambda pair: (-pair[1].count, pair[0].pk))
    return ranked[:limit]
