"""The other side of the protocol: a small service on a real socket, which can be told to misbehave.

What becomes of a recording depends on its name: `bad…` fails, `slow…` waits until it is released, all others
are done at once. The text is made of the name, so that every answer can be told apart.
"""

import asyncio
import json
import time
import uuid
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fastapi import FastAPI, Request
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from tests.support.serving import PATIENCE_SECONDS, listening

API_KEY = "sesame"


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that refuses."""

    status: int
    code: str = "unavailable"
    headers: dict[str, str] = field(default_factory=lambda: {"Retry-After": "0"})

    def response(self) -> Response:
        """As problem details."""
        content = {"code": self.code, "detail": f"It is {self.code}.", "status": self.status}
        return JSONResponse(content, self.status, self.headers, media_type="application/problem+json")


@dataclass(frozen=True, slots=True)
class Dropped:
    """The request is served, but the connection breaks in the middle of the answer."""


@dataclass(slots=True)
class Upload:
    """What arrived as one task."""

    task_id: str
    name: str
    content: bytes
    options: dict[str, str]
    released: bool = False

    @property
    def text(self) -> str:
        """Its transcript."""
        return f"text of {self.name}"

    def state(self) -> dict[str, object]:
        """TaskState as JSON."""
        if self.name.startswith("bad"):
            error = {"code": "audio_undecodable", "message": "Not one second could be decoded."}
            return {"task_id": self.task_id, "status": "error", "error": error}
        if self.name.startswith("slow") and not self.released:
            return {"task_id": self.task_id, "status": "processing", "progress": 0.5, "eta_seconds": 61.0}
        return {"task_id": self.task_id, "status": "done", "result": {"text": self.text}}

    @property
    def ended(self) -> bool:
        """Nothing more will happen."""
        return self.state()["status"] in {"done", "error"}


class Service:
    """What the service holds, what it was asked, and how it is to misbehave."""

    def __init__(self) -> None:
        self.port = 0
        self.reset()

    def reset(self) -> None:
        """Forget everything, and behave."""
        self.uploads: dict[str, Upload] = {}
        self.keys: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.moods: defaultdict[str, deque[Problem | Dropped]] = defaultdict(deque)
        self.break_events_after: deque[int] = deque()
        self.key_needed = False

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def misbehave(self, method: str, *moods: Problem | Dropped) -> None:
        """What the next requests of a method meet, one after the other."""
        self.moods[method].extend(moods)

    def release(self, name: str) -> None:
        """Let slow recordings of that name end."""
        for upload in self.uploads.values():
            if upload.name == name:
                upload.released = True

    def names(self) -> list[str]:
        """Names of what was uploaded, sorted; each task once."""
        return sorted(upload.name for upload in self.uploads.values())

    def count(self, method: str, ending: str = "") -> int:
        """How often it was asked."""
        return sum(1 for asked, path in self.asked if asked == method and path.endswith(ending))

    def last_event_ids(self) -> list[str | None]:
        """From where each stream of events was to go on."""
        paths = [path for _, path in self.asked]
        asked = zip(paths, self.headers, strict=True)
        return [headers.get("last-event-id") for path, headers in asked if path.endswith("/events")]

    def add(self, name: str) -> str:
        """A task that somebody else sent."""
        upload = Upload(str(uuid.uuid4()), name, b"", {})
        self.uploads[upload.task_id] = upload
        return upload.task_id


def create_app(service: Service) -> FastAPI:
    """The routes."""
    app = FastAPI()
    _add_misbehaviour(app, service)
    _add_tasks(app, service)
    _add_task(app, service)
    return app


def _add_misbehaviour(app: FastAPI, service: Service) -> None:
    @app.middleware("http")
    async def misbehaviour(request: Request, call_next):  # type: ignore[no-untyped-def]
        service.asked.append((request.method, request.url.path))
        service.headers.append(dict(request.headers))
        if service.key_needed and request.headers.get("authorization") != f"Bearer {API_KEY}":
            return Problem(401, "unauthorized", {}).response()
        mood = service.moods[request.method].popleft() if service.moods[request.method] else None
        if isinstance(mood, Problem):
            return mood.response()
        response = await call_next(request)
        if isinstance(mood, Dropped):
            return Response("{", response.status_code, {"Content-Length": "100"})
        return response


def _add_tasks(app: FastAPI, service: Service) -> None:
    @app.post("/transcribe/")
    async def transcribe(request: Request) -> Response:
        async with request.form() as form:
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
            file = form.get("file")
            name, content = fields.pop("url", ""), b""
            if isinstance(file, UploadFile):
                name, content = file.filename or "", await file.read()
        if name.endswith(".pdf"):
            return Problem(415, "unsupported_extension", {}).response()
        key = request.headers["idempotency-key"]
        if key not in service.keys:
            upload = Upload(str(uuid.uuid4()), name, content, fields)
            service.uploads[upload.task_id] = upload
            service.keys[key] = upload.task_id
        return JSONResponse({"task_id": service.keys[key], "status": "queued"}, 202)

    @app.get("/transcribe/")
    async def tasks(status: str = "", limit: int = 100, cursor: int = 0) -> Response:
        uploads = reversed(service.uploads.values())
        found = [upload for upload in uploads if status in ("", upload.state()["status"])]
        page = [
            {"task_id": upload.task_id, "status": upload.state()["status"], "filename": upload.name}
            | {"model": "base", "created_at": 1_700_000_000.0, "duration": 61.0}
            for upload in found[cursor : cursor + limit]
        ]
        after = str(cursor + limit) if len(found) > cursor + limit else None
        return JSONResponse({"tasks": page, "next_cursor": after})

    @app.get("/v1/models")
    async def models() -> Response:
        return JSONResponse({"object": "list", "data": [{"id": "base"}, {"id": "turbo"}]})

    @app.get("/other/v1/models")
    async def other() -> Response:
        return PlainTextResponse("<h1>Welcome to nginx!</h1>")


def _add_task(app: FastAPI, service: Service) -> None:
    @app.get("/transcribe/{task_id}")
    async def state(task_id: str, wait: float = 0, format: str = "") -> Response:
        upload = service.uploads.get(task_id)
        if upload is None:
            return Problem(404, "task_not_found", {}).response()
        await _ended(upload, wait)
        if not format:
            return JSONResponse(upload.state())
        if not upload.ended:
            return Problem(409, "not_finished", {}).response()
        if format == "docx":
            return Response(b"PK\xff " + upload.text.encode())
        return PlainTextResponse(upload.text if format == "text" else f"{format}: {upload.text}\n")

    @app.get("/transcribe/{task_id}/events")
    async def events(task_id: str, request: Request) -> Response:
        if task_id not in service.uploads:
            return Problem(404, "task_not_found", {}).response()
        seen = int(request.headers.get("last-event-id", "0"))
        return StreamingResponse(_events(service, task_id, seen), media_type="text/event-stream")

    @app.delete("/transcribe/{task_id}")
    async def delete(task_id: str) -> Response:
        if service.uploads.pop(task_id, None) is None:
            return Problem(404, "task_not_found", {}).response()
        return Response(status_code=204)


async def _ended(upload: Upload, seconds: float) -> None:
    """Wait so long for the end; tests release uploads from their own thread."""
    deadline = time.monotonic() + seconds
    while not upload.ended and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def _events(service: Service, task_id: str, seen: int) -> AsyncIterator[str]:
    """All events after `seen`; the connection breaks after as many as `break_events_after` says."""
    upload = service.uploads[task_id]
    left = service.break_events_after.popleft() if service.break_events_after else 1000
    told: list[tuple[str, object]] = [
        ("status", {"status": "processing"}),
        ("progress", {"status": "processing", "progress": 0.5, "eta_seconds": 61.0}),
        ("news", {"of": "a later version"}),
        *(
            ("window", {"number": n, "start": 30.0 * n, "end": 30.0 * n + 20, "text": f" part {n}"})
            for n in range(3)
        ),
    ]
    yield ": hello\n\n"
    for number, (kind, data) in enumerate(told, start=1):
        if number > seen:
            if left == 0:
                raise ConnectionError("this stream was to break")
            left -= 1
            yield f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"
    await _ended(upload, PATIENCE_SECONDS)
    if left:
        final = upload.state()
        yield f"id: {len(told) + 1}\nevent: {final['status']}\ndata: {json.dumps(final)}\n\n"


@contextmanager
def serving(service: Service, port: int = 0) -> Iterator[Service]:
    """Run the service until the block ends."""
    with listening(create_app(service), port, graceful_seconds=1) as service.port:
        yield service
