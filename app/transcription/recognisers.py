"""Who transcribes: a real model, or the fake engine of the tests."""

from pathlib import Path
from typing import Protocol

from app.asr.backends import fake
from app.core.config import Settings
from app.schemas.transcript import Transcript
from app.transcription.recording import SpeechRecogniser
from app.transcription.request import Job, Watch


class Recogniser(Protocol):
    """Makes a transcript of a job; `processing_seconds` is the caller's to fill in."""

    def transcribe(self, job: Job, watch: Watch) -> Transcript:
        """Raises the TaskErrors of app.core.errors."""

    def take_stage_seconds(self) -> dict[str, float]:
        """See app.asr.stages.StageClock.take."""


class FakeRecogniser:
    """ENGINE=fake: the file itself says what happens."""

    def __init__(self, cache_dir: Path) -> None:
        self._cache_dir = cache_dir

    def transcribe(self, job: Job, watch: Watch) -> Transcript:
        """See app.asr.backends.fake.Script."""
        return fake.play(
            job.path,
            model=job.model,
            cache_dir=self._cache_dir,
            checkpoint=job.checkpoint,
            on_loading=watch.on_loading,
            on_loaded=watch.on_loaded,
            on_window=watch.on_window,
            check=watch.check,
        )

    def take_stage_seconds(self) -> dict[str, float]:
        """It has no stages."""
        return {}


def recogniser_for(settings: Settings) -> Recogniser:
    """The recogniser that ENGINE names."""
    if settings.engine == "fake":
        return FakeRecogniser(settings.cache_dir)
    return SpeechRecogniser.from_settings(settings)
