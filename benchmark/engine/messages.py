"""What the benchmark and its measuring processes say to each other: one JSON object each way."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True)


class Round(_Message):
    """One pass of one system over some recordings.

    `tuning` and `rules` change the windows' numbers; `options` are a system's own.
    """

    system: str
    model: str
    audios: tuple[str, ...]
    settings: dict[str, object]
    beam_size: int = 5
    tuning: dict[str, Any] = {}
    rules: dict[str, float] = {}
    options: dict[str, Any] = {}


class Said(_Message):
    """What was made of one recording."""

    path: str
    text: str
    language: str | None


class Passed(_Message):
    """A pass; `seconds` without loading the model, `cpu_seconds` those of all threads and processes.

    `device_busy` is the share of time in which the device worked while windows waited, if that is counted.
    """

    load_seconds: float
    seconds: float
    cpu_seconds: float | None
    peak_memory_mb: float | None
    device_busy: float | None = None
    said: tuple[Said, ...]

    @property
    def texts(self) -> dict[str, str]:
        """What was made of each recording, by its path."""
        return {said.path: said.text for said in self.said}
