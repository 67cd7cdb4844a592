"""A list with its active filters as removable chips, pages by keyset, and an empty state that says what to do."""

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR
from django.utils.translation import gettext as _
from unfold.views import ChangeList

from .keyset import Walk, cursor_of, page_rows, read_cursor

AFTER, BEFORE = "after", "before"


class DeskChangeList(ChangeList):
    """Django's list of rows, with what our templates show around it."""

    result_list: Any
    previous_url = next_url = ""

    def get_filters_params(self, params: Any = None) -> Any:
        """The filters without the place in the list: whoever changes a filter begins at the top."""
        for name in (AFTER, BEFORE):
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        return super().get_filters_params(params)

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> Any:
        """The address with and without some parameters, by whole names: without `q` it still has its `queue`."""
        return super().get_query_string({**dict.fromkeys(remove or ()), **(new_params or {})})

    def get_filters(self, request: Any) -> Any:
        """The filters. What none of them knows is no lookup of Django's either: a pattern, a range, part of a text."""
        found = super().get_filters(request)
        if found[2]:
            raise IncorrectLookupParameters(", ".join(found[2]))
        return found

    def get_results(self, request: Any) -> None:
        """The rows of the page; an admin class may add to them what all rows need, in one query."""
        super().get_results(request)
        walk = self.model_admin.walk(request, self)
        if walk:
            self.page_by_keyset(request, walk)
        else:
            self.page_by_number()
        completed = getattr(self.model_admin, "completed", None)
        if completed:
            self.result_list = completed(list(self.result_list))

    def page_by_keyset(self, request: Any, walk: Walk) -> None:
        """A page that begins after a row, or ends before one; one row more is read to know whether there is another."""
        cursor = read_cursor(request.GET.get(BEFORE) or request.GET.get(AFTER) or "", walk.segments)
        backwards = cursor is not None and BEFORE in request.GET
        size = self.list_per_page
        found = page_rows(self.queryset, walk, cursor, size + 1, backwards=backwards)
        more = len(found) > size
        if more:
            found = found[1:] if backwards else found[:size]
        self.result_list = found
        if found and cursor and (more or not backwards):
            self.previous_url = self.get_query_string({BEFORE: cursor_of(found[0], walk.segments).text()})
        if found and (more or backwards):
            self.next_url = self.get_query_string({AFTER: cursor_of(found[-1], walk.segments).text()})

    def page_by_number(self) -> None:
        """Lists that are never long."""
        rows = list(self.result_list)
        self.result_list = rows
        if self.page_num > 1:
            self.previous_url = self.get_query_string({"p": self.page_num - 1})
        if len(rows) == self.list_per_page:
            self.next_url = self.get_query_string({"p": self.page_num + 1})

    def chips(self) -> list[dict[str, Any]]:
        """The active filters: what each says, and the address without it."""
        found = [chip for spec in self.filter_specs for chip in self._chips_of(spec)]
        if self.query:
            text = _("Id: %(term)s") % {"term": self.query}
            found.append({"text": text, "without": self.get_query_string(remove=[SEARCH_VAR])})
        return found

    def _chips_of(self, spec: Any) -> list[dict[str, Any]]:
        describe = getattr(spec, "chip", None)
        text = describe() if describe else ""
        if not text:
            return []
        without = self.get_query_string(remove=spec.expected_parameters())
        return [{"text": f"{spec.title}{_(': ')}{text}", "without": without}]
