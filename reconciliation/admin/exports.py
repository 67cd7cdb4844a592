"""Any list with its filters as CSV or as a workbook, and the list of who took what."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from unfold.decorators import display

from billing.access import visible_to
from billing.admin.base import EvidenceAdmin
from billing.admin.cells import time_cell, zone_of
from billing.admin.filters import ChoiceFilter, OrganizationFilter, period_filter
from billing.wording import count_text
from reconciliation.exports import COLUMNS, rows_of, started
from reconciliation.models import ListExport
from reconciliation.spreadsheets import Sheet, csv_lines, workbook

from .queue_filters import who_filter
from .run_downloads import XLSX

SEES = "reconciliation.view_reconciliationrun"
MOST_IN_A_WORKBOOK = 50_000
QUERY_LENGTH = 2_000
PLACE = ("p", "o", "after", "before", "all")


def listed_model(name: str) -> type[Model]:
    """The model whose list can be taken away under `name`; 404 for any other."""
    for model in apps.get_models():
        if model._meta.model_name == name and name in COLUMNS and admin.site.is_registered(model):
            return model
    raise Http404


def matching(request: HttpRequest, model: type[Model]) -> QuerySet[Any]:
    """The rows the list would show to this person under the filters of the address, on all its pages."""
    site = admin.site.get_model_admin(model)
    if not site.has_view_permission(request):
        raise PermissionDenied
    asked = request.GET.copy()
    for name in PLACE:
        asked.pop(name, None)
    request.GET = asked  # type: ignore[assignment]  # a copy serves as well
    rows: QuerySet[Any] = site.get_changelist_instance(request).queryset
    return rows


def completing(request: HttpRequest, model: type[Model]) -> Callable[[list[Any]], list[Any]] | None:
    """What adds to the rows of a piece what their columns need: as for a page of the list, or more for a file."""
    site = admin.site.get_model_admin(model)
    more = getattr(site, "exported", None)
    return partial(more, request) if more else getattr(site, "completed", None)


def organizations(request: HttpRequest) -> list[int]:
    """The organizations whose rows may be in the list: the one chosen, else all of one's own."""
    own, chosen = visible_to(request), request.GET.get("organization", "")
    return [pk for pk in own if str(pk) == chosen] if chosen else own


def list_word(name: str) -> str:
    """What people call the list of a model."""
    names = {model._meta.model_name: model._meta.verbose_name_plural for model in apps.get_models()}
    return str(names.get(name, name)).capitalize()


class ListFilter(ChoiceFilter):
    """Which list was taken."""

    title = gettext_lazy("list")
    parameter_name = "list"
    path = "list_name"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Every list there is."""
        return [(name, list_word(name)) for name in COLUMNS]


@admin.register(ListExport)
class ListExportAdmin(EvidenceAdmin):
    """Who took which list away; and where lists are taken from."""

    nothing_yet = gettext_lazy("Every list can be exported. Who took which away, and when, is kept here.")
    list_display = ("started", "user", "what", "form", "rows_taken", "query", "organization")
    list_display_links = None
    list_select_related = ("organization", "user")
    list_filter = (
        OrganizationFilter,
        ListFilter,
        who_filter("user_id", gettext_lazy("nobody")),
        period_filter("started_at", gettext_lazy("started")),
    )
    ordering = ("-pk",)

    def has_view_permission(self, request: HttpRequest, _obj: Model | None = None) -> bool:
        """Whoever sees runs."""
        return bool(request.user.has_perm(SEES))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever sees runs."""
        return bool(request.user.has_perm(SEES))

    @display(description=gettext_lazy("Started"))
    def started(self, row: ListExport) -> SafeString:
        """In the organization's zone."""
        return time_cell(row.started_at, zone_of(row), seconds=True)

    @display(description=gettext_lazy("List"))
    def what(self, row: ListExport) -> str:
        """The list's name."""
        return list_word(row.list_name)

    @display(description=gettext_lazy("Rows"))
    def rows_taken(self, row: ListExport) -> str:
        """How many; a dash when the reader broke off."""
        return "–" if row.rows is None else count_text(row.rows)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """A row has no page of its own: its list says it all."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect("admin:reconciliation_listexport_changelist")

    def get_urls(self) -> list[URLPattern]:
        """Where lists are taken from, besides Django's own."""
        view = self.admin_site.admin_view(self.take_view)
        name = "reconciliation_listexport_take"
        return [path("take/<slug:name>.<str:form>", view, name=name), *super().get_urls()]

    def take_view(self, request: HttpRequest, name: str, form: str) -> HttpResponseBase:
        """A list as a file: CSV of any length as it is read, or a workbook of up to 50,000 rows."""
        model = listed_model(name)
        if form not in ("csv", "xlsx") or request.method != "GET":
            raise Http404
        back = reverse(f"admin:{model._meta.app_label}_{name}_changelist")
        query = request.GET.urlencode()
        try:
            rows = matching(request, model)
        except IncorrectLookupParameters:
            return redirect(back)
        if form == "xlsx" and len(rows.order_by().values_list("pk")[: MOST_IN_A_WORKBOOK + 1]) > MOST_IN_A_WORKBOOK:
            text = _("A workbook takes at most %s rows, and this list has more. Take the CSV file, or narrow the list.")
            messages.warning(request, text % count_text(MOST_IN_A_WORKBOOK))
            return redirect(f"{back}?{query}")
        taken = started(
            list_name=name, query=query[:QUERY_LENGTH], form=form, organizations=organizations(request),
            by=request.user, now=timezone.now(), request_id=getattr(request, "request_id", ""),  # type: ignore[arg-type]
        )  # fmt: skip
        columns = COLUMNS[name]
        cells = rows_of(
            queryset=rows, columns=columns, complete=completing(request, model), taken=taken,
            language=get_language() or "en",
        )  # fmt: skip
        file = f"{name.removeprefix('reconciliation')}-{timezone.now():%Y%m%dT%H%M%SZ}.{form}"
        if form == "csv":
            lines = csv_lines([column.name for column in columns], cells)
            headers = {"Content-Disposition": f'attachment; filename="{file}"'}
            return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)
        sheet = Sheet(_("List"), [str(column.title) for column in columns], cells)
        return FileResponse(workbook([sheet]), as_attachment=True, filename=file, content_type=XLSX)
