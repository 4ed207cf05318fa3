"""ENGINE=remote with a second instance of this service, and its real model, as the server."""

import os
import signal
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

from app.audio.decode import read_samples
from app.audio.samples import SAMPLE_RATE
from app.core.config import Settings
from app.launcher.redis_server import RedisServer
from tests.support.api import Service, serving
from tests.support.processes import ApiProcess, Worker, settings_of_whole

pytestmark = pytest.mark.weights

# Of recordings that fail the quality checks (speech_ru.ogg) the text is sampled: it may differ.
RECORDINGS = (
    *("speech_en.flac", "speech_de.ogg", "speech_en_mulaw_8k.wav", "speech_en.webm"),
    *("silence_5s.flac", "speech_left_channel_only.ogg", "video_with_sound.mp4"),
)

SENTENCES = 8
"""Each is a window of its own."""


@pytest.fixture(scope="module")
def remote_settings(
    redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], Settings]:
    """Settings of a service, of that name, that has no weights: its model is on a server."""

    def build(name: str, server: str) -> Settings:
        folder = tmp_path_factory.mktemp(name)
        return settings_of_whole(
            *(name, redis_server, folder / "_cache", folder),
            engine="remote",
            remote_url=f"{server}/v1",
            remote_fields="vad=false",
            remote_sample_format="f32",
        )

    return build


@pytest.fixture(scope="module")
def without_weights(remote_settings: Callable[[str, str], Settings], whole: Service) -> Iterator[Service]:
    """A service that asks the whole one."""
    settings = remote_settings("remote", whole.url)
    worker = Worker(settings)
    try:
        with serving(settings) as service:
            yield service
    finally:
        worker.stop()


def submit(service: Service, path: Path, **options: str) -> str:
    """Address of the task."""
    fields = {"model": "base", **options}
    with path.open("rb") as file:
        sent = httpx2.post(f"{service.url}/transcribe/", params=fields, files={"file": file}, timeout=60)
    assert sent.status_code == 202, sent.text
    return f"{service.url}{sent.headers['location']}"


def state_of(task: str, wait: float = 0) -> dict[str, Any]:
    return dict(httpx2.get(task, params={"wait": wait}, timeout=60).json())


def result_of(task: str) -> dict[str, Any]:
    """However long it takes: pytest has a limit of its own."""
    while (state := state_of(task, wait=10))["status"] in ("queued", "processing"):
        pass
    assert state["status"] == "done", state
    return dict(state["result"])


def is_begun(task: str) -> bool:
    """Whether some of its windows are done."""
    state = state_of(task, wait=1)
    assert state["status"] in ("queued", "processing"), state
    return bool(state.get("progress"))


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_text_is_that_of_the_server(
    whole: Service, without_weights: Service, assets: Path, name: str
) -> None:
    direct, remote = (submit(service, assets / name) for service in (whole, without_weights))
    expected, result = result_of(direct), result_of(remote)

    assert result["text"] == expected["text"]
    if expected["text"]:
        assert result["language"] == expected["language"]
    assert (result["engine"], result["device"], result["model"]) == ("remote", "remote", "base")


def test_words_have_the_times_of_the_server(whole: Service, without_weights: Service, assets: Path) -> None:
    tasks = [
        submit(service, assets / "speech_en.flac", word_timestamps="true", language="en")
        for service in (whole, without_weights)
    ]
    expected, words = (
        [word for segment in result_of(task)["segments"] for word in segment["words"]] for task in tasks
    )

    assert [word["word"] for word in words] == [word["word"] for word in expected]
    for word, other in zip(words, expected, strict=True):
        assert word["start"] == pytest.approx(other["start"], abs=0.1)
        assert word["end"] == pytest.approx(other["end"], abs=0.1)


@pytest.fixture
def long_recording(assets: Path, tmp_path: Path) -> Path:
    """The same sentence again and again, with pauses so long that each is a window: together they would be
    taken for a loop."""
    sentence, _ = read_samples(assets / "speech_en.flac")
    sound = np.concatenate([sentence, np.zeros(8 * SAMPLE_RATE, np.float32)] * SENTENCES)
    path = tmp_path / "long.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((sound * 32767).astype("<i2").tobytes())
    return path


def test_the_server_is_killed_in_the_middle(
    whole: Service,
    whole_settings: Settings,
    remote_settings: Callable[[str, str], Settings],
    redis_server: RedisServer,
    long_recording: Path,
    tmp_path: Path,
) -> None:
    """The API and the worker of the server die at once, and come back: no window is missing."""
    expected = result_of(submit(whole, long_recording))
    doomed = settings_of_whole("doomed", redis_server, whole_settings.cache_dir, tmp_path)
    api, workers = ApiProcess(doomed), [Worker(doomed)]
    settings = remote_settings("survivor", api.url)
    workers.append(Worker(settings))
    try:
        with serving(settings) as service:
            task = submit(service, long_recording)
            while not is_begun(task):
                pass
            api.kill()
            os.kill(workers[0].pid, signal.SIGKILL)
            api.start()
            workers.append(Worker(doomed))
            result = result_of(task)
    finally:
        for worker in workers:
            worker.stop()
        api.stop()

    assert result["text"] == expected["text"]
    assert result["quality"]["windows"] == SENTENCES
    assert result["provenance"]["attempts"] == 1, "the outage is waited for"
