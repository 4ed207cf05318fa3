"""Speakers as parameters of a request: what reaches the queue, and how long clips of voices stay."""

import base64

import httpx2
import numpy as np
import pytest

from app.schemas.known_speaker import known_speakers
from app.schemas.task import ChannelMode
from tests.support.api import Service
from tests.support.recordings import sentence, wav

CLIP = b"RIFF a clip"


@pytest.fixture
def recording(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return wav(tmp_path_factory.mktemp("sound") / "a.wav", sentence()[np.newaxis]).read_bytes()


def _send(client: httpx2.Client, recording: bytes, **options: str) -> httpx2.Response:
    return client.post("/transcribe/", files={"file": ("a.wav", recording)}, data=options)


def test_a_number_of_speakers_is_queued(service: Service, client: httpx2.Client, recording: bytes) -> None:
    assert _send(client, recording, speakers="2-5").status_code == 202

    task = service.queued_task()
    assert (task.diarize, task.speakers, task.channels) == (True, (2, 5), ChannelMode.AUTO)


def test_no_number_is_refused(client: httpx2.Client, recording: bytes) -> None:
    answer = _send(client, recording, speakers="many")

    assert (answer.status_code, answer.json()["parameter"]) == (422, "speakers")


def test_clips_lie_beside_the_recording_until_it_is_deleted(
    service: Service, client: httpx2.Client, recording: bytes
) -> None:
    """A clip may be longer than other fields; it is no part of the queue's element."""
    clip = base64.b64encode(CLIP * 2000).decode()
    answer = _send(
        client,
        recording,
        known_speaker_names="Ann",
        known_speaker_references=f"data:audio/wav;base64,{clip}",
    )
    assert answer.status_code == 202, answer.text
    task = service.queued_task()
    assert (task.known_speakers, task.diarize) == (("Ann",), True)
    [kept] = service.folder.glob(f"{task.task_id}.known_speaker_clips")
    assert [(each.name, each.clip) for each in known_speakers.validate_json(kept.read_bytes())] == [
        ("Ann", clip)
    ]

    assert client.delete(f"/transcribe/{task.task_id}").status_code in (200, 202, 204)

    assert not kept.exists()


def test_a_clip_that_is_no_sound_in_base64_is_refused(client: httpx2.Client, recording: bytes) -> None:
    answer = _send(client, recording, known_speaker_names="Ann", known_speaker_references="ann.wav?")

    assert (answer.status_code, answer.json()["parameter"]) == (422, "known_speaker_references")
