"""From an id somebody pasted to items and discrepancies."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from billing.access import visible_to
from billing.admin.search import dispute_names, row_number

from .sides import SIDES


def numbered(queryset: QuerySet[Any], term: str, letter: str) -> QuerySet[Any]:
    """The row whose number `term` is, with its letter ("R-12" for the letter R) or without."""
    number = row_number(term.upper().removeprefix(f"{letter}-"))
    return queryset.none() if number is None else queryset.filter(pk=number)


def by_number(queryset: QuerySet[Any], term: str, letter: str) -> QuerySet[Any] | None:
    """The row whose number `term` is ("D-12" for the letter D), or None when `term` is no such number."""
    return numbered(queryset, term, letter) if term.upper().startswith(f"{letter}-") else None


def by_record(request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
    """Rows about the records of either side that `term` names, and those about what it names itself (a dispute)."""
    own = visible_to(request)
    searches = {side.search for sides in SIDES.values() for side in sides}
    ids = {search: search(own, term) for search in searches}
    found = Q()
    if hasattr(queryset.model, "reference"):
        _ours, provider = SIDES["payments"]
        found = Q(reference__in=[term, *dispute_names(ids[provider.search])])
    for comparison, (left, right) in SIDES.items():
        sides = Q(left_id__in=ids[left.search]) | Q(right_id__in=ids[right.search])
        found |= Q(sides, comparison=comparison)
    return queryset.filter(found)
