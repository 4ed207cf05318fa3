"""From a file to a transcript: with a real model, or with the fake engine."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.audio.decode import DecodeReport, read_samples
from app.audio.samples import Samples
from app.core.config import Settings
from app.core.decorators import stage
from app.core.errors import TaskCancelled
from app.engines import fake
from app.engines.base import DecodeOptions, Engine
from app.engines.registry import ModelPool
from app.schemas.transcript import Segment, Transcript

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A recording and what is asked of it; `model` is a canonical name, `trim` in seconds."""

    path: Path
    model: str
    trim: float | None


@dataclass(frozen=True, slots=True)
class Watch:
    """How the caller follows a job: hears the fraction done (0 = model loaded), is asked whether to stop."""

    on_progress: Callable[[float], None]
    should_stop: Callable[[], bool]

    def check(self) -> None:
        """Raise TaskCancelled where the caller wants no more."""
        if self.should_stop():
            raise TaskCancelled("The task was cancelled.")

    def follow(self, segments: Iterable[Segment], seconds: float) -> Iterator[Segment]:
        """Pass segments on, checking and reporting at each."""
        for segment in segments:
            self.check()
            self.on_progress(min(1.0, segment.end / seconds))
            yield segment
        self.check()
        self.on_progress(1.0)


class Recogniser(Protocol):
    """Makes a transcript of a job; `processing_seconds` is the caller's to fill in."""

    def transcribe(self, job: Job, watch: Watch) -> Transcript:
        """Raises the TaskErrors of app.core.errors."""


class SpeechRecogniser:
    """Decodes the recording and runs a Whisper model on it."""

    def __init__(self, settings: Settings) -> None:
        self._pool = ModelPool(settings)
        self._options = DecodeOptions(beam_size=settings.whisper_beam_size)

    def transcribe(self, job: Job, watch: Watch) -> Transcript:
        """Decode first: a broken file costs no model."""
        samples, report = _decode(job)
        watch.check()
        with self._pool.borrow(job.model) as engine:
            watch.on_progress(0.0)
            return _recognise(engine, samples, report, self._options, watch)


class FakeRecogniser:
    """ENGINE=fake: the file itself says what happens."""

    def transcribe(self, job: Job, watch: Watch) -> Transcript:
        """See app.engines.fake.Script."""
        return fake.play(
            job.path, model=job.model, on_progress=watch.on_progress, should_stop=watch.should_stop
        )


def recogniser_for(settings: Settings) -> Recogniser:
    """The recogniser that ENGINE names."""
    return FakeRecogniser() if settings.engine == "fake" else SpeechRecogniser(settings)


@stage("decode")
def _decode(job: Job) -> tuple[Samples, DecodeReport]:
    return read_samples(job.path, trim=job.trim)


@stage("transcribe")
def _recognise(
    engine: Engine, samples: Samples, report: DecodeReport, options: DecodeOptions, watch: Watch
) -> Transcript:
    recognition = engine.recognise(samples, options)
    segments = tuple(watch.follow(recognition.segments, report.seconds))
    return Transcript(
        text="".join(segment.text for segment in segments).strip(),
        language=recognition.language,
        language_probability=recognition.language_probability,
        duration=round(report.seconds, 3),
        segments=segments,
        model=engine.model,
        engine=engine.name,
        compute_type=engine.compute_type,
        device=engine.device,
        processing_seconds=0.0,
        trimmed=report.trimmed,
        warnings=report.warnings,
    )
