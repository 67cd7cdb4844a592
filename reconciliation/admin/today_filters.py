"""The filter behind the figures of the landing page: each figure and its list are one condition."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.access import visible_to
from billing.admin.filters import ChoiceFilter
from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.queues import DAY, UNRESOLVED, in_age
from reconciliation.trends import answerable, answered

from .queue_filters import AGES

Rows = QuerySet[ReconciliationDiscrepancy]
Condition = Callable[[Rows, HttpRequest, datetime], Rows]
SIGNS = "reconciliation.approve_resolution"


def waiting(condition: Callable[[HttpRequest, datetime], Q]) -> Condition:
    """A condition over what is not resolved."""
    return lambda rows, request, now: rows.filter(condition(request, now), status__in=UNRESOLVED)


def aged(name: str) -> Condition:
    """What came into the queue a while ago."""
    return waiting(lambda _request, now: in_age(name, now))


def to_sign(request: HttpRequest) -> Q:
    """What waits for an approval that this person may give."""
    if not request.user.has_perm(SIGNS):
        return Q(pk__in=[])
    return Q(status="pending_approval") & ~Q(proposed_by=request.user.pk)


SHOWN: dict[str, tuple[Any, Condition]] = {
    "overdue": (_("overdue"), waiting(lambda _request, now: Q(due_at__lte=now))),
    "soon": (_("due within 24 hours"), waiting(lambda _request, now: Q(due_at__gt=now, due_at__lte=now + DAY))),
    "mine": (_("assigned to me"), waiting(lambda request, _now: Q(assigned_to=request.user.pk))),
    "sign": (_("waiting for my approval"), waiting(lambda request, _now: to_sign(request))),
    "new": (_("opened in the last 24 hours"), lambda rows, _request, now: rows.filter(opened_at__gt=now - DAY)),
    "answerable": (_("opened 1 to 8 days ago"), lambda rows, _request, now: answerable(rows, now)),
    "answered": (
        _("opened 1 to 8 days ago, acknowledged within 24 hours"),
        lambda rows, request, now: answered(rows, visible_to(request), now),
    ),
    **{f"age_{name}": (words, aged(name)) for name, words in AGES.items()},
}


class ShownFilter(ChoiceFilter):
    """What a figure of the landing page counts, as of now."""

    title = _("on Today")
    parameter_name = "shown"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Every figure there is."""
        return [(name, words) for name, (words, _condition) in SHOWN.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows the figure counts."""
        value = self.value()
        if not value:
            return queryset
        return SHOWN[value][1](queryset, request, timezone.now()) if value in SHOWN else queryset.none()
