"""`track` and `channels`: what is queued, and what is refused before."""

from collections.abc import Callable
from pathlib import Path

import httpx2
import numpy as np
import pytest

from app.core.config import Settings
from app.schemas.task import ChannelMode, Task, TrackChoice
from tests.support.api import Service, serving
from tests.support.recordings import Part, channels, sentence, wav, write


@pytest.fixture
def two_tracks(tmp_path: Path) -> bytes:
    voice = Part(sentence()[np.newaxis], codec="flac")
    return write(tmp_path / "two.mka", voice, voice).read_bytes()


def _send(client: httpx2.Client, content: bytes, **options: str) -> httpx2.Response:
    return client.post("/transcribe/", files={"file": ("two.mka", content)}, data=options)


def test_a_track_and_a_mode_are_queued(service: Service, client: httpx2.Client, two_tracks: bytes) -> None:
    assert _send(client, two_tracks, track="2", channels="split").status_code == 202

    task = service.queued_task()
    assert (task.track, task.channels) == (2, ChannelMode.SPLIT)


def test_usually_all_channels_of_the_best_track_are_heard(
    service: Service, client: httpx2.Client, two_tracks: bytes
) -> None:
    assert _send(client, two_tracks).status_code == 202

    task = service.queued_task()
    assert (task.track, task.channels) == (TrackChoice.AUTO, ChannelMode.MIX)


@pytest.mark.parametrize("track", ["3", "0", "first"])
def test_a_track_that_is_not_there_is_refused(
    service: Service, client: httpx2.Client, two_tracks: bytes, track: str
) -> None:
    answer = _send(client, two_tracks, track=track)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
    assert answer.json()["parameter"] == "track"
    assert service.files() == []


def test_more_channels_than_are_kept_apart_are_refused(
    settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    content = wav(tmp_path / "three.wav", channels(3, 2)).read_bytes()
    with (
        serving(settings_for(max_channels=2)) as service,
        httpx2.Client(base_url=service.url) as client,
    ):
        answer = client.post("/transcribe/?channels=split", files={"file": ("three.wav", content)})
        assert (answer.status_code, answer.json()["parameter"]) == (422, "channels")
        assert "MAX_CHANNELS" in answer.json()["detail"]
        assert client.post("/transcribe/", files={"file": ("three.wav", content)}).status_code == 202


def test_a_recording_that_is_too_long_is_refused(
    settings_for: Callable[..., Settings], two_tracks: bytes
) -> None:
    with (
        serving(settings_for(max_duration_seconds=5)) as service,
        httpx2.Client(base_url=service.url) as client,
    ):
        answer = _send(client, two_tracks)
        assert (answer.status_code, answer.json()["code"]) == (413, "recording_too_long")
        assert "MAX_DURATION_SECONDS" in answer.json()["detail"]
        assert service.files() == []
        assert _send(client, two_tracks, trim="4").status_code == 202


def test_a_foreign_program_may_write_a_track_as_it_likes() -> None:
    tracks = [
        Task.model_validate({"task_id": "t", "file_path": "a", "track": track}).track
        for track in (2, "2", "mix")
    ]

    assert tracks == [2, 2, TrackChoice.MIX]
