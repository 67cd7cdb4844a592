"""A list with its active filters as removable chips and an empty state that says what to do."""

from typing import Any

from django.contrib.admin.views.main import SEARCH_VAR
from django.utils.translation import gettext as _
from unfold.views import ChangeList


class DeskChangeList(ChangeList):
    """Django's list of rows, with what our templates show around it."""

    result_list: Any

    def get_results(self, request: Any) -> None:
        """The rows of the page; an admin class may add to them what all rows need, in one query."""
        super().get_results(request)
        completed = getattr(self.model_admin, "completed", None)
        if completed:
            self.result_list = completed(list(self.result_list))

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
