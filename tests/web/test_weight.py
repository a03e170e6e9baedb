"""What goes over the wire: pages compressed and kept out of shared caches, streams and files left as they are."""

import gzip
from collections.abc import AsyncIterator

import pytest
import zstandard
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.test import Client, RequestFactory

from tests.factories import make_user
from webmail.compression import CompressionMiddleware, zstd

LONG = b"Keys for the boathouse. " * 100


def through(response: HttpResponseBase, accepted: str = "gzip, br") -> HttpResponseBase:
    request = RequestFactory().get("/", headers={"Accept-Encoding": accepted})
    answer = CompressionMiddleware(lambda _request: response)(request)
    assert isinstance(answer, HttpResponseBase)
    return answer


def test_a_page_is_compressed() -> None:
    answer = through(HttpResponse(LONG, headers={"Content-Length": str(len(LONG)), "ETag": '"seen"'}))
    assert isinstance(answer, HttpResponse)
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.headers["ETag"] == 'W/"seen"'
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert gzip.decompress(answer.content) == LONG


def test_who_reads_zstd_gets_it() -> None:
    answer = through(HttpResponse(LONG, headers={"ETag": '"seen"'}), "gzip, deflate, br, zstd")
    assert isinstance(answer, HttpResponse)
    assert answer.headers["Content-Encoding"] == "zstd"
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.headers["ETag"] == 'W/"seen"'
    assert answer.content.startswith(zstandard.FRAME_HEADER)
    assert zstandard.ZstdDecompressor().stream_reader(answer.content, read_across_frames=True).read() == LONG


def test_who_reads_neither_gets_the_page_as_it_is() -> None:
    answer = through(HttpResponse(LONG), "br")
    assert isinstance(answer, HttpResponse)
    assert answer.content == LONG
    assert "Content-Encoding" not in answer.headers
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_of_one_page_no_two_answers_need_be_of_one_size() -> None:
    sizes = {len(zstd(LONG)) for _ in range(200)}
    assert 50 < len(sizes) <= 101
    assert max(sizes) - min(sizes) <= 100


async def _events() -> AsyncIterator[str]:
    yield "data: {}\n\n"


@pytest.mark.parametrize(
    "response",
    [
        StreamingHttpResponse(_events(), content_type="text/event-stream"),
        StreamingHttpResponse([LONG], content_type="text/plain"),
        HttpResponse(LONG, content_type="image/png"),
        HttpResponse(LONG, content_type="text/plain", status=206),
    ],
    ids=["events", "file", "picture", "range"],
)
def test_streams_files_and_pictures_go_as_they_are(response: HttpResponseBase) -> None:
    assert "Content-Encoding" not in through(response).headers


@pytest.mark.django_db
def test_the_page_of_a_person_is_kept_by_that_persons_browser_only(client: Client) -> None:
    client.force_login(make_user())
    page = client.get("/settings/profile/", headers={"Accept-Encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip"
    assert page.headers["Cache-Control"] == "private, no-cache"
    again = client.get("/settings/profile/", headers={"Accept-Encoding": "gzip"})
    assert len(page.content) != len(again.content) or page.content != again.content, "the token is not masked anew"


def test_a_view_keeps_its_own_word_on_caching() -> None:
    from webmail.middleware import ContentSecurityPolicyMiddleware

    def view(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(headers={"Cache-Control": "no-store"})

    answer = ContentSecurityPolicyMiddleware(view)(RequestFactory().get("/"))
    assert answer.headers["Cache-Control"] == "no-store"
