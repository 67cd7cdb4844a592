"""What the addresses share: the caller's own organizations only, a permission for each, one form of answers."""

from typing import Any

from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from rest_framework.exceptions import NotFound
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from billing.access import look_everywhere, visible_to
from billing.api.answers import answer

from .paging import newest_first
from .parsing import SmallJSONParser


class MaySee(BasePermission):
    """Whoever holds the view's `permission`; the same permissions as on the desk."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Asked before anything is read."""
        return request.user.has_perm(view.permission)


@method_decorator(never_cache, name="dispatch")
class OwnView(GenericAPIView[Any]):
    """A view about rows of the caller's organizations; rows of others do not exist."""

    permission_classes = (IsAuthenticated, MaySee)
    pagination_class = None
    parser_classes = (SmallJSONParser,)
    permission = ""

    def organizations(self) -> list[int]:
        """Ids of the caller's organizations; what the desk is narrowed to does not matter here."""
        look_everywhere(self.request)
        return visible_to(self.request)

    def found(self, pk: int) -> Any:
        """A row of the caller's organizations. Raises NotFound."""
        row = self.get_queryset().filter(pk=pk).first()
        if row is None:
            raise NotFound
        return row

    def listed(self, rows: list[Any]) -> Any:
        """A page's rows as the answer holds them."""
        return self.get_serializer(rows, many=True).data

    def page(self, rows: Any) -> tuple[list[Any], dict[str, Any]]:
        """The page asked for, and what its answer's `meta` says."""
        found, cursor = newest_first(rows, self.request)
        return found, {"next_cursor": cursor}

    def answer(self, data: Any, **meta: Any) -> Response:
        """`data` in the form of every answer."""
        response = answer(self.request, data)
        response.data["meta"] |= meta
        return response


class OwnList(OwnView):
    """A list in pages."""

    def get(self, request: Request) -> Response:
        """A page of the rows that the filters leave, newest first."""
        rows, meta = self.page(self.filter_queryset(self.get_queryset()))
        return self.answer(self.listed(rows), **meta)
