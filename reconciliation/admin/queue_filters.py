"""Filters of the queue of discrepancies. Those marked `grouped` ask only for columns that the totals have too, so that
the number of rows they leave is known without counting.
"""

from hashlib import sha256
from typing import Any

from django.contrib.auth.models import User
from django.core.cache import cache
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy

from billing.access import visible_to
from billing.admin.filters import ChoiceFilter, choice_filter, reader_zone
from reconciliation import queues
from reconciliation.models import ReconciliationDiscrepancy
from reconciliation.models.discrepancies import UNRESOLVED
from reconciliation.models.runs import COMPARISONS

from .labels import type_choices

KEPT_SECONDS = 60
Status = ReconciliationDiscrepancy.Status
AGES = {
    "day": gettext_lazy("less than a day"),
    "three_days": gettext_lazy("1 to 3 days"),
    "week": gettext_lazy("3 to 7 days"),
    "month": gettext_lazy("7 to 30 days"),
    queues.OLDER: gettext_lazy("more than 30 days"),
}


def moment(request: HttpRequest) -> Any:
    """Now, once a request: a number and the rows behind it are of the same moment."""
    return request.META.setdefault("tieout.now", timezone.now())


def own_key(what: str, request: HttpRequest) -> str:
    """The name in the cache of something that depends on nothing but the organizations somebody may see."""
    organizations = "-".join(map(str, visible_to(request)))
    return f"{what}:{sha256(organizations.encode()).hexdigest()}"


def asked(request: HttpRequest) -> queues.Asked:
    """Who looks at the queue, when, and where a day ends."""
    found: queues.Asked | None = request.META.get("tieout.asked")
    if found is None:
        found = queues.Asked(request.user.pk, moment(request), reader_zone(request))
        request.META["tieout.asked"] = found
    return found


class QueueFilter(ChoiceFilter):
    """One of the queues; shown as tabs above the list, so not among the filters."""

    title = gettext_lazy("queue")
    parameter_name = "queue"
    template = "desk/filter_elsewhere.html"
    grouped = True

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """All of them."""
        return [(queue.name, queue.title) for queue in queues.QUEUES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the queue."""
        value = self.value()
        if not value:
            return queryset
        queue = queues.BY_NAME.get(value)
        return queryset.filter(queue.condition(asked(request))) if queue else queryset.none()

    def chip(self) -> str:
        """The tab says it."""
        return ""


class StatusFilter(ChoiceFilter):
    """Where it stands; without a choice, everything that is not resolved."""

    title = gettext_lazy("status")
    parameter_name = "status"
    all_option = ["", gettext_lazy("Not resolved")]

    @property
    def grouped(self) -> bool:
        """Whether it asks for what is open; totals know of nothing else."""
        return self.value() not in ("all", Status.RESOLVED)

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Each status, and all of them."""
        return [*Status.choices, ("all", gettext_lazy("all"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the status; a search looks at all of them, and so does a look at what a run did."""
        value = self.value()
        if value == "all" or (not value and looks_at_all(request)):
            return queryset
        if value:
            return queryset.filter(status=value) if value in Status.values else queryset.none()
        return queryset.filter(UNRESOLVED) if queryset.model is ReconciliationDiscrepancy else queryset


def looks_at_all(request: HttpRequest) -> bool:
    """Whether rows are asked for whatever became of them: a search."""
    return bool(request.GET.get("q"))


def open_only(request: HttpRequest) -> bool:
    """Whether a list shows only what is not resolved."""
    status = request.GET.get("status", "")
    return status in queues.UNRESOLVED or (not status and not looks_at_all(request))


class TypeFilter(ChoiceFilter):
    """What differs."""

    title = gettext_lazy("type")
    parameter_name = path = "type"
    grouped = True

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Types with their names for people."""
        return type_choices()


class WhoFilter(ChoiceFilter):
    """Who works on it: me, nobody, or somebody. Another list names its column of people and what nobody is called."""

    title = gettext_lazy("who")
    parameter_name = "who"
    path = "assigned_to_id"
    nobody: Any = gettext_lazy("nobody")
    grouped = True
    most = 200

    def lookups(self, request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """The people of the user's organizations."""
        people = cache.get_or_set(own_key("people", request), lambda: self.people(request), KEPT_SECONDS)
        return [("me", gettext_lazy("me")), ("nobody", self.nobody), *(people or [])]

    def people(self, request: HttpRequest) -> list[tuple[str, str]]:
        """Id and name of the members, as many as a list of choices can hold."""
        members = User.objects.filter(memberships__organization__in=visible_to(request), is_active=True)
        found = members.order_by("username").distinct().values_list("pk", "username")[: self.most]
        return [(str(pk), name) for pk, name in found]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Their rows."""
        value = self.value()
        if not value:
            return queryset
        if value == "nobody":
            return queryset.filter(**{f"{self.path}__isnull": True})
        if value not in dict(self.lookup_choices):
            return queryset.none()
        return queryset.filter(**{self.path: request.user.pk if value == "me" else int(value)})


def who_filter(path: str, nobody: Any) -> type[WhoFilter]:
    """A filter of people on another column."""
    return type("Who", (WhoFilter,), {"path": path, "nobody": nobody})


class AgeFilter(ChoiceFilter):
    """How long it waits."""

    title = gettext_lazy("waiting since")
    parameter_name = "age"
    grouped = True
    options = tuple(AGES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the bucket."""
        value = self.value()
        if not value:
            return queryset
        return queryset.filter(queues.in_age(value, moment(request))) if value in AGES else queryset.none()


SeverityFilter = choice_filter("severity", gettext_lazy("severity"), ReconciliationDiscrepancy.Severity.choices)
ComparisonFilter = choice_filter("comparison", gettext_lazy("comparison"), COMPARISONS)
