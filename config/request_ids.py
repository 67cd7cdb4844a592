"""Every request has an id: in the answer's `X-Request-ID`, in error bodies, in the logs.

An id that came with the request is kept when it is well formed, so that callers can follow their own; anything else is
replaced, since the value ends up in logs and headers.
"""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{7,63}")
HEADER = "X-Request-ID"
META_KEY = "HTTP_X_REQUEST_ID"


def request_id_of(request: HttpRequest | None) -> str:
    """The id of `request`; empty outside a request."""
    return str(request.META.get(META_KEY, "")) if request is not None else ""


class RequestIdMiddleware:
    """Outermost middleware: names the request before anything logs it or answers it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer to `request`, with the request's id in its header."""
        given = request.META.get(META_KEY, "")
        request_id = given if WELL_FORMED.fullmatch(given) else uuid.uuid4().hex
        # Written back to the header, where the log middleware and everything else reads it.
        request.META[META_KEY] = request_id
        request.request_id = request_id  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers[HEADER] = request_id
        return response
