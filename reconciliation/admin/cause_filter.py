"""The list of discrepancies narrowed to a cause."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from billing.access import visible_to
from billing.admin.filters import ChoiceFilter
from billing.admin.search import row_number
from reconciliation.causes import visible_causes
from reconciliation.models import CauseMember

from .cause_words import cause_name

MOST_OFFERED = 20


class CauseFilter(ChoiceFilter):
    """What discrepancies share; left out while no cause is known."""

    title = gettext_lazy("cause")
    parameter_name = "cause"

    def lookups(self, request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """The causes of the user's organizations, those with most discrepancies first, and the one asked for."""
        own = visible_causes(visible_to(request)).select_related("organization")
        rows = list(own.order_by("-rows_found", "pk")[:MOST_OFFERED])
        asked = row_number(str(request.GET.get(self.parameter_name, "")))
        if asked is not None and asked not in {row.pk for row in rows}:
            rows += own.filter(pk=asked)
        return [(str(row.pk), f"{row} {cause_name(row)}") for row in rows]

    def has_output(self) -> bool:
        """Shown when there is a choice, or one was made."""
        return bool(self.lookup_choices) or bool(self.value())

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The discrepancies of the chosen cause; none for one that is not offered."""
        value = self.value()
        if not value:
            return queryset
        if value not in dict(self.lookup_choices):
            return queryset.none()
        members = CauseMember.objects.filter(cause=int(value))
        return queryset.filter(pk__in=members.values("discrepancy_id"))
