"""Requests that claim a charset no text can be read in: `Content-Type: text/plain; charset=hex` is answered like any.

Python knows codecs that turn bytes into bytes, and one that refuses everything. Django takes them for charsets, and
fails while it makes the request, before any middleware sees it.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.http import parse_header_parameters

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def readable(application: Application) -> Application:
    """`application`, which is not told about charsets that are none."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        given = str(environ.get("CONTENT_TYPE", ""))
        if ";" in given and not reads_text(given):
            environ["CONTENT_TYPE"] = given.partition(";")[0]
        return application(environ, start_response)

    return answer


def reads_text(content_type: str) -> bool:
    """Whether any bytes can be read as text in the charset of `content_type`; true where it names none."""
    try:
        _name, parameters = parse_header_parameters(content_type)
        str(b"a", parameters.get("charset", "utf-8"), "replace")
    except (LookupError, ValueError):
        return False
    return True
