"""Measures a running service as a client sees it: from the POST to the answer `done`."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx2

from benchmark.recordings import Recording
from benchmark.results import Measurement, Problem, Transcription, Variant

POLL_SECONDS = 0.1
"""Time between two GETs; the measured seconds are late by at most this much."""

SERVICE_DEFAULT = "default"
"""Name of the model in a request that names none."""


class ServiceUnreachable(Exception):
    """The service does not answer; the message is one sentence."""


class _TaskFailed(Exception):
    """One recording got no transcript; the message is the service's sentence."""


class ServiceClient:
    """Sends recordings one after another and waits for each."""

    def __init__(self, url: str, *, timeout_seconds: float) -> None:
        self._url = url.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self._client = httpx2.Client(base_url=self._url, timeout=60)

    def __enter__(self) -> "ServiceClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def check(self) -> None:
        """Raises ServiceUnreachable where nothing answers."""
        try:
            self._client.get("/health/live").raise_for_status()
        except httpx2.HTTPError as error:
            raise ServiceUnreachable(
                f"No transcription service answers at {self._url}: start it, or correct --service."
            ) from error

    def measure(
        self, model: str | None, recordings: Sequence[Recording], on_done: Callable[[str], None]
    ) -> Measurement:
        """Transcribe all recordings with `model`, or with the service's own choice."""
        transcriptions: list[Transcription] = []
        problems: list[Problem] = []
        result: dict[str, Any] = {}
        for recording in recordings:
            started = time.perf_counter()
            try:
                result = self._transcribe(recording, model)
            except (_TaskFailed, httpx2.HTTPError, OSError) as error:
                problems.append(Problem(recording.name, str(error) or type(error).__name__))
            else:
                seconds = time.perf_counter() - started
                transcriptions.append(_transcription(recording.name, result, seconds))
                problems += [Problem(recording.name, warning) for warning in result.get("warnings", ())]
            on_done(recording.name)
        engine = f"service ({result['engine']})" if result.get("engine") else "service"
        return Measurement(
            variant=Variant(str(result.get("model") or model or SERVICE_DEFAULT), engine),
            transcriptions=tuple(transcriptions),
            problems=tuple(problems),
            device=result.get("device"),
            compute_type=result.get("compute_type"),
        )

    def _transcribe(self, recording: Recording, model: str | None) -> dict[str, Any]:
        with recording.audio.open("rb") as audio:
            answer = self._client.post(
                "/transcribe/",
                params={"model": model} if model else {},
                files={"file": (recording.name, audio)},
            )
        return self._wait(_content(answer)["task_id"])

    def _wait(self, task_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + self._timeout_seconds
        while time.monotonic() < deadline:
            state = _content(self._client.get(f"/transcribe/{task_id}"))
            if state["status"] == "done":
                result: dict[str, Any] = state["result"]
                return result
            if state["status"] == "error":
                raise _TaskFailed(state["error"]["message"])
            time.sleep(POLL_SECONDS)
        raise _TaskFailed(f"Not done within {self._timeout_seconds:g} s: is a worker running?")


def _content(answer: httpx2.Response) -> dict[str, Any]:
    try:
        content: dict[str, Any] = answer.json()
    except ValueError:
        raise _TaskFailed(f"The service answered {answer.status_code} without JSON.") from None
    if answer.is_error:
        raise _TaskFailed(str(content.get("detail") or f"The service answered {answer.status_code}."))
    return content


def _transcription(name: str, result: dict[str, Any], seconds: float) -> Transcription:
    return Transcription(
        name=name,
        text=result["text"],
        language=result.get("language"),
        audio_seconds=result.get("duration"),
        processing_seconds=seconds,
    )
