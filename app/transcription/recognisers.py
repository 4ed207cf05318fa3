"""Who transcribes: a real model, or the fake engine of the tests."""

from pathlib import Path
from typing import Protocol

from app.asr.backends import fake
from app.core.config import Settings
from app.schemas.transcript import Transcript
from app.transcription import fake_sharing
from app.transcription.lending import Borrower
from app.transcription.recording import SpeechRecogniser
from app.transcription.request import Job, Watch
from app.transcription.sharing import SharingRules


class Recogniser(Protocol):
    """Makes a transcript of a job; `processing_seconds` is the caller's to fill in."""

    def transcribe(self, job: Job, watch: Watch) -> Transcript:
        """Raises the TaskErrors of app.core.errors."""

    def take_stage_seconds(self) -> dict[str, float]:
        """See app.asr.stages.StageClock.take."""

    def help(self, job: Job, borrower: Borrower, watch: Watch) -> None:
        """Decode windows of a recording that another worker has. Raises the same."""


class FakeRecogniser:
    """ENGINE=fake: the file itself says what happens."""

    def __init__(self, cache_dir: Path, sharing: SharingRules) -> None:
        self._cache_dir = cache_dir
        self._sharing = sharing

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
            decode=fake_sharing.decode_by(job, watch, self._sharing),
        )

    def take_stage_seconds(self) -> dict[str, float]:
        """It has no stages."""
        return {}

    def help(self, job: Job, borrower: Borrower, watch: Watch) -> None:
        """The same for windows of another worker's recording."""
        fake_sharing.help_with(job, borrower, watch, self._cache_dir)


def recogniser_for(settings: Settings) -> Recogniser:
    """The recogniser that ENGINE names."""
    if settings.engine == "fake":
        return FakeRecogniser(settings.cache_dir, SharingRules.from_settings(settings))
    return SpeechRecogniser.from_settings(settings)
