"""Programs written for Deepgram."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.staticfiles import StaticFiles

from app.audio.decode import read_samples
from tests.support.api import Service
from tests.support.serving import listening

pytestmark = pytest.mark.weights

WORDS = "under the old tree"


def listen(whole: Service, content: bytes, content_type: str = "audio/mpeg", **query: str) -> httpx2.Response:
    headers = {"Content-Type": content_type, "Authorization": "Token none"}
    return httpx2.post(f"{whole.url}/v1/listen", content=content, params=query, headers=headers, timeout=60)


def test_the_body_is_the_recording(whole: Service, assets: Path) -> None:
    query = {"model": "nova-3", "punctuate": "true", "utterances": "true", "diarize": "true"}
    content = listen(whole, (assets / "speech_en.mp3").read_bytes(), smart_format="true", **query).json()
    [channel] = content["results"]["channels"]
    [alternative] = channel["alternatives"]

    assert WORDS in alternative["transcript"]
    assert channel["detected_language"] == "en"
    assert content["metadata"]["models"] == ["base"]
    assert content["metadata"]["duration"] == pytest.approx(5.6, abs=1.5)
    word = alternative["words"][-1]
    assert (word["word"], word["punctuated_word"], word["speaker"]) == ("tree", "tree.", 0)
    assert 0 < word["confidence"] <= 1
    spoken = " ".join(each["transcript"] for each in content["results"]["utterances"])
    assert spoken == alternative["transcript"]
    state = httpx2.get(f"{whole.url}/transcribe/{content['metadata']['request_id']}").json()
    assert state["status"] == "done"


@pytest.mark.parametrize("channels", [1, 2])
def test_samples_without_a_header(whole: Service, assets: Path, channels: int) -> None:
    samples, _ = read_samples(assets / "speech_en.flac")
    raw = (samples.repeat(channels) * 32767).astype("<i2").tobytes()
    query = {"encoding": "linear16", "sample_rate": "16000", "channels": str(channels)}
    content = listen(whole, raw, "application/octet-stream", **query).json()
    assert WORDS in content["results"]["channels"][0]["alternatives"][0]["transcript"]


def test_channels_apart(whole: Service, assets: Path) -> None:
    recording = (assets / "speech_left_channel_only.ogg").read_bytes()
    content = listen(whole, recording, "audio/ogg", multichannel="true", utterances="true").json()
    assert {each["channel"] for each in content["results"]["utterances"]} == {0}


def test_a_callback_is_told(whole: Service, assets: Path) -> None:
    answer = listen(whole, (assets / "speech_en.mp3").read_bytes(), callback="http://127.0.0.1:9/hook")
    task_id = answer.json()["request_id"]
    state = httpx2.get(f"{whole.url}/transcribe/{task_id}", params={"wait": 30}, timeout=60).json()
    assert state["status"] == "done"
    assert state["webhook"]


@pytest.fixture
def address(assets: Path) -> Iterator[str]:
    with listening(StaticFiles(directory=assets)) as port:
        yield f"http://127.0.0.1:{port}/speech_en.mp3"


def test_the_body_may_name_the_recording(whole: Service, address: str) -> None:
    body = f'{{"url": "{address}"}}'.encode()
    content = listen(whole, body, "application/json").json()
    assert WORDS in content["results"]["channels"][0]["alternatives"][0]["transcript"]


@pytest.mark.parametrize(
    ("body", "content_type", "query", "code"),
    [
        (b"{", "application/json", {}, "MALFORMED_UPLOAD"),
        (b"[1]", "application/json", {}, "MALFORMED_UPLOAD"),
        (b"x" * 70_000, "application/json", {}, "MALFORMED_UPLOAD"),
        (b"hello", "audio/mpeg", {}, "UNREADABLE_AUDIO"),
        (b"hello", "audio/mpeg", {"model": "whisper-huge"}, "UNKNOWN_MODEL"),
        (b"hello", "audio/mpeg", {"utterances": "perhaps"}, "INVALID_PARAMETER"),
        (b"hello", "audio/basic", {"encoding": "mulaw", "sample_rate": "44100"}, "INVALID_PARAMETER"),
    ],
)
def test_what_is_wrong_is_told_as_deepgram_does(
    whole: Service, body: bytes, content_type: str, query: dict[str, str], code: str
) -> None:
    answer = listen(whole, body, content_type, **query)
    assert answer.status_code in (400, 422)
    assert answer.json()["err_code"] == code
    assert answer.json()["err_msg"]
    assert answer.json()["request_id"]
