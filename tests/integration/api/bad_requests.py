"""Requests that must be refused, as data: what is sent, and which answer it must get.

`python -m tests.integration.api.bad_requests http://127.0.0.1:8000` sends them to a running service and shows
its answers as a table in Markdown.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import typer

ASSETS = Path(__file__).parents[2] / "assets"
BOUNDARY = "frontier"
FORM_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
MIB = 1024 * 1024

Body = bytes | Callable[[int], Iterator[bytes]]
"""Bytes, or a function of MAX_UPLOAD_MB whose chunks are sent without a Content-Length."""


@dataclass(frozen=True, slots=True)
class BadRequest:
    """A request, and the status and code that it must get."""

    name: str
    status: int
    code: str
    body: Body = b""
    path: str = "/transcribe/"
    method: str = "POST"
    content_type: str | None = FORM_TYPE
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, client: httpx2.Client, max_upload_mb: int) -> httpx2.Response:
        """Send it; `max_upload_mb` is the service's limit."""
        headers = dict(self.headers)
        if self.content_type is not None:
            headers["Content-Type"] = self.content_type
        content = self.body if isinstance(self.body, bytes) else self.body(max_upload_mb)
        return client.request(self.method, self.path, content=content, headers=headers)


def part(disposition: str, content: bytes = b"", extra: str = "") -> bytes:
    """One part of a form, its header written by hand."""
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data{disposition}\r\n{extra}\r\n"
    return head.encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    """A whole form."""
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def upload(filename: str, content: bytes) -> bytes:
    """The part `file` with the client's file name."""
    return part(f'; name="file"; filename="{filename}"', content)


def text(name: str, value: str | bytes) -> bytes:
    """A text field."""
    return part(f'; name="{name}"', value if isinstance(value, bytes) else value.encode())


def asset(name: str) -> bytes:
    """A form with one of the test recordings."""
    return form(upload(name, (ASSETS / name).read_bytes()))


SPEECH = upload("speech.ogg", (ASSETS / "speech_ru.ogg").read_bytes())
GOOD = form(SPEECH)


def _endless(max_upload_mb: int) -> Iterator[bytes]:
    """A file of one MiB more than is allowed, whose length is not announced."""
    yield part('; name="file"; filename="long.wav"').removesuffix(b"\r\n")
    for _ in range(max_upload_mb + 1):
        yield bytes(MIB)


