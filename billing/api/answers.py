"""The shape of an answer: `{"data": …, "meta": {"request_id": …}}`."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response


def answer(request: Request, data: Any, *, status: int = 200) -> Response:
    """`data` with the id of the request it answers."""
    return Response({"data": data, "meta": {"request_id": request.META.get("HTTP_X_REQUEST_ID", "")}}, status=status)
