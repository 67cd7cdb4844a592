"""The action log, view-only."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from billing.access import visible_to
from billing.admin.base import EvidenceAdmin
from billing.admin.cells import code_cell, pretty_json, time_cell, zone_of
from billing.admin.filters import ChoiceFilter, OrganizationFilter, period_filter
from billing.admin.search import row_number
from billing.wording import count_text
from reconciliation.models import ReconciliationActionLog, ReconciliationDiscrepancy

from .log_check import list_lines
from .log_words import ACTIONS, action_words, actor_words, change_text, changes, reason_words
from .lookup import by_record
from .queue_filters import who_filter

MOST = 500
DISCREPANCY = "admin:reconciliation_reconciliationdiscrepancy_change"


class ActionFilter(ChoiceFilter):
    """What was done."""

    title = gettext_lazy("action")
    parameter_name = path = "action"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Everything that is logged."""
        return list(ACTIONS.items())


@admin.register(ReconciliationActionLog)
class ActionLogAdmin(EvidenceAdmin):
    """Rows with the number of the seal that covers them."""

    page_template = "desk/log_entry.html"
    list_display = ("number", "at_time", "who", "what", "about", "difference", "why", "seal", "organization")
    list_display_links = ("number",)
    list_select_related = ("organization", "batch")
    list_filter = (
        OrganizationFilter,
        ActionFilter,
        who_filter("actor_user_id", gettext_lazy("no person: runs and commands")),
        period_filter("at", gettext_lazy("time")),
    )
    search_fields = ("pk",)
    search_help_text = gettext_lazy("Entry, D-12, R-12, or any whole id")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReconciliationActionLog]:
        """Rows; the hashes of a whole batch stay in the database."""
        return super().get_queryset(request).defer("batch__leaves")

    def list_top(self, request: HttpRequest, _changelist: Any) -> dict[str, Any]:
        """What the newest checks of the whole log say."""
        return {"lines": list_lines(visible_to(request), timezone.now())}

    def found(self, request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """By the row's own number, by a discrepancy's or a run's, or by a record that discrepancies are about."""
        if (number := row_number(term)) is not None:
            return queryset.filter(pk=number)
        if term.upper().startswith(("D-", "R-")):
            path = "discrepancy_id" if term.upper().startswith("D-") else "run_id"
            known = row_number(term[2:])
            return queryset.none() if known is None else queryset.filter(**{path: known})
        rows = ReconciliationDiscrepancy.objects.filter(organization__in=visible_to(request))
        about = by_record(request, rows, term).order_by("-pk").values_list("pk", flat=True)
        return queryset.filter(discrepancy_id__in=list(about[:MOST]))

    @display(description=gettext_lazy("No."))
    def number(self, row: ReconciliationActionLog) -> str:
        """The row's id."""
        return str(row.pk)

    @display(description=gettext_lazy("Time"))
    def at_time(self, row: ReconciliationActionLog) -> SafeString:
        """In the organization's zone."""
        return time_cell(row.at, zone_of(row), seconds=True)

    @display(description=gettext_lazy("Who"))
    def who(self, row: ReconciliationActionLog) -> str:
        """The actor."""
        return actor_words(row.actor)

    @display(description=gettext_lazy("What"))
    def what(self, row: ReconciliationActionLog) -> str:
        """The step."""
        return action_words(row.action)

    @display(description=gettext_lazy("About"))
    def about(self, row: ReconciliationActionLog) -> str:
        """What it was done to."""
        return f"D-{row.discrepancy_id}" if row.discrepancy_id else f"R-{row.run_id}" if row.run_id else "–"

    @display(description=gettext_lazy("Before → after"))
    def difference(self, row: ReconciliationActionLog) -> str:
        """What changed."""
        return change_text(row)

    @display(description=gettext_lazy("Reason"))
    def why(self, row: ReconciliationActionLog) -> str:
        """As given."""
        return reason_words(row.reason) or "–"

    @display(description=gettext_lazy("Seal"))
    def seal(self, row: ReconciliationActionLog) -> str:
        """Number of the covering seal."""
        return count_text(row.batch.number)

    def page(self, _request: HttpRequest, obj: ReconciliationActionLog) -> dict[str, Any]:
        """The whole row, and the seal that covers it."""
        links = []
        if obj.discrepancy_id:
            links.append((f"D-{obj.discrepancy_id}", reverse(DISCREPANCY, args=[obj.discrepancy_id])))
        if obj.run_id:
            links.append(
                (f"R-{obj.run_id}", reverse("admin:reconciliation_reconciliationrun_change", args=[obj.run_id]))
            )
        return {
            "heading": f"{action_words(obj.action)} · {self.about(obj)}",
            "current": [
                (_("Organization"), obj.organization.name),
                (_("Time"), time_cell(obj.at, zone_of(obj), seconds=True)),
                (_("Who"), actor_words(obj.actor)),
                (_("Reason"), reason_words(obj.reason) or "–"),
                (_("Request id"), code_cell(obj.request_id)),
                (_("Position in its batch"), count_text(obj.position)),
                (_("Seal"), f"{obj.batch.number}"),
                (_("Hash of the seal"), code_cell(obj.batch.hash)),
                (_("Previous seal"), code_cell(obj.batch.previous_hash)),
            ],
            "changes": changes(obj),
            "before": pretty_json(obj.before),
            "after": pretty_json(obj.after),
            "links": links,
        }
