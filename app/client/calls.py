"""Requests to the service, built the same way for both clients."""

import json
import os
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import httpx2

from app.client.models import SearchOptions, SubmitOptions
from app.schemas.form import TranscriptFormat
from app.schemas.task import TASK_ID_PATTERN, TaskStatus

STREAM_SILENCE_SECONDS = 60.0
"""A stream of events that is silent for so long may have lost its other end; it is opened anew."""

COPY_BYTES = 1024 * 1024

Source = str | os.PathLike[str] | BinaryIO
Part = tuple[str, tuple[str | None, BinaryIO | bytes]]


@dataclass(frozen=True, slots=True)
class Call:
    """A request; `allowance` is how many seconds longer than usual its answer may take."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    parts: Sequence[Part] = ()
    content: bytes | None = None
    allowance: float = 0
    stream: bool = False

    def arguments(self, timeout: float) -> dict[str, Any]:
        """What `build_request` of either httpx2 client takes. Built anew for each try."""
        return {
            "method": self.method,
            "url": self.path,
            "params": dict(self.params),
            "headers": dict(self.headers),
            "files": list(self.parts) or None,
            "content": self.content,
            "timeout": httpx2.Timeout(timeout, read=timeout + self.allowance),
        }


def http_settings(base_url: str, api_key: str | None) -> dict[str, Any]:
    """What either httpx2 client is made with. Raises ValueError where `base_url` is no address."""
    try:
        url = httpx2.URL(base_url)
    except httpx2.InvalidURL as error:
        raise ValueError(f"{base_url!r} is no address: {error}.") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError(f"{base_url!r} is no address such as http://127.0.0.1:8000.")
    if not (api_key or "").isascii() or not (api_key or "").isprintable():
        raise ValueError("The API key holds characters that no key has.")
    headers = {} if api_key is None else {"Authorization": f"Bearer {api_key}"}
    return {"base_url": url, "headers": headers}


@contextmanager
def opened(source: Source | None, filename: str | None) -> Iterator[tuple[str, BinaryIO] | None]:
    """The name and the open file of what is to be sent; None where there is none, but a URL.

    The file can be read more than once: what cannot, such as a pipe, is copied to disk first.
    """
    if source is None:
        yield None
    elif isinstance(source, str | os.PathLike):
        with Path(source).open("rb") as file:
            yield _sendable(filename or Path(source).name), file
    else:
        name = filename or getattr(source, "name", None)
        if not isinstance(name, str):
            raise ValueError("The file object has no name; give one with `filename`.")
        with repeatable(source) as file:
            yield _sendable(Path(name).name), file


@contextmanager
def repeatable(file: BinaryIO) -> Iterator[BinaryIO]:
    """`file`, or a copy of it where it can be read only once; the copy ends with the block."""
    if file.seekable():
        yield file
        return
    with TemporaryFile() as copy:
        while chunk := file.read(COPY_BYTES):
            copy.write(chunk)
        copy.seek(0)
        yield copy


def submit(
    upload: tuple[str, BinaryIO] | None,
    url: str | None,
    key: str | None,
    options: SubmitOptions,
    upload_id: str | None = None,
) -> Call:
    """Send a recording; where it has come in pieces, `upload_id` names it.

    All tries of this call carry the same key, so that they make one task.
    """
    if upload is not None and url is not None:
        raise ValueError("Give either a recording or the `url` of one, not both.")
    if upload is None and url is None and options.get("again_of") is None:
        raise ValueError("Give a recording, the `url` of one, or the task that had it (`again_of`).")
    fields = {"url": url, **options}
    # As parts without a file name, the options make a multipart form even where no file comes with them.
    parts: list[Part] = [
        (name, (None, _written(value).encode())) for name, value in fields.items() if value is not None
    ]
    if upload is not None and upload_id is None:
        upload[1].seek(0)
        parts.append(("file", upload))
    query = {} if upload_id is None else {"upload": upload_id}
    headers = {"Idempotency-Key": key or str(uuid.uuid4())}
    return Call("POST", "/transcribe/", query, headers, parts)


def state(task_id: str, wait: float | None) -> Call:
    """Ask what became of a task."""
    params = {} if wait is None else {"wait": f"{wait:g}"}
    return Call("GET", task_path(task_id), params, allowance=wait or 0)


def transcript(task_id: str, form: TranscriptFormat) -> Call:
    """Fetch the finished transcript."""
    return Call("GET", task_path(task_id), {"format": form.value})


def tasks(status: TaskStatus | None, limit: int | None, cursor: str | None) -> Call:
    """Ask for a page of the list of tasks."""
    params = {"status": status, "limit": limit, "cursor": cursor}
    return Call(
        "GET", "/transcribe/", {name: str(value) for name, value in params.items() if value is not None}
    )


def search(question: str, options: SearchOptions, limit: int | None, cursor: str | None) -> Call:
    """Ask for a page of what is found."""
    asked = {name.removesuffix("_"): value for name, value in options.items()}
    params = {"q": question or None, **asked, "limit": limit, "cursor": cursor}
    return Call(
        "GET", "/search", {name: _written(value) for name, value in params.items() if value is not None}
    )


def describe(task_id: str, title: str | None, tags: Sequence[str] | None) -> Call:
    """Change title and tags, as far as they are given."""
    change = {"title": title, "tags": None if tags is None else list(tags)}
    content = json.dumps({name: value for name, value in change.items() if value is not None}).encode()
    return Call("PATCH", f"{task_path(task_id)}/details", content=content)


def events(task_id: str, last_event_id: str | None) -> Call:
    """Follow a task, from after an event that was seen."""
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    if last_event_id:
        headers["Last-Event-ID"] = last_event_id
    path = f"{task_path(task_id)}/events"
    return Call("GET", path, headers=headers, allowance=STREAM_SILENCE_SECONDS, stream=True)


def delete(task_id: str) -> Call:
    """Cancel a task and remove all that is left of it."""
    return Call("DELETE", task_path(task_id))


def models() -> Call:
    """Ask which models there are."""
    return Call("GET", "/v1/models")


def task_path(task_id: str) -> str:
    """Where a task is found. Raises ValueError for what would lead to another address."""
    if not re.fullmatch(TASK_ID_PATTERN, task_id) or not task_id.strip("."):
        raise ValueError(f"{task_id!r} is no task id.")
    return f"/transcribe/{task_id}"


def _sendable(name: str) -> str:
    """A file name as text: on disk it may be any bytes."""
    return name.encode(errors="replace").decode()


def _written(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(str(each) for each in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
