"""Sends cases to a service and waits for what comes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from app.launcher.redis_server import RedisServer, free_port
from app.schemas.transcript import Transcript
from tests.odd_recordings.case import Case
from tests.support.processes import ApiProcess, Worker, settings_of_whole

POLL_SECONDS = 30
ANSWER_SECONDS = 600.0
"""For a request, the wait for the end of a task included."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case.

    `status` is that of HTTP where the upload was refused, else the task's, `done` or `error`; `problem` is
    the sentence where there is no transcript.
    """

    status: str
    transcript: Transcript | None = None
    problem: str = ""


def send(client: httpx2.Client, case: Case) -> str | Outcome:
    """The id of the task that a case became, or why it was refused."""
    content = case.path.read_bytes()
    if case.sent_as is None:
        headers = {"Content-Type": case.content_type}
        answer = client.post("/transcribe/", params=case.query, content=content, headers=headers)
    else:
        file = (case.sent_as, content, case.content_type)
        answer = client.post("/transcribe/", params=case.query, files={"file": file})
    given = answer.json()
    if answer.status_code != httpx2.codes.ACCEPTED:
        return Outcome(str(answer.status_code), problem=given["detail"])
    return str(given["task_id"])


def outcome(client: httpx2.Client, task_id: str) -> Outcome:
    """The end of a task, for which is waited."""
    state: dict[str, Any] = {"status": "queued"}
    while state["status"] not in ("done", "error"):
        state = client.get(f"/transcribe/{task_id}", params={"wait": POLL_SECONDS}).json()
    if state["status"] == "error":
        return Outcome("error", problem=f"{state['error']['code']}: {state['error']['message']}")
    return Outcome("done", Transcript.model_validate(state["result"]))


def outcomes(url: str, cases: list[Case]) -> Iterator[tuple[Case, Outcome]]:
    """Send all, so that the service has many at a time; what came of each, in their order."""
    with httpx2.Client(base_url=url, timeout=ANSWER_SECONDS) as client:
        sent = [(case, send(client, case)) for case in cases]
        for case, answer in sent:
            yield case, answer if isinstance(answer, Outcome) else outcome(client, answer)


@contextmanager
def service(folder: Path, weights: Path) -> Iterator[str]:
    """Redis, an API and a worker with the `base` model, until the block ends; the API's address."""
    redis_server = RedisServer(folder / "redis", free_port())
    redis_server.start()
    settings = settings_of_whole("odd", redis_server, weights, folder)
    worker = Worker(settings, console=folder / "worker.log")
    api = ApiProcess(settings, console=folder / "api.log")
    try:
        yield api.url
    finally:
        api.stop()
        worker.stop()
        redis_server.stop()
