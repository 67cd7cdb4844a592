"""What all our admin classes share: own organizations only, view-only evidence, no COUNT, pages of our own."""

from typing import Any

from django.contrib.admin import ShowFacets
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from billing.access import look_everywhere, visible_to

from .changelist import DeskChangeList
from .keyset import Segment, Walk
from .saved_views import views
from .search import row_number


class DeskAdmin(ModelAdmin):
    """A list that knows no total, and only the rows of the user's organizations.

    `organization_path` leads from the model to the organization's id; None for models that belong to no organization.
    """

    organization_path: str | None = "organization_id"
    nothing_yet: Any = gettext_lazy("Rows appear as payments and provider records come in and runs compare them.")
    """What an empty list says: where its rows will come from."""
    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_fullwidth = True
    list_filter_submit = True
    list_filter_sheet = True
    list_before_template = "desk/list_top.html"
    compressed_fields = True
    actions: Any = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows of the user's organizations."""
        rows: QuerySet[Any] = super().get_queryset(request)
        if self.organization_path is None:
            return rows
        return rows.filter(**{f"{self.organization_path}__in": visible_to(request)})

    @display(description=ModelAdmin.action_checkbox.short_description)
    def action_checkbox(self, obj: Model) -> SafeString:
        """The box before a row, named after it. Unfold's own is drawn by a form's widget, once for every row."""
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="{}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            _("Select %(row)s") % {"row": obj},
        )

    def walk(self, _request: HttpRequest, _changelist: Any) -> Walk | None:
        """How a long list is read, by keyset; None for a list that is never long."""
        newest_first = tuple(self.ordering or ()) in (("-pk",), ("-id",))
        return Walk([Segment(Q(), ("-pk",))]) if newest_first else None

    def get_changelist(self, _request: HttpRequest, **_kwargs: Any) -> type[DeskChangeList]:
        """A list with its filters as chips."""
        return DeskChangeList

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Without the organization where the user has only one."""
        columns = list(super().get_list_display(request))
        if columns[-1] == "organization" and len(visible_to(request)) == 1:
            columns.pop()
        return columns

    def list_top(self, _request: HttpRequest, _changelist: Any) -> dict[str, Any]:
        """More for the line above the list."""
        return {}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, with the line above it."""
        response: HttpResponse = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        if context.get("cl"):
            changelist = context["cl"]
            context["list_top"] = {"views": views(request, changelist), **self.list_top(request, changelist)}
        return response

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """What an action does to the ticked rows; what was sent instead of a row's number is no row."""
        posted = request.POST.copy()
        ticked = posted.getlist(ACTION_CHECKBOX_NAME)
        posted.setlist(ACTION_CHECKBOX_NAME, [one for one in ticked if row_number(one) is not None])
        request.POST = posted  # type: ignore[assignment]
        answer: HttpResponse | None = super().response_action(request, queryset)
        return answer

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Rows found by a whole id, never by a part of a text: every question is answered by an index."""
        term = search_term.strip()
        return (self.found(request, queryset, term) if term else queryset), False

    def found(self, request: HttpRequest, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        """The rows of `queryset` that the id `term` names; none where a list has no ids to search by."""
        return queryset.none()


class EvidenceAdmin(DeskAdmin):
    """View-only for everybody, superusers included; a row opens on a page of our own (`page_template`)."""

    page_template = ""

    def has_add_permission(self, _request: HttpRequest, *_args: Any) -> bool:
        """Nobody adds evidence by hand."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Nobody changes evidence."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Nobody deletes evidence."""
        return False

    def page(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """What the page of `obj` shows."""
        raise NotImplementedError

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page of one row; a row of another organization does not exist."""
        look_everywhere(request)
        if object_id is None or request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            gone: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return gone
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(obj),
            "original": obj,
            "media": self.media,
            "is_popup": False,
            **(extra_context or {}),
            **self.page(request, obj),
        }
        return TemplateResponse(request, self.page_template, context)
