"""The forms of answers and errors in the API's description."""

from functools import cache
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers

from .paging import MOST

META = inline_serializer("AnswerMeta", {"request_id": serializers.CharField()})
PAGE_META = inline_serializer(
    "PageMeta", {"request_id": serializers.CharField(), "next_cursor": serializers.CharField(allow_null=True)}
)
ERROR = inline_serializer(
    "ErrorAnswer",
    {
        "error": inline_serializer(
            "Error",
            {
                "code": serializers.CharField(),
                "message": serializers.CharField(),
                "details": serializers.ListField(child=serializers.DictField()),
                "request_id": serializers.CharField(),
            },
        )
    },
)


@cache
def one(shape: type[serializers.Serializer[Any]], *, paged: bool = False) -> Any:
    """An answer about one thing."""
    name = f"{shape.__name__.removesuffix('Shape')}Answer"
    return inline_serializer(name, {"data": shape(), "meta": PAGE_META if paged else META})


@cache
def listed(shape: type[serializers.Serializer[Any]]) -> Any:
    """A page of a list."""
    name = f"{shape.__name__.removesuffix('Shape')}ListAnswer"
    return inline_serializer(name, {"data": shape(many=True), "meta": PAGE_META})


def errors(*statuses: int) -> dict[int, Any]:
    """The error's form under each status."""
    return dict.fromkeys(statuses, ERROR)


def paged() -> list[OpenApiParameter]:
    """What pages take."""
    return [
        OpenApiParameter("cursor", OpenApiTypes.STR, description="`meta.next_cursor` of the page before."),
        OpenApiParameter("page_size", OpenApiTypes.INT, description=f"1 to {MOST}."),
    ]
