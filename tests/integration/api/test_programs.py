"""Requests as other programs make them: each becomes a task, or is told what to change.

Written after what is known of the programs' sources and documentation; a field that this service does not
know is there because the program sends it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx2
import pytest

from tests.integration.api.bad_requests import BOUNDARY, FORM_TYPE, form, part, text
from tests.support.api import ASSETS, Service

SOUND = (ASSETS / "speech_ru.ogg").read_bytes()


@dataclass(frozen=True, slots=True)
class Sent:
    """A request, and what of it must be found in its task."""

    program: str
    path: str = "/v1/audio/transcriptions"
    fields: tuple[tuple[str, str], ...] = ()
    filename: str = "audio.ogg"
    content_type: str = "audio/ogg"
    file_field: str = "file"
    expected: Mapping[str, object] = field(default_factory=dict)

    def body(self) -> bytes:
        """The form, its file first or last as the program has it."""
        disposition = f'; name="{self.file_field}"; filename="{self.filename}"'
        recording = part(disposition, SOUND, f"Content-Type: {self.content_type}\r\n")
        return form(*(text(name, value) for name, value in self.fields), recording)


WHISPER = ("model", "whisper-1")
TURBO = {"model": "large-v3-turbo"}
REQUESTS = (
    Sent("curl of OpenAI's documentation", fields=(WHISPER,), expected=TURBO),
    Sent("n8n, OpenAI node", fields=(WHISPER, ("temperature", "0.2")), filename="data", expected=TURBO),
    Sent("n8n, HTTP Request node", fields=(WHISPER,), content_type="application/octet-stream"),
    Sent("Open WebUI", fields=(WHISPER, ("language", "ru")), expected={"language": "ru"}),
    Sent("Open WebUI, recorded in the browser", fields=(WHISPER,), filename="recording.webm"),
    Sent("Open WebUI, base URL without /v1", "/audio/transcriptions", (WHISPER,)),
    Sent("Open WebUI, base URL with a slash", "/v1//audio/transcriptions", (WHISPER,)),
    Sent("LiteLLM", fields=(WHISPER, ("response_format", "verbose_json"), ("user", "u"),
         ("extra_body", "{}"))),
    Sent("LiteLLM, granularities", fields=(WHISPER, ("response_format", "verbose_json"),
         ("timestamp_granularities", "word")), expected={"word_timestamps": True}),
    Sent("LiteLLM, Groq's names", fields=(("model", "groq/whisper-large-v3-turbo"),), expected=TURBO),
    Sent("LobeChat", fields=(WHISPER,), filename="audio.mp4", content_type="audio/mp4"),
    Sent("LobeChat, webm", fields=(WHISPER,), filename="speech.webm", content_type="audio/webm;codecs=opus"),
    Sent("Dify", "/v1/audio/transcriptions", (WHISPER, ("user", "abc-123")), filename="temp.mp3"),
    Sent("Dify, xinference", fields=(("model", "Belle-whisper-large-v3-zh"),), expected={"status": 404}),
    Sent("LibreChat", fields=(WHISPER,), filename="audio.webm"),
    Sent("AnythingLLM", fields=(WHISPER, ("temperature", "0"))),
    Sent("Home Assistant, OpenAI STT integrations", fields=(("model", "gpt-4o-mini-transcribe"),
         ("language", "ru"), ("prompt", ""), ("temperature", "0"), ("response_format", "json"))),
    Sent("Home Assistant, Groq STT", "/openai/v1/audio/transcriptions", (("model", "whisper-large-v3"),),
         expected={"model": "large-v3"}),
    Sent("Speaches' clients", fields=(("model", "Systran/faster-whisper-base"), ("vad_filter", "true"),
         ("stream", "false")), expected={"model": "base"}),
    Sent("Subtitle Edit", fields=(WHISPER, ("response_format", "srt"), ("language", "auto"))),
    Sent("whisper.cpp's server", "/inference", (("temperature", "0.0"), ("temperature_inc", "0.2"),
         ("response_format", "json")), filename="a.wav"),
    Sent("whisper.cpp's server, more", "/inference", (("beam_size", "5"), ("no_timestamps", "true"))),
    Sent("AzureOpenAI client", "/openai/deployments/whisper-1/audio/transcriptions?api-version=2024-10-21",
         (WHISPER,)),
    Sent("MacWhisper", fields=(WHISPER, ("timestamp_granularities[]", "segment"),
         ("response_format", "verbose_json"))),
    Sent("Vercel's AI SDK", fields=(("model", "gpt-4o-transcribe"), ("include[]", "logprobs"),
         ("temperature", "0"))),
    Sent("LangChain", fields=(WHISPER, ("response_format", "verbose_json"), ("temperature", "0.0"))),
    Sent("Spring AI", fields=(WHISPER, ("language", "ru"), ("prompt", "p"), ("response_format", "text"))),
    Sent("pipecat", fields=(("model", "gpt-4o-transcribe"), ("language", "ru"),
         ("include[]", "logprobs"))),
    Sent("LiveKit agents", fields=(("model", "gpt-4o-mini-transcribe"), ("language", "ru"))),
    Sent("Obsidian, Whisper plugin", fields=(WHISPER, ("language", "ru"), ("prompt", "")),
         filename="2026-11-27.webm"),
    Sent("iOS shortcut", fields=(WHISPER,), filename="Recording", content_type="application/octet-stream"),
    Sent("gpt-transcribe", fields=(("model", "gpt-transcribe"), ("languages[]", "ru"), ("languages[]", "en"),
         ("keywords[]", "погода")), expected={"languages": ("ru", "en"), "hotwords": "погода"}),
    Sent("diarize", fields=(("model", "gpt-4o-transcribe-diarize"), ("response_format", "diarized_json"),
         ("chunking_strategy", "auto"))),
    Sent("translations", "/v1/audio/translations", (("model", "whisper-large-v3"),),
         expected={"task": "translate"}),
    Sent("go-openai (bots for Telegram and Mattermost)", fields=(WHISPER, ("prompt", ""),
         ("temperature", "0.20"), ("response_format", "verbose_json"), ("language", "ru"))),
    Sent("async-openai (Rust)", fields=(WHISPER, ("response_format", "verbose_json"),
         ("timestamp_granularities[]", "word"), ("timestamp_granularities[]", "segment")),
         expected={"word_timestamps": True}),
    Sent("Flowise, LocalAI STT", fields=(WHISPER, ("language", ""), ("prompt", ""), ("temperature", "0"))),
    Sent("LocalAI's clients", fields=(("model", "whisper-1"), ("backend", "whisper"),
         ("translate", "false")), expected=TURBO),
    Sent("ruby-openai", fields=(WHISPER, ("language", "ru"), ("response_format", "vtt")),
         content_type="application/octet-stream", expected={"language": "ru"}),
    Sent("a field of another service", file_field="audio", fields=(WHISPER,), expected={"status": 422}),
)  # fmt: skip


@pytest.mark.parametrize("sent", REQUESTS, ids=lambda sent: sent.program)
def test_it_becomes_a_task_or_is_told_what_to_change(
    sent: Sent, service: Service, client: httpx2.Client
) -> None:
    headers = {"Content-Type": FORM_TYPE, "Prefer": "respond-async", "Authorization": "Bearer sk-none"}
    answer = client.post(sent.path, content=sent.body(), headers=headers)
    expected = dict(sent.expected)
    status = expected.pop("status", 202)

    assert answer.status_code == status, answer.text
    if status != 202:
        message = answer.json()["error"]["message"]
        assert "choose one of" in message or "send it in the field `file`" in message
        return
    task = service.queued_task()
    assert {name: getattr(task, name) for name in expected} == expected
    assert BOUNDARY not in (task.filename or "")
