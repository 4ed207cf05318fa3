"""Measures a running service as a client sees it: from the POST to the answer `done`."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx2

from benchmark.journal import Journal, Kept
from benchmark.messages import Served
from benchmark.recordings import Recording
from benchmark.results import Measurement, Problem, Transcription, Variant

POLL_SECONDS = 0.1
"""Time between two GETs; the measured seconds are late by at most this much."""

SERVICE_DEFAULT = "default"
"""Name of the model in a request that names none."""


KEPT = ("text", "language", "duration", "model", "engine", "device", "compute_type", "warnings")
"""Of a result, what the benchmark looks at."""


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
        self,
        model: str | None,
        recordings: Sequence[Recording],
        on_done: Callable[[str], None],
        journal: Journal | None = None,
    ) -> Measurement:
        """Transcribe what the journal does not hold with `model`, or with the service's own choice."""
        done: list[tuple[str, Served]] = []
        problems: list[Problem] = []
        key = json.dumps([self._url, model])
        earlier = _served(journal.events(key)) if journal is not None else {}
        for recording in recordings:
            try:
                served = earlier.get(str(recording.audio)) or self._serve(recording, model)
            except (_TaskFailed, httpx2.HTTPError, OSError) as error:
                # Not for the journal: a service that was stopped meanwhile shall be asked again.
                problems.append(Problem(recording.name, str(error) or type(error).__name__))
            else:
                if journal is not None and str(recording.audio) not in earlier:
                    journal.add(key, served)
                done.append((recording.name, served))
                warnings = served.result.get("warnings", ())
                problems += [Problem(recording.name, warning) for warning in warnings]
            on_done(recording.name)
        return _measurement(model, done, problems)

    def _serve(self, recording: Recording, model: str | None) -> Served:
        started = time.perf_counter()
        result = self._transcribe(recording, model)
        seconds = time.perf_counter() - started
        kept = {name: result[name] for name in KEPT if name in result}
        return Served(audio=str(recording.audio), seconds=seconds, result=kept)

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


def _served(events: Sequence[Kept]) -> dict[str, Served]:
    return {event.audio: event for event in events if isinstance(event, Served)}


def _measurement(
    model: str | None, done: Sequence[tuple[str, Served]], problems: Sequence[Problem]
) -> Measurement:
    last = done[-1][1].result if done else {}
    engine = f"service ({last['engine']})" if last.get("engine") else "service"
    return Measurement(
        variant=Variant(str(last.get("model") or model or SERVICE_DEFAULT), engine),
        transcriptions=tuple(_transcription(name, served) for name, served in done),
        problems=tuple(problems),
        device=last.get("device"),
        compute_type=last.get("compute_type"),
    )


def _transcription(name: str, served: Served) -> Transcription:
    return Transcription(
        name=name,
        text=served.result["text"],
        language=served.result.get("language"),
        audio_seconds=served.result.get("duration"),
        processing_seconds=served.seconds,
    )
