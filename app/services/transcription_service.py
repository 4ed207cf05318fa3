"""The use case of a worker: a task in, a transcript out."""

import time
from pathlib import Path

from app.core.config import Settings
from app.core.decorators import stage
from app.core.errors import AudioMissing, EngineFailed, ServiceError
from app.engines.base import DecodeOptions
from app.net.fetch import FetchLimits, fetch
from app.net.guard import AddressPolicy
from app.schemas.task import Task, TaskKind
from app.schemas.transcript import Transcript
from app.schemas.window import Checkpoint
from app.services.jobs import Job, Watch
from app.services.recognisers import recogniser_for
from app.storage.files import PART_SUFFIX
from app.storage.local import LocalStorage
from app.weights.catalog import resolve_model

FETCH_IDLE_SECONDS = 60.0
"""Longest silence of whoever has the recording."""


class TranscriptionService:
    """Transcribes tasks; keeps models loaded between them. May be called from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._storage = LocalStorage(settings)
        self._recogniser = recogniser_for(settings)
        self._policy = AddressPolicy.from_settings(settings)
        self._limits = FetchLimits(settings.max_upload_bytes, settings.fetch_seconds, FETCH_IDLE_SECONDS)

    @stage("transcribe")
    def transcribe(self, task: Task, checkpoint: Checkpoint | None, watch: Watch) -> Transcript:
        """Transcribe one task, going on from `checkpoint`.

        Raises UnknownModel, UnsafeAddress or a TaskError; failures of the runtime are EngineFailed.
        """
        started = time.perf_counter()
        try:
            self._fetch(task, watch)
            transcript = self._recogniser.transcribe(self._job(task, checkpoint), watch)
        except ServiceError:
            raise
        except MemoryError as error:
            raise EngineFailed("There was not enough memory to transcribe the recording.") from error
        except OSError as error:  # of the disk that the recording is fetched to
            raise EngineFailed(f"The recording could not be stored: {error.strerror or error}") from error
        except RuntimeError as error:
            raise EngineFailed(f"The model's runtime failed: {error}") from error
        seconds = round(time.perf_counter() - started, 3)
        return _timed(transcript, seconds)

    def _fetch(self, task: Task, watch: Watch) -> None:
        """Have the recording here, where the task names an address."""
        if task.url is None:
            return
        path = self._storage.path_of(task)
        if not path.is_file():
            part = path.with_suffix(PART_SUFFIX)
            fetch(task.url, part, self._limits, self._policy, watch.should_stop)
            part.rename(path)

    def _recording(self, task: Task) -> Path:
        path = self._storage.path_of(task)
        if not path.is_file():
            raise AudioMissing("The uploaded recording is no longer there; upload it again.")
        return path

    def _job(self, task: Task, checkpoint: Checkpoint | None) -> Job:
        settings = self._settings
        return Job(
            path=self._recording(task),
            model=resolve_model(task.model or settings.default_model, settings.cache_dir),
            trim=task.trim or settings.default_trim,
            options=DecodeOptions(
                beam_size=settings.whisper_beam_size,
                language=task.language,
                translate=task.task is TaskKind.TRANSLATE,
                prompt=task.prompt,
                hotwords=task.hotwords,
                temperature=task.temperature,
                word_timestamps=task.word_timestamps,
            ),
            vad=task.vad,
            duration=task.duration,
            checkpoint=checkpoint,
        )


def _timed(transcript: Transcript, seconds: float) -> Transcript:
    provenance = transcript.provenance
    if provenance is not None and transcript.duration:
        factor = round(seconds / transcript.duration, 4)
        provenance = provenance.model_copy(update={"real_time_factor": factor})
    return transcript.model_copy(update={"processing_seconds": seconds, "provenance": provenance})
