"""What the lists can be narrowed by. Rows come scoped to the caller's organizations; filters only ever narrow."""

from datetime import datetime
from typing import Any

import django_filters as filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from reconciliation.admin.lookup import by_record
from reconciliation.models import Dispute, ReconciliationDiscrepancy, ReconciliationRun
from reconciliation.models.discrepancies import UNRESOLVED
from reconciliation.models.runs import COMPARISONS
from reconciliation.sentences import OWN_SENTENCES, SENTENCES

Rows = QuerySet[Any]
TYPES = sorted({*SENTENCES, *(type_ for own in OWN_SENTENCES.values() for type_ in own)})
SOURCES = {"statements": ("statements", "payouts")}
"""Comparisons whose discrepancies rest on the processor's statement."""


def in_calendar(moment: datetime) -> None:
    """Raises ValidationError for a moment that no time zone and no database could be trusted with."""
    if not 1900 <= moment.year < 3000:
        raise ValidationError(_("Give a moment between the years 1900 and 3000."))


def moment_filter(column: str, lookup: str, text: str) -> Any:
    """A filter by a moment (ISO 8601; UTC where it names no offset)."""
    return filters.IsoDateTimeFilter(
        field_name=column, lookup_expr=lookup, validators=[in_calendar], help_text=f"{text} (ISO 8601)."
    )


class RunFilters(filters.FilterSet):
    """Of runs."""

    organization = filters.CharFilter(field_name="organization__slug", help_text="Slug of the organization.")
    comparison = filters.ChoiceFilter(choices=COMPARISONS)
    status = filters.ChoiceFilter(choices=ReconciliationRun.Status.choices)
    period_from = moment_filter("period_end", "gt", "Runs whose period ends after this moment")
    period_to = moment_filter("period_start", "lt", "Runs whose period begins before this moment")

    class Meta:
        model = ReconciliationRun
        fields: tuple[str, ...] = ()


class DiscrepancyFilters(filters.FilterSet):
    """Of discrepancies."""

    organization = filters.CharFilter(field_name="organization__slug", help_text="Slug of the organization.")
    comparison = filters.ChoiceFilter(choices=COMPARISONS)
    status = filters.ChoiceFilter(
        choices=[*ReconciliationDiscrepancy.Status.choices, ("unresolved", _("Not resolved"))],
        method="of_status",
        help_text="`unresolved`: everything that is not resolved.",
    )
    type = filters.ChoiceFilter(choices=[(type_, type_) for type_ in TYPES])
    severity = filters.ChoiceFilter(choices=ReconciliationDiscrepancy.Severity.choices)
    assignee = filters.CharFilter(method="of_assignee", help_text="A user name, `me`, or `nobody`.")
    due_before = moment_filter("due_at", "lt", "Those due before this moment")
    source = filters.ChoiceFilter(
        choices=[(name, name) for name in SOURCES],
        method="of_source",
        help_text="`statements`: those tied to the processor's statements.",
    )
    reference = filters.CharFilter(
        method="about", max_length=255, help_text="A whole id: of a dispute, payment, invoice, charge, statement line."
    )

    class Meta:
        model = ReconciliationDiscrepancy
        fields: tuple[str, ...] = ()

    def of_status(self, rows: Rows, _name: str, value: str) -> Rows:
        """Where they stand."""
        return rows.filter(UNRESOLVED) if value == "unresolved" else rows.filter(status=value)

    def of_assignee(self, rows: Rows, _name: str, value: str) -> Rows:
        """Who works on them."""
        if value == "nobody":
            return rows.filter(assigned_to__isnull=True)
        if value == "me":
            return rows.filter(assigned_to=self.request.user.pk)
        return rows.filter(assigned_to__username=value)

    def of_source(self, rows: Rows, _name: str, value: str) -> Rows:
        """What they rest on."""
        return rows.filter(comparison__in=SOURCES[value])

    def about(self, rows: Rows, _name: str, value: str) -> Rows:
        """What they are about, found as the desk's search finds it."""
        return by_record(self.request, rows, value)


class DisputeFilters(filters.FilterSet):
    """Of disputes."""

    organization = filters.CharFilter(field_name="organization__slug", help_text="Slug of the organization.")
    status = filters.ChoiceFilter(
        choices=ReconciliationDiscrepancy.Status.choices, help_text="Of the dispute's discrepancy."
    )

    class Meta:
        model = Dispute
        fields: tuple[str, ...] = ()