def _endless_epilogue(max_upload_mb: int) -> Iterator[bytes]:
    """A good form, and after its end more than is allowed."""
    yield GOOD
    for _ in range(max_upload_mb + 2):
        yield b"\r\n" * (MIB // 2)


def _trims() -> Iterator[BadRequest]:
    for value in ("0", "-5", "nan", "inf", "1e309", "abc", "5s", "2,5", "1_0", "٣"):
        yield BadRequest(f"trim={value}", 422, "invalid_parameter", form(SPEECH, text("trim", value)))


BAD_REQUESTS = (
    BadRequest("no body at all", 400, "malformed_upload", content_type=None),
    BadRequest(
        "JSON instead of a form", 400, "malformed_upload", b'{"file": 1}', content_type="application/json"
    ),
    BadRequest(
        "urlencoded form",
        400,
        "malformed_upload",
        b"file=talk.mp3",
        content_type="application/x-www-form-urlencoded",
    ),
    BadRequest("no boundary", 400, "malformed_upload", GOOD, content_type="multipart/form-data"),
    BadRequest(
        "wrong boundary", 400, "malformed_upload", GOOD, content_type="multipart/form-data; boundary=other"
    ),
    BadRequest(
        "boundary of 300 characters",
        400,
        "malformed_upload",
        GOOD,
        content_type=f"multipart/form-data; boundary={'b' * 300}",
    ),
    BadRequest("form that breaks off", 400, "malformed_upload", SPEECH[:-100]),
    BadRequest("form without parts", 422, "file_missing", form()),
    BadRequest("part without a name", 400, "malformed_upload", form(part("", b"x"))),
    BadRequest("40 parts", 400, "malformed_upload", form(*[text("model", "base")] * 40, SPEECH)),
    BadRequest(
        "part with 20 headers",
        400,
        "malformed_upload",
        form(part('; name="x"', b"", "".join(f"X-{i}: 1\r\n" for i in range(20)))),
    ),
    BadRequest(
        "header of 100 kB", 400, "malformed_upload", form(part('; name="x"', b"", f"X: {'y' * 100_000}\r\n"))
    ),
    BadRequest("field of 9 kB", 400, "malformed_upload", form(text("model", "m" * 9000), SPEECH)),
    BadRequest("field that is not UTF-8", 400, "malformed_upload", form(text("model", b"\xff\xfe"), SPEECH)),
    BadRequest("form without a file", 422, "file_missing", form(text("model", "base"))),
    BadRequest(
        "file in another field", 422, "file_missing", form(part('; name="audio"; filename="a.mp3"', b"x"))
    ),
    BadRequest("name of a file instead of a file", 422, "file_missing", form(text("file", "talk.mp3"))),
    BadRequest("no file chosen", 422, "file_missing", form(upload("", b""))),
    BadRequest("two files", 400, "malformed_upload", form(SPEECH, SPEECH)),
    BadRequest("empty file", 422, "empty_file", asset("empty.mp3")),
    BadRequest("text file", 422, "unreadable_audio", form(upload("notes.txt", b"hello"))),
    BadRequest("text without extension", 422, "unreadable_audio", form(upload("recording", b"x"))),
    BadRequest("program", 422, "unreadable_audio", form(upload("talk.mp3.exe", b"MZ"))),
    BadRequest("path to a system file", 422, "unreadable_audio", form(upload("../../etc/passwd", b"x"))),
    BadRequest("text as the whole body", 422, "unreadable_audio", b"hello", content_type="audio/mpeg"),
    BadRequest("nothing as the whole body", 422, "empty_file", b"", content_type="audio/mpeg"),
    BadRequest("text renamed .mp3", 422, "unreadable_audio", asset("text_renamed.mp3")),
    BadRequest("M4A without its index", 422, "unreadable_audio", asset("truncated_without_index.m4a")),
    BadRequest("Ogg of headers alone", 422, "unreadable_audio", asset("headers_only.ogg")),
    BadRequest("noise for samples", 422, "no_audio", asset("noise_for_samples.m4a")),
    BadRequest("picture renamed .mp3", 422, "no_audio", asset("picture_renamed.mp3")),
    BadRequest("WAV without a sample", 422, "no_audio", asset("zero_samples.wav")),
    BadRequest("video without sound", 422, "no_audio", asset("video_without_sound.mp4")),
    BadRequest("file over the limit, streamed", 413, "upload_too_large", _endless),
    BadRequest("endless epilogue", 413, "upload_too_large", _endless_epilogue),
    BadRequest("unknown model, query", 422, "unknown_model", GOOD, "/transcribe/?model=huge"),
    BadRequest("unknown model, field", 422, "unknown_model", form(SPEECH, text("model", "huge"))),
    BadRequest("model with a path", 422, "unknown_model", form(text("model", "../base"), SPEECH)),
    *_trims(),
    BadRequest("misspelt parameter, query", 422, "unknown_parameter", GOOD, "/transcribe/?modle=base"),
    BadRequest("misspelt parameter, field", 422, "unknown_parameter", form(text("modle", "base"), SPEECH)),
    BadRequest(
        "unknown field behind the file", 422, "unknown_parameter", form(SPEECH, text("karaoke", "true"))
    ),
    BadRequest("empty unknown parameter", 422, "unknown_parameter", GOOD, "/transcribe/?debug="),
    BadRequest("case of a parameter", 422, "unknown_parameter", GOOD, "/transcribe/?Model=base"),
    BadRequest(
        "unknown parameter of a poll",
        422,
        "unknown_parameter",
        method="GET",
        path="/transcribe/7e0d5e5c?formt=srt",
        content_type=None,
    ),
    BadRequest(
        "unknown parameter of a list",
        422,
        "unknown_parameter",
        method="GET",
        path="/transcribe/?state=error",
        content_type=None,
    ),
    BadRequest("unknown language", 422, "invalid_parameter", GOOD, "/transcribe/?language=Germn"),
    BadRequest(
        "unknown language of several", 422, "invalid_parameter", GOOD, "/transcribe/?languages=de,Germn"
    ),
    BadRequest("turbo translates", 422, "invalid_parameter", GOOD, "/transcribe/?task=translate&model=turbo"),
    BadRequest("turbo translates, field", 422, "invalid_parameter", form(SPEECH, text("task", "translate"))),
    BadRequest("negative trim, query", 422, "invalid_parameter", GOOD, "/transcribe/?trim=-1"),
    BadRequest("trim twice, query", 422, "invalid_parameter", GOOD, "/transcribe/?trim=1&trim=2"),
    BadRequest(
        "trim twice, query and field",
        422,
        "invalid_parameter",
        form(text("trim", "2"), SPEECH),
        "/transcribe/?trim=1",
    ),
    BadRequest(
        "unknown id", 404, "task_not_found", method="GET", path="/transcribe/7e0d5e5c", content_type=None
    ),
    BadRequest("id with a pattern", 404, "task_not_found", method="GET", path="/status/*", content_type=None),
    BadRequest(
        "id of 200 characters",
        404,
        "task_not_found",
        method="GET",
        path=f"/status/{'a' * 200}",
        content_type=None,
    ),
    BadRequest(
        "id with a path", 404, "not_found", method="GET", path="/transcribe/..%2F..%2Fetc", content_type=None
    ),
    BadRequest("PUT", 405, "method_not_allowed", GOOD, method="PUT"),
    BadRequest("another address", 404, "not_found", GOOD, path="/upload"),
)


def main(url: str, max_upload_mb: int = 2048) -> None:
    """Send all of them to the service at URL; prints a table in Markdown."""
    typer.echo("| request | status | code | detail |\n| --- | --- | --- | --- |")
    with httpx2.Client(base_url=url, timeout=120) as client:
        for bad in BAD_REQUESTS:
            problem = bad.send(client, max_upload_mb).json()
            typer.echo(
                f"| {bad.name} | {problem['status']} | `{problem['code']}` | {problem['detail'][:160]} |"
            )


if __name__ == "__main__":
    typer.run(main)
