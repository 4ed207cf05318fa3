"""OpenAI's official client, unmodified, against the service with a real model."""

import base64
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx2
import openai
import pytest

from tests.support.api import Service

pytestmark = pytest.mark.weights

WORDS = "under the old tree."
"""How the recording ends; of how it begins, Whisper is not sure in 30 s either."""


@pytest.fixture
def client(whole: Service) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{whole.url}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def speech(assets: Path) -> Path:
    return assets / "speech_en.mp3"


def test_json_is_the_default(client: openai.OpenAI, speech: Path) -> None:
    transcription = client.audio.transcriptions.create(model="whisper-1", file=speech)

    assert transcription.text.endswith(WORDS)
    assert transcription.usage is not None


@pytest.mark.parametrize(
    ("response_format", "pattern"),
    [("text", rf".*{re.escape(WORDS)}\s*"), ("srt", r"1\n00:00:.*"), ("vtt", "WEBVTT.*")],
)
def test_formats_that_are_text(
    client: openai.OpenAI, speech: Path, response_format: str, pattern: str
) -> None:
    text = client.audio.transcriptions.create(  # type: ignore[call-overload]
        model="base", file=speech, response_format=response_format
    )
    assert re.fullmatch(pattern, text, re.DOTALL)


def test_verbose_json_has_segments(client: openai.OpenAI, speech: Path) -> None:
    verbose = client.audio.transcriptions.create(
        model="base", file=speech, response_format="verbose_json", language="en", prompt="The park."
    )

    assert (verbose.language, verbose.words) == ("english", None)
    assert verbose.duration == pytest.approx(5.6, abs=1.5)
    assert verbose.segments is not None
    assert "".join(segment.text for segment in verbose.segments).strip() == verbose.text
    assert verbose.segments[0].avg_logprob < 0


def test_words_have_times(client: openai.OpenAI, speech: Path) -> None:
    verbose = client.audio.transcriptions.create(
        model="base", file=speech, response_format="verbose_json", timestamp_granularities=["word"]
    )

    assert verbose.segments is None
    assert verbose.words is not None
    assert [word.word for word in verbose.words][-4:] == WORDS.split()
    starts = [word.start for word in verbose.words]
    assert starts == sorted(starts)


def test_both_granularities(client: openai.OpenAI, speech: Path) -> None:
    verbose = client.audio.transcriptions.create(
        model="base",
        file=speech,
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
        temperature=0.0,
    )
    assert verbose.words
    assert verbose.segments


def test_text_is_streamed(client: openai.OpenAI, speech: Path) -> None:
    with client.audio.transcriptions.create(model="base", file=speech, stream=True) as stream:
        events = list(stream)

    assert {event.type for event in events} == {"transcript.text.delta", "transcript.text.done"}
    assert events[-1].type == "transcript.text.done"
    deltas = "".join(event.delta for event in events if event.type == "transcript.text.delta")
    assert deltas.strip() == events[-1].text
    assert events[-1].text.endswith(WORDS)


@pytest.mark.parametrize(
    ("response_format", "pattern"),
    [
        ("text", rf".*{re.escape(WORDS)}"),
        ("verbose_json", rf".*{re.escape(WORDS)}"),
        ("diarized_json", rf".*{re.escape(WORDS)}"),
        ("srt", r"1\n00:00:.*"),
        ("vtt", "WEBVTT.*"),
    ],
)
def test_every_format_is_streamed(
    client: openai.OpenAI, speech: Path, response_format: str, pattern: str
) -> None:
    with client.audio.transcriptions.create(  # type: ignore[call-overload]
        model="base", file=speech, stream=True, response_format=response_format
    ) as stream:
        events = list(stream)

    deltas = "".join(event.delta for event in events if event.type == "transcript.text.delta")
    assert events[-1].type == "transcript.text.done"
    assert events[-1].text == deltas.lstrip()
    assert re.fullmatch(pattern, events[-1].text, re.DOTALL)
    speakers = {event.speaker for event in events if event.type == "transcript.text.segment"}
    assert speakers == ({"A"} if response_format == "diarized_json" else set())


def test_speakers_are_named(client: openai.OpenAI, assets: Path) -> None:
    clip = base64.b64encode((assets / "speech_en.mp3").read_bytes()).decode()
    diarized = client.audio.transcriptions.create(
        model="gpt-4o-transcribe-diarize",
        file=assets / "speech_en.mp3",
        response_format="diarized_json",
        chunking_strategy={"type": "server_vad", "threshold": 0.4},
        known_speaker_names=["agent"],
        known_speaker_references=[f"data:audio/mpeg;base64,{clip}"],
    )
    assert {segment.speaker for segment in diarized.segments} == {"agent"}
    assert "".join(segment.text for segment in diarized.segments).strip() == diarized.text
    assert diarized.duration > 5


