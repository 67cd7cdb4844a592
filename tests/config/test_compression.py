"""Pages and answers of the API are compressed for whoever takes that; streamed files are not."""

import gzip

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory

from config.compression import PageCompression

TAKES = {"accept-encoding": "gzip"}


def sent(response: HttpResponseBase) -> HttpResponseBase:
    request = RequestFactory().get("/", headers=TAKES)
    return PageCompression(lambda _request: response).process_response(request, response)


@pytest.mark.django_db
def test_a_page_is_compressed_for_a_browser_that_takes_it(client: Client) -> None:
    plain, packed = client.get("/admin/login/"), client.get("/admin/login/", headers=TAKES)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.content) < len(plain.content) / 2
    assert b"csrfmiddlewaretoken" in gzip.decompress(packed.content)
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize(
    "response",
    [
        StreamingHttpResponse([b"id,amount\n" * 100], content_type="text/csv"),
        HttpResponse(b"PK" * 500, content_type="application/zip"),
    ],
)
def test_a_file_goes_as_it_is(response: HttpResponseBase) -> None:
    assert "Content-Encoding" not in sent(response).headers


def test_the_same_page_never_has_a_size_to_measure() -> None:
    """BREACH: what is guessed from compressed sizes drowns in random bytes."""
    page = "the same " * 200
    sizes = {sent(HttpResponse(page, content_type="text/html")).headers["Content-Length"] for _n in range(30)}
    assert len(sizes) > 5
