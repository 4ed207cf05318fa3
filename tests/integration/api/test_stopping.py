"""An API that is told to end lets nobody wait: streams and long polls end, their tasks go on."""

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from app.core.config import Settings
from tests.support.api import ASSETS
from tests.support.processes import ApiProcess

SPEECH = ("talk.ogg", (ASSETS / "speech_ru.ogg").read_bytes())
TERMINATED = -signal.SIGTERM  # uvicorn ends by the signal, once it has tidied up


@pytest.fixture
def api(settings: Settings) -> Iterator[ApiProcess]:
    process = ApiProcess(settings)
    yield process
    process.kill()


@pytest.fixture
def client(api: ApiProcess) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=api.url, timeout=60) as client:
        yield client


def _queued(client: httpx2.Client) -> str:
    answer = client.post("/transcribe/", files={"file": SPEECH})
    return f"/transcribe/{answer.json()['task_id']}"


def test_listeners_are_let_go(api: ApiProcess, client: httpx2.Client) -> None:
    task = _queued(client)
    with client.stream("GET", f"{task}/events") as events:
        lines = events.iter_lines()
        assert next(lines) == "event: status"
        assert api.stop() == TERMINATED
        assert [line for line in lines if line.startswith("event:")] == []

    api.start()
    assert client.get(task).json()["status"] == "queued"


def test_who_waits_is_told_what_there_is(api: ApiProcess, client: httpx2.Client) -> None:
    task = _queued(client)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(client.get, task, params={"wait": 30})
        with client.stream("GET", f"{task}/events") as events:
            next(events.iter_lines())  # the wait, asked for before, is under way
            assert api.stop() == TERMINATED
        assert waiting.result().json()["status"] == "queued"


def test_a_stream_of_text_names_its_task(api: ApiProcess, client: httpx2.Client) -> None:
    form = {"model": "whisper-1", "stream": "true"}
    with client.stream(*("POST", "/v1/audio/transcriptions"), data=form, files={"file": SPEECH}) as events:
        assert api.stop() == TERMINATED
        [error, end] = [line.removeprefix("data: ") for line in events.iter_lines() if line]
    assert end == "[DONE]"
    task = json.loads(error)["error"]["message"].split()[-1].rstrip(".")

    api.start()
    assert client.get(task).json()["status"] == "queued"
