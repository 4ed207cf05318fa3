"""A transcript that takes long to lay out keeps nobody else waiting."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from app.api import documents
from app.api.openai import response
from app.api.routes import shared, tasks
from app.formats.corrected import corrected
from app.formats.formats import render
from app.queue import results
from tests.integration.api.test_tasks import finish, post
from tests.support.api import ASSETS, Service
from tests.support.serving import PATIENCE_SECONDS, until

LONG = {"text": "word " * 100_000}


class Slow:
    """A function that begins its work only when it is let go."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.begun = threading.Event()
        self.let_go = threading.Event()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.begun.set()
        assert self.let_go.wait(PATIENCE_SECONDS), "nobody else was answered meanwhile"
        return self._function(*args, **kwargs)


@pytest.mark.parametrize(
    ("module", "function", "path"),
    [
        (documents, "file_of", "?format=srt"),
        (tasks, "_content", ""),
        (tasks, "_content", "/events"),
        (results, "_parsed", ""),
    ],
)
def test_others_are_answered_while_it_is_made(
    service: Service,
    client: httpx2.Client,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    function: str,
    path: str,
) -> None:
    task_id = post(client)
    finish(service.settings, task_id, LONG)
    slow = Slow(getattr(module, function))
    monkeypatch.setattr(module, function, slow)
    with ThreadPoolExecutor(1) as others:
        answer = others.submit(httpx2.get, f"{service.url}/transcribe/{task_id}{path}", timeout=60)
        until(slow.begun.is_set)
        assert client.get("/health/live").status_code == 200
        slow.let_go.set()
        assert (answer.result().status_code, "word word" in answer.result().text) == (200, True)


@pytest.mark.parametrize(("module", "path"), [(tasks, "/transcribe/{}?corrected=true"), (shared, "/result")])
def test_others_are_answered_while_much_that_people_wrote_is_put_in(
    service: Service, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch, module: Any, path: str
) -> None:
    task_id = post(client)
    segments = [{"start": 0, "end": 1, "text": "short"}]
    finish(service.settings, task_id, {"text": "short", "segments": segments})
    change = {"texts": {"0": "word " * 2000}}
    saved = client.put(f"/transcribe/{task_id}/corrections", json=change, headers={"If-Match": '"0"'})
    assert saved.status_code == 204
    link = client.post(f"/transcribe/{task_id}/shares").json()["address"]
    slow = Slow(corrected)
    monkeypatch.setattr(module, "corrected", slow)
    address = path.format(task_id) if "{}" in path else f"{link}{path}"
    with ThreadPoolExecutor(1) as others:
        answer = others.submit(httpx2.get, f"{service.url}{address}", timeout=60)
        until(slow.begun.is_set)
        assert client.get("/health/live").status_code == 200
        slow.let_go.set()
        assert (answer.result().status_code, "word word" in answer.result().text) == (200, True)


def test_others_are_answered_while_openais_answer_is_made(
    service: Service, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(render)
    monkeypatch.setattr(response, "render", slow)
    recording = ("talk.ogg", (ASSETS / "speech_ru.ogg").read_bytes())
    with ThreadPoolExecutor(1) as others:
        answer = others.submit(
            httpx2.post,
            f"{service.url}/v1/audio/transcriptions",
            data={"response_format": "srt"},
            files={"file": recording},
            timeout=60,
        )
        until(lambda: client.get("/transcribe/").json()["tasks"])
        [task] = client.get("/transcribe/").json()["tasks"]
        finish(service.settings, task["task_id"], LONG)
        until(slow.begun.is_set)
        assert client.get("/health/live").status_code == 200
        slow.let_go.set()
        assert answer.result().status_code == 200
