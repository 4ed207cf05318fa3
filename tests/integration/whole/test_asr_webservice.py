"""Programs written for whisper-asr-webservice, as Bazarr's provider sends its requests."""

from pathlib import Path

import httpx2
import pytest
import redis

from app.audio.decode import read_samples
from app.schemas.task import Task
from tests.integration.api.test_waiting import queued
from tests.support.api import ASSETS, Service

pytestmark = pytest.mark.weights

WORDS = "under the old tree"


def raw(path: Path) -> bytes:
    """What Bazarr sends: 16-bit samples of 16 kHz, without a header."""
    samples, _ = read_samples(path)
    return (samples * 32767).astype("<i2").tobytes()


def post(whole: Service, path: str, recording: bytes, **query: str) -> httpx2.Response:
    files = {"audio_file": ("audio_file", recording)}  # the name that `requests` gives bytes
    return httpx2.post(f"{whole.url}{path}", params=query, files=files, timeout=60)


def test_bazarr_gets_subtitles(whole: Service, assets: Path) -> None:
    recording = raw(assets / "speech_en.flac")
    query = {"task": "transcribe", "language": "en", "output": "srt", "encode": "false"}
    answer = post(whole, "/asr", recording, **query, video_file="/films/a.mkv")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith("1\n00:00:")
    assert WORDS in answer.text.replace("\n", " ")


@pytest.mark.parametrize(("name", "code"), [("speech_ru.ogg", "ru"), ("speech_de.ogg", "de")])
def test_bazarr_asks_for_the_language(whole: Service, assets: Path, name: str, code: str) -> None:
    content = post(whole, "/detect-language", raw(assets / name), encode="false").json()
    assert content["language_code"] == code
    assert content["detected_language"] in ("russian", "german")
    assert 0.3 < content["confidence"] <= 1


@pytest.mark.parametrize(
    ("output", "start"), [("txt", "T"), ("vtt", "WEBVTT"), ("tsv", "start\tend"), ("json", "{")]
)
def test_other_outputs_of_files_with_a_header(whole: Service, assets: Path, output: str, start: str) -> None:
    recording = (assets / "speech_en.mp3").read_bytes()
    answer = post(whole, "/asr", recording, output=output, vad_filter="true", word_timestamps="true")
    assert answer.text.startswith(start) or output == "txt"
    assert WORDS in answer.text
    if output == "json":
        assert {"text", "segments", "language"} <= set(answer.json())
        assert answer.json()["segments"][0]["words"]


def test_silence_has_no_language(whole: Service) -> None:
    answer = post(whole, "/detect-language", bytes(2 * 16_000 * 3), encode="false")
    assert (answer.status_code, answer.json()["code"]) == (409, "transcription_failed")


def test_what_is_wrong_is_told(whole: Service) -> None:
    wrong = post(whole, "/asr", b"x", output="docx")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid_parameter")
    assert "txt, vtt, srt, tsv, json" in wrong.json()["detail"]
    missing = httpx2.post(f"{whole.url}/asr", files={"other": ("a.mp3", b"x")})
    assert missing.json()["code"] == "file_missing"
    assert "`file`" in missing.json()["detail"], "which is taken here, too"


def test_bazarrs_test_button(whole: Service) -> None:
    assert httpx2.get(f"{whole.url}/status").json()["version"]


def test_the_wait_has_no_end_but_the_clients(service_without_worker: Service) -> None:
    """Bazarr takes whatever it gets for subtitles: an error of SYNC_WAIT_SECONDS would become a file."""
    service = service_without_worker
    recording = (ASSETS / "speech_ru.ogg").read_bytes()
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(
            f"{service.url}/asr", files={"audio_file": ("a", recording)}, timeout=httpx2.Timeout(20, read=1)
        )
    [task] = queued(service)
    assert _is_high(service, task)


def _is_high(service: Service, task: Task) -> bool:
    with redis.Redis(port=service.settings.redis_port) as store:
        elements = store.lrange(f"{service.settings.redis_queue_name}:high", 0, -1)
    return [Task.model_validate_json(each).task_id for each in elements] == [task.task_id]
