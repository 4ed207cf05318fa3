"""A transcription server on 127.0.0.1 that answers what a test says, in turn; the last answer stays."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler

from app.asr.backends import remote
from app.asr.backends.remote import RemoteEngine
from app.core.config import Settings
from tests.support.web_server import Answer, Seen, Server, answer

TRANSCRIPTIONS = "/v1/audio/transcriptions"
TRANSLATIONS = "/v1/audio/translations"


class Transcriber(Server):
    """`replies` are what it will answer; `forms` the fields of the requests that came."""

    def reply(self, *replies: Answer) -> None:
        """Answer so, in turn, whatever is asked for."""
        waiting = list(replies)

        def write(handler: BaseHTTPRequestHandler) -> None:
            (waiting.pop(0) if len(waiting) > 1 else waiting[0])(handler)

        self.answers |= {TRANSCRIPTIONS: write, TRANSLATIONS: write}

    @property
    def forms(self) -> list[dict[str, list[bytes]]]:
        """Fields of all requests, each with its values."""
        return [_fields(seen) for seen in self.requests]

    def asked(self, name: str) -> list[list[str]]:
        """The values of one field in each request."""
        return [[value.decode() for value in form.get(name, [])] for form in self.forms]

    @contextmanager
    def engine(self, settings_for: Callable[..., Settings], **changes: object) -> Iterator[RemoteEngine]:
        """An engine that uses it."""
        settings = settings_for(engine="remote", remote_url=self.url("/v1"), **changes)
        engine = remote.load("base", settings)
        yield engine
        engine.close()


def spoken(text: str, **fields: object) -> Answer:
    """A transcript."""
    return answer(200, json.dumps({"text": text, **fields}).encode())


def refused(status: int, message: str = "", **headers: str) -> Answer:
    """An error in OpenAI's form."""
    return answer(status, json.dumps({"error": {"message": message, "code": None}}).encode(), **headers)


def segment(text: str, start: float, end: float, **figures: float) -> dict[str, object]:
    """A segment of `verbose_json`."""
    return {"text": text, "start": start, "end": end, "avg_logprob": -0.2, "no_speech_prob": 0.01, **figures}


def _fields(seen: Seen) -> dict[str, list[bytes]]:
    head = f"content-type: {seen.headers['content-type']}\r\n\r\n".encode()
    fields: dict[str, list[bytes]] = {}
    for part in message_from_bytes(head + seen.body).walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            fields.setdefault(str(part.get_param("name", header="content-disposition")), []).append(content)
    return fields
