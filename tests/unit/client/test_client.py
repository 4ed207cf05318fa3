"""Every method of the client, against a service that behaves."""

import io
import os
import threading
from pathlib import Path

import pytest

from app.client import (
    Client,
    EventKind,
    ProtocolBroken,
    RetryPolicy,
    ServiceProblem,
    ServiceUnreachable,
    TaskFailed,
    TranscriptFormat,
    following,
)
from app.launcher.redis_server import free_port
from app.schemas.task import ChannelMode, Priority, TaskKind, TaskState, TaskStatus
from tests.unit.client.service import API_KEY, Service


def test_a_path_is_sent_whole_under_its_name(client: Client, service: Service, recording: Path) -> None:
    submitted = client.submit(recording)

    upload = service.uploads[submitted.task_id]
    assert submitted.status is TaskStatus.QUEUED
    assert (upload.name, upload.content) == ("talk.mp3", recording.read_bytes())
    assert upload.options == {}


def test_options_are_form_fields(client: Client, service: Service, recording: Path) -> None:
    submitted = client.submit(
        recording,
        model="base",
        language=None,
        languages=("de", "English"),
        task=TaskKind.TRANSLATE,
        prompt="Встреча",
        word_timestamps=True,
        track=2,
        channels=ChannelMode.SPLIT,
        trim=2.5,
        priority=Priority.HIGH,
    )

    assert service.uploads[submitted.task_id].options == {
        "model": "base",
        "languages": "de,English",
        "task": "translate",
        "prompt": "Встреча",
        "word_timestamps": "true",
        "track": "2",
        "channels": "split",
        "trim": "2.5",
        "priority": "high",
    }


def test_a_url_is_sent_as_a_form_too(client: Client, service: Service) -> None:
    submitted = client.submit(url="https://example.org/a.mp3", model="base")

    upload = service.uploads[submitted.task_id]
    assert (upload.name, upload.options) == ("https://example.org/a.mp3", {"model": "base"})


def test_a_file_object(client: Client, service: Service, recording: Path) -> None:
    with recording.open("rb") as file:
        submitted = client.submit(file)
    named = client.submit(io.BytesIO(b"bytes"), filename="a.wav")

    assert service.uploads[submitted.task_id].content == recording.read_bytes()
    assert service.uploads[submitted.task_id].name == "talk.mp3"
    assert service.uploads[named.task_id].content == b"bytes"
    with pytest.raises(ValueError, match="filename"):
        client.submit(io.BytesIO(b"bytes"))


def test_a_pipe_is_sent(client: Client, service: Service) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as sender:
        sender.write(b"piped")
    with os.fdopen(reading, "rb") as pipe:
        submitted = client.submit(pipe, filename="a.wav")

    assert service.uploads[submitted.task_id].content == b"piped"


