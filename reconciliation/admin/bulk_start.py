"""Bulk steps from the list of discrepancies: the ticked rows, or everything that search and filters match."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from reconciliation.bulk import freeze
from reconciliation.models import BulkAction, ReconciliationDiscrepancy
from reconciliation.workflow import BY_ACTION

QUERY_LENGTH = 1_000


def preview(
    request: HttpRequest,
    action: str,
    rows: QuerySet[ReconciliationDiscrepancy],
    selection: dict[str, Any],
    back: str = "",
) -> HttpResponse:
    """Freezes `rows` and leads to the preview; to `back` (else where one is) when there are none."""
    made = freeze(action=action, rows=rows, by=request.user, now=timezone.now(), selection=selection)  # type: ignore[arg-type]
    if not made.rows_frozen:
        made.delete()
        messages.warning(request, _("Nothing was selected: no row is left here."))
        return redirect(back or request.get_full_path())
    return redirect("admin:reconciliation_bulkaction_change", made.pk)


def start(action: str) -> Any:
    """The list's action that previews a step of the workflow in bulk."""

    def bulk_step(_site: Any, request: HttpRequest, queryset: QuerySet[ReconciliationDiscrepancy]) -> HttpResponse:
        everything = request.POST.get("select_across") == "1"
        query = request.GET.urlencode()[:QUERY_LENGTH]
        selection = {"kind": "filter" if everything else "ticked", "query": query}
        return preview(request, action, queryset, selection)

    bulk_step.__name__ = f"bulk_{action}"
    return admin.action(description=BY_ACTION[action].title, permissions=[action])(bulk_step)


BULK_ACTIONS = tuple(start(action) for action in BulkAction.Action.values)
"""The list's actions, in the order of the bar."""
