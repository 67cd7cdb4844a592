"""A charset that no text can be read in is no reason to fail."""

from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory

from config.charsets import readable


def request_with(content_type: str) -> WSGIRequest:
    """What Django makes of a request that comes with that content type."""
    made = []

    def application(environ: dict[str, Any], _start_response: Any) -> list[bytes]:
        made.append(WSGIRequest(environ))
        return []

    readable(application)(RequestFactory().get("/healthz?a=b").environ | {"CONTENT_TYPE": content_type}, None)
    return made[0]


@pytest.mark.parametrize(
    "parameter",
    ["charset=hex", "charset=rot13", "charset=zlib", "charset=undefined", "charset=idna", "charset=x-nothing",
     "charset*=x-nothing''a"],
)  # fmt: skip
def test_a_charset_that_is_none_is_left_out(parameter: str) -> None:
    request = request_with(f"text/plain; {parameter}")
    assert (request.GET.dict(), request.encoding) == ({"a": "b"}, None)


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1"])
def test_a_charset_that_is_one_stays(charset: str) -> None:
    assert request_with(f"text/plain; charset={charset}").encoding == charset


def test_other_parameters_stay() -> None:
    assert request_with("multipart/form-data; boundary=x").content_params == {"boundary": "x"}