@pytest.mark.parametrize("arguments", [{}, {"source": "talk.mp3", "url": "https://example.org/a.mp3"}])
def test_a_recording_or_a_url(
    client: Client, recording: Path, arguments: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(recording.parent)
    with pytest.raises(ValueError, match="recording"):
        client.submit(**arguments)  # type: ignore[arg-type]


def test_a_recording_that_the_service_has(client: Client, service: Service) -> None:
    first = service.add("talk.mp3")

    submitted = client.submit(again_of=first, model="large-v3")

    assert service.uploads[submitted.task_id].options == {"again_of": first, "model": "large-v3"}


def test_wait_until_done(client: Client, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "WATCHED_POLL_SECONDS", 0.1)
    task_id = service.add("slow.mp3")
    seen: list[TaskState] = []

    def release(state: TaskState) -> None:
        seen.append(state)
        service.release("slow.mp3")

    state = client.wait(task_id, on_progress=release)

    assert state.result == {"text": "text of slow.mp3"}
    assert [one.progress for one in seen] == [0.5, None]


def test_a_long_poll_ends_with_the_task(client: Client, service: Service) -> None:
    task_id = service.add("slow.mp3")
    timer = threading.Timer(0.05, service.release, ["slow.mp3"])
    timer.start()

    assert client.wait(task_id).status is TaskStatus.DONE
    assert service.count("GET") == 1
    timer.join()


def test_wait_gives_up_in_time(client: Client, service: Service) -> None:
    with pytest.raises(TimeoutError):
        client.wait(service.add("slow.mp3"), timeout=0.05)


def test_a_failed_task(client: Client, service: Service) -> None:
    task_id = service.add("bad.mp3")

    with pytest.raises(TaskFailed, match="Not one second") as caught:
        client.wait(task_id)

    assert (caught.value.task_id, caught.value.code) == (task_id, "audio_undecodable")


def test_transcripts(client: Client, service: Service) -> None:
    task_id = service.add("talk.mp3")

    assert client.transcript(task_id) == "text of talk.mp3"
    assert client.transcript(task_id, TranscriptFormat.SRT) == "srt: text of talk.mp3\n"
    assert client.transcript_file(task_id, TranscriptFormat.DOCX) == b"PK\xff text of talk.mp3"


def test_an_unfinished_transcript_is_a_problem(client: Client, service: Service) -> None:
    with pytest.raises(ServiceProblem) as caught:
        client.transcript(service.add("slow.mp3"))

    assert (caught.value.code, caught.value.status) == ("not_finished", 409)
    assert str(caught.value) == caught.value.detail == "It is not_finished."


def test_pages_of_tasks(client: Client, service: Service) -> None:
    ids = [service.add(name) for name in ("a.mp3", "bad.mp3", "c.mp3")]

    pages = list(client.tasks(limit=2))
    failed = list(client.tasks(TaskStatus.ERROR))

    assert [[task.task_id for task in page.tasks] for page in pages] == [[ids[2], ids[1]], [ids[0]]]
    assert [task.filename for page in failed for task in page.tasks] == ["bad.mp3"]


def test_delete(client: Client, service: Service) -> None:
    task_id = service.add("talk.mp3")

    client.delete(task_id)

    assert service.uploads == {}
    with pytest.raises(ServiceProblem, match="task_not_found"):
        client.delete(task_id)


def test_models(client: Client) -> None:
    assert client.models() == ("base", "turbo")


def test_events_until_the_end(client: Client, service: Service) -> None:
    events = list(client.events(service.add("talk.mp3")))

    kinds = [event.kind for event in events]
    assert kinds == [EventKind.STATUS, EventKind.PROGRESS, *[EventKind.WINDOW] * 3, EventKind.DONE]
    assert [event.window.text for event in events if event.window] == [" part 0", " part 1", " part 2"]
    assert events[-1].state is not None
    assert events[-1].state.result == {"text": "text of talk.mp3"}


def test_the_key_is_shown(service: Service) -> None:
    service.key_needed = True
    with Client(service.url, api_key=API_KEY) as known, Client(service.url) as stranger:
        assert known.models() == ("base", "turbo")
        with pytest.raises(ServiceProblem, match="unauthorized"):
            stranger.models()


@pytest.mark.parametrize("task_id", ["..", "a/b", ""])
def test_no_other_address_is_asked(client: Client, service: Service, task_id: str) -> None:
    with pytest.raises(ValueError, match="no task id"):
        client.delete(task_id)
    assert service.asked == []


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://example.org", "http://", "http://[::1"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        Client(url)


@pytest.mark.parametrize("key", ["ключ", "a\nb"])
def test_a_key_that_is_none(key: str) -> None:
    with pytest.raises(ValueError, match="API key"):
        Client(api_key=key)


def test_another_program_answers(service: Service) -> None:
    with Client(f"{service.url}/other") as client:
        with pytest.raises(ProtocolBroken, match="is the address right"):
            client.models()
        with pytest.raises(ServiceProblem, match="404 Not Found") as caught:
            client.state("x")
    assert (caught.value.code, caught.value.status) == ("http_404", 404)


def test_nobody_answers() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with (
        Client(url, policy=RetryPolicy(retries=1, backoff=0.01)) as client,
        pytest.raises(ServiceUnreachable, match=url),
    ):
        client.models()
