"""From an id somebody pasted to items and discrepancies."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from billing.access import visible_to

from .sides import SIDES


def by_number(queryset: QuerySet[Any], term: str, letter: str) -> QuerySet[Any] | None:
    """The row whose number `term` is ("D-12" for the letter D), or None when `term` is no such number."""
    text = term.upper()
    if not text.startswith(f"{letter}-"):
        return None
    digits = text[2:]
    return (
        queryset.filter(pk=int(digits))
        if digits.isascii() and digits.isdigit() and len(digits) < 19
        else queryset.none()
    )


def by_record(request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
    """Rows about the records of either side that `term` names, and those about what it names itself (a dispute)."""
    own = visible_to(request)
    found = Q(reference=term) if hasattr(queryset.model, "reference") else Q()
    for comparison, (left, right) in SIDES.items():
        sides = Q(left_id__in=left.search(own, term)) | Q(right_id__in=right.search(own, term))
        found |= Q(sides, comparison=comparison)
    return queryset.filter(found)
