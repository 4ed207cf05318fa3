"""Requests to a chat server that speaks as OpenAI's does (`POST /chat/completions`).

Unlike addresses that clients name (`app.net`), that of SUMMARY_URL is the operator's: it may be private.
"""

import re
from http import HTTPStatus

import anyio
import httpx2
from pydantic import BaseModel, Field, ValidationError

from app.client.answers import retry_after_seconds, translated
from app.client.calls import http_settings
from app.client.errors import ClientError
from app.core.config import Settings
from app.core.errors import SummaryError, SummaryRefused, SummaryUnreachable, SummaryUnreadable

CONNECT_SECONDS = 10.0

MOST_BYTES = 1024 * 1024
"""Of an answer: a hundred times what any summary has."""

LONGEST_QUOTE = 300
"""Characters of a server's message that are passed on."""

LONGEST_WAIT_SECONDS = 3600
"""Of what a server asks for in Retry-After."""

_PATH = "/chat/completions"

_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})

_THOUGHTS = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
"""What reasoning models say to themselves, where the server does not take it out."""


class _Message(BaseModel):
    content: str


class _Choice(BaseModel):
    message: _Message


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)


class ChatServer:
    """One server, as the settings name it. For the event loop."""

    def __init__(self, settings: Settings) -> None:
        """Raises ValueError where the address or the key cannot be sent."""
        key = settings.summary_api_key
        base = settings.summary_url.rstrip("/").removesuffix(_PATH)
        self._http = httpx2.AsyncClient(
            **http_settings(base, key.get_secret_value() if key else None),
            timeout=httpx2.Timeout(settings.summary_timeout_seconds, connect=CONNECT_SECONDS),
        )
        self._key = key.get_secret_value() if key else ""
        self._model = settings.summary_model
        self._seconds = settings.summary_timeout_seconds

    async def complete(self, instructions: str, text: str) -> str:
        """What the model says to `text`. Raises SummaryUnreachable, SummaryUnreadable, SummaryRefused."""
        body: dict[str, object] = {
            "messages": [{"role": "system", "content": instructions}, {"role": "user", "content": text}],
            "stream": False,
        }
        if self._model:
            body["model"] = self._model
        try:
            with anyio.fail_after(self._seconds), translated(self._http.base_url):
                status, headers, content = await self._post(body)
        except TimeoutError as error:
            raise SummaryUnreachable(
                f"The chat server did not answer within {self._seconds:g} s (SUMMARY_TIMEOUT_SECONDS)."
            ) from error
        except ClientError as error:
            raise SummaryUnreachable(f"{error} (SUMMARY_URL)") from error
        if status != HTTPStatus.OK:
            raise _problem(status, headers, self._quoted(content))
        return _answer(content)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    def _quoted(self, content: bytes) -> str:
        """The beginning of a message of the server, which is told to clients: some servers repeat the key
        that was wrong."""
        told = content.decode("utf-8", "replace").replace("\0", "\ufffd").strip()
        return (told.replace(self._key, "…") if self._key else told)[:LONGEST_QUOTE]

    async def _post(self, body: dict[str, object]) -> tuple[int, httpx2.Headers, bytes]:
        """Status, headers and body of the answer. Raises SummaryUnreadable where that never ends."""
        async with self._http.stream("POST", _PATH, json=body) as answer:
            content = b""
            async for piece in answer.aiter_bytes():
                content += piece
                if len(content) > MOST_BYTES:
                    raise SummaryUnreadable(f"The chat server's answer has more than {MOST_BYTES} bytes.")
        return answer.status_code, answer.headers, content


def _answer(content: bytes) -> str:
    try:
        completion = _Completion.model_validate_json(content)
    except ValidationError as error:
        raise SummaryUnreadable(
            "The chat server's answer is no chat completion as OpenAI's API has it; check SUMMARY_URL."
        ) from error
    text = _THOUGHTS.sub("", completion.choices[0].message.content).strip()
    if not text:
        raise SummaryUnreadable("The chat server's answer is empty.")
    return text


def _problem(status: int, headers: httpx2.Headers, told: str) -> SummaryError:
    """What an answer other than 200 means, and what it says; a redirect is followed nowhere."""
    sentence = f"The chat server answered {status}{f': {told}' if told else '.'}"
    if status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        pause = retry_after_seconds(headers.get("Retry-After"))
        wait = None if pause is None else int(min(pause, LONGEST_WAIT_SECONDS))
        return SummaryUnreachable(sentence, retry_after_seconds=wait)
    return SummaryRefused(sentence)
