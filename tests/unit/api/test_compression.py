"""Long answers are compressed for who takes that, and each form has its own ETag."""

import gzip

import pytest
from starlette.requests import Request
from starlette.responses import Response

from app.api.compression import LEAST_BYTES
from app.api.conditional import unless_known

LONG = b'{"text": "' + b"word " * LEAST_BYTES + b'"}'


def answer(
    accept: str | None = "gzip, br", tag: str = "", body: bytes = LONG, kind: str = "application/json"
) -> Response:
    headers = [] if accept is None else [(b"accept-encoding", accept.encode())]
    headers += [(b"if-none-match", tag.encode())] if tag else []
    request = Request({"type": "http", "method": "GET", "headers": headers})
    return unless_known(request, Response(body, media_type=kind, headers={"Vary": "Accept"}))


def test_long_texts_are_compressed() -> None:
    response = answer()
    assert gzip.decompress(bytes(response.body)) == LONG
    assert response.headers["content-encoding"] == "gzip"
    assert int(response.headers["content-length"]) == len(response.body) < len(LONG) / 50
    assert response.headers["vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize("accept", [None, "", "identity", "gzip;q=0", "br", "*;q=0", "gzip;q=0, *"])
def test_not_for_who_does_not_take_it(accept: str | None) -> None:
    response = answer(accept)
    assert bytes(response.body) == LONG
    assert response.headers["vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize("accept", ["*", "GZIP", "br;q=1, gzip;q=0.2"])
def test_for_who_takes_it(accept: str) -> None:
    assert answer(accept).headers["content-encoding"] == "gzip"


def test_short_answers_and_documents_stay_as_they_are() -> None:
    assert "content-encoding" not in answer(body=b"{}").headers
    assert "content-encoding" not in answer(kind="application/vnd.openxmlformats").headers


def test_each_form_has_its_etag_and_both_are_known() -> None:
    plain, packed = answer(None).headers["etag"], answer().headers["etag"]
    assert packed == plain[:-1] + '-gzip"'
    for tag in (plain, packed, f"W/{packed}", "*"):
        again = answer(tag=tag)
        assert (again.status_code, bytes(again.body)) == (304, b"")
        assert again.headers["vary"] == "Accept, Accept-Encoding"
    assert answer(tag=packed).headers["etag"] == packed
    assert answer(tag='"other"').status_code == 200
