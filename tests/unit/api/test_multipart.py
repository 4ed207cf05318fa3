"""Forms, however the network cuts them."""

from collections.abc import AsyncIterator, Iterable
from itertools import pairwise

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.body import BodyReader
from app.api.multipart import FormReader, multipart_boundary
from app.core.errors import MalformedUpload, ServiceError, UploadStalled, UploadTooLarge
from app.core.speed import SlowestSpeed

BOUNDARY = b"frontier"


def part(disposition: bytes, content: bytes) -> bytes:
    return b"--%s\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (BOUNDARY, disposition, content)


FORM = (
    part(b'name="model"', b"base")
    + part(b'name="file"; filename="a \\"b\\".mp3"', b"\r\n--front\r\n--frontie\r\x00\xff")
    + part(b'name="empty"; filename=""', b"")
    + b"--%s--\r\n" % BOUNDARY
)


async def chunks_of(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def read(pieces: Iterable[bytes], max_bytes: int = 10_000) -> list[tuple[str, str | None, bytes]]:
    reader = FormReader(BodyReader(chunks_of(pieces), max_bytes=max_bytes), BOUNDARY)
    return [
        (part.name, part.filename, b"".join([chunk async for chunk in part.chunks()]))
        async for part in reader.parts()
    ]


@given(cuts=st.lists(st.integers(0, len(FORM)), max_size=30))
def test_the_same_parts_however_it_is_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(FORM)]
    pieces = [FORM[start:end] for start, end in pairwise(places)]
    assert anyio.run(read, pieces) == [
        ("model", None, b"base"),
        ("file", 'a "b".mp3', b"\r\n--front\r\n--frontie\r\x00\xff"),
        ("empty", "", b""),
    ]


@given(st.binary(max_size=400))
def test_rubbish_is_refused_in_the_services_own_words(rubbish: bytes) -> None:
    async def refused() -> bool:
        try:
            await read([rubbish])
        except MalformedUpload:
            return True
        return False

    assert anyio.run(refused) or rubbish.lstrip(b"\r\n").startswith(b"--frontier")


@given(st.binary(max_size=60))
def test_any_disposition_gives_a_part_or_a_service_error(disposition: bytes) -> None:
    async def attempt() -> None:
        body = part(b'name="file"; ' + disposition, b"x") + b"--frontier--"
        try:
            await read([body])
        except ServiceError as error:
            assert isinstance(error, MalformedUpload)  # noqa: PT017

    anyio.run(attempt)


@pytest.mark.parametrize(
    "filename",
    [b"filename*=utf-8''%D0%B4.mp3", b"filename*0=a; filename*1=b.mp3", b"filename*=nonsense''%FF"],
)
async def test_extended_filenames_of_older_clients(filename: bytes) -> None:
    [(_, name, _)] = await read([part(b'name="file"; ' + filename, b"x") + b"--frontier--"])
    assert name


async def test_an_unread_part_is_passed_over() -> None:
    reader = FormReader(BodyReader(chunks_of([FORM]), max_bytes=10_000), BOUNDARY)
    assert [part.name async for part in reader.parts()] == ["model", "file", "empty"]


async def test_a_form_that_breaks_off() -> None:
    with pytest.raises(MalformedUpload, match="breaks off"):
        await read([FORM[:-20]])


async def test_a_body_longer_than_allowed() -> None:
    with pytest.raises(UploadTooLarge):
        await read([FORM], max_bytes=len(FORM) - 1)
    assert len(await read([FORM], max_bytes=len(FORM))) == 3


async def test_a_client_that_falls_silent() -> None:
    async def silent() -> AsyncIterator[bytes]:
        yield FORM[:50]
        await anyio.sleep_forever()

    body = BodyReader(silent(), max_bytes=10_000, stall_seconds=0.05)
    reader = FormReader(body, BOUNDARY)
    with pytest.raises(UploadStalled):
        [chunk async for part in reader.parts() async for chunk in part.chunks()]


async def test_a_client_that_drips() -> None:
    async def drips() -> AsyncIterator[bytes]:
        yield FORM[:50]
        while True:
            await anyio.sleep(0.01)
            yield b"x"

    slowest = SlowestSpeed(10_000, over_seconds=0.1)
    reader = FormReader(BodyReader(drips(), max_bytes=10_000, slowest=slowest), BOUNDARY)
    with pytest.raises(UploadStalled, match="MIN_TRANSFER_BYTES_PER_SECOND"):
        [chunk async for part in reader.parts() async for chunk in part.chunks()]


@pytest.mark.parametrize(
    ("header", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('Multipart/Form-Data; charset=utf-8; boundary="a;b c"', b"a;b c"),
    ],
)
def test_the_boundary(header: str, boundary: bytes) -> None:
    assert multipart_boundary(header) == boundary


@pytest.mark.parametrize(
    "header", [None, "", "text/plain", "multipart/mixed; boundary=a", "multipart/form-data; boundary="]
)
def test_no_boundary(header: str | None) -> None:
    with pytest.raises(MalformedUpload, match="curl -F"):
        multipart_boundary(header)
