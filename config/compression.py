"""Pages go compressed: a list of fifty rows is a tenth of its size on the way."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

KINDS = frozenset({"text/html", "application/json"})


class PageCompression(GZipMiddleware):
    """Compresses pages and answers of the API; files to download go as they are, since they are streamed.

    A page shows what a request asked for beside a secret (the CSRF token), whose length might be guessed from
    compressed sizes (BREACH): the token is masked anew in every page, and Django adds random bytes to the size.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """`response`, compressed where the browser takes that and the kind is worth it."""
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        return response if response.streaming or kind not in KINDS else super().process_response(request, response)