def test_what_this_years_clients_send(client: openai.OpenAI, speech: Path) -> None:
    transcription = client.audio.transcriptions.create(
        model="gpt-transcribe",
        file=speech,
        languages=["de", "en"],
        keywords=["tree", "old"],
        include=["logprobs"],
        chunking_strategy="auto",
    )
    assert transcription.languages
    assert [language.code for language in transcription.languages] == ["en"]
    assert transcription.logprobs
    assert "".join(str(each.token) for each in transcription.logprobs).strip() == transcription.text
    assert all(-21 < (each.logprob or 0) <= 0 for each in transcription.logprobs)


def test_translations_are_in_english(client: openai.OpenAI, assets: Path) -> None:
    with pytest.deprecated_call():  # the client's authors want to be rid of it
        translation = client.audio.translations.create(model="base", file=assets / "speech_ru.ogg")
    assert translation.text.isascii()


def test_silence_is_no_text(client: openai.OpenAI, assets: Path) -> None:
    verbose = client.audio.transcriptions.create(
        model="base", file=assets / "silence_5s.flac", response_format="verbose_json"
    )
    assert (verbose.text, verbose.segments) == ("", [])


def test_models_are_listed(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert names[0] == "base"
    assert {"turbo", "whisper-1", "large-v3"} <= set(names)
    assert client.models.retrieve("base").id == "base"
    assert client.models.retrieve("Systran/faster-whisper-base").to_dict()["root"] == "base"
    assert client.models.retrieve("whisper-1").to_dict()["root"] == "base"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("huge")


@pytest.mark.parametrize(
    "name", ["gpt-transcribe", "gpt-4o-transcribe-diarize", "openai/whisper-base", "ggml-base.bin"]
)
def test_the_result_tells_the_model_that_a_name_stands_for(
    client: openai.OpenAI, speech: Path, name: str
) -> None:
    transcription = client.audio.transcriptions.create(model=name, file=speech)
    assert transcription.to_dict()["model"] == "base"


def test_a_model_that_there_is_not(client: openai.OpenAI, speech: Path) -> None:
    with pytest.raises(openai.NotFoundError, match="There is no model 'huge'") as raised:
        client.audio.transcriptions.create(model="huge", file=speech)
    assert raised.value.code == "model_not_found"


@pytest.mark.parametrize(
    "wrong",
    [
        {"response_format": "doc"},
        {"timestamp_granularities": ["word"]},
        {"timestamp_granularities": ["letter"], "response_format": "verbose_json"},
        {"temperature": 2.0},
        {"language": "klingon"},
        {"include": ["logprobs"], "languages": ["en", "Klingon"]},
    ],
)
def test_what_cannot_be_had_is_a_bad_request(
    client: openai.OpenAI, speech: Path, wrong: dict[str, object]
) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        client.audio.transcriptions.create(model="base", file=speech, **wrong)  # type: ignore[call-overload]
    assert raised.value.code == "invalid_parameter"
    assert raised.value.type == "invalid_request_error"


def test_a_file_that_is_no_recording(client: openai.OpenAI, assets: Path) -> None:
    with pytest.raises(openai.UnprocessableEntityError) as raised:
        client.audio.transcriptions.create(model="base", file=assets / "text_renamed.mp3")
    assert raised.value.code == "unreadable_audio"


def test_a_failed_task_is_an_error(client: openai.OpenAI, assets: Path) -> None:
    with pytest.raises(openai.APIStatusError) as raised:
        client.audio.transcriptions.create(model="base", file=assets / "headers_only.ogg")
    assert raised.value.code in ("transcription_failed", "no_audio", "unreadable_audio")


def test_the_task_is_kept_for_whoever_does_not_wait(whole: Service, speech: Path) -> None:
    answer = _post(whole, speech, {"Prefer": "respond-async"})

    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "respond-async"
    state = httpx2.get(f"{whole.url}{answer.headers['location']}", params={"wait": 30}, timeout=60)
    assert state.json()["result"]["text"].endswith(WORDS)


def test_past_the_time_to_wait_the_task_goes_on(
    serving_with: Callable[..., AbstractContextManager[Service]], speech: Path
) -> None:
    with serving_with(sync_wait_seconds=0.0) as service:
        answer = _post(service, speech, {})
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "still_transcribing"
        state = httpx2.get(f"{service.url}{answer.headers['location']}", params={"wait": 30}, timeout=60)
        assert state.json()["status"] == "done"


def _post(service: Service, path: Path, headers: dict[str, str]) -> httpx2.Response:
    return httpx2.post(
        f"{service.url}/v1/audio/transcriptions",
        files={"file": (path.name, path.read_bytes())},
        data={"model": "base"},
        headers=headers,
        timeout=60,
    )
