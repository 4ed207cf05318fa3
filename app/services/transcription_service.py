"""The use case of a worker: a task in, a transcript out."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from app.core.config import Settings
from app.core.errors import AudioMissing, EngineFailed, ServiceError
from app.schemas.task import Task
from app.schemas.transcript import Transcript
from app.services.recognisers import Job, Watch, recogniser_for
from app.storage.local import LocalStorage
from app.weights.catalog import resolve_model

logger = logging.getLogger(__name__)


class TranscriptionService:
    """Transcribes tasks; keeps models loaded between them. May be called from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._storage = LocalStorage(settings)
        self._recogniser = recogniser_for(settings)

    def transcribe(
        self, task: Task, *, on_progress: Callable[[float], None], should_stop: Callable[[], bool]
    ) -> Transcript:
        """Transcribe one task. Raises UnknownModel or a TaskError; failures of the runtime are EngineFailed.

        `on_progress` hears 0 when the model is loaded, 1 at the end; `should_stop` is asked between segments.
        """
        started = time.perf_counter()
        try:
            transcript = self._recogniser.transcribe(self._job(task), Watch(on_progress, should_stop))
        except ServiceError:
            raise
        except MemoryError as error:
            raise EngineFailed("There was not enough memory to transcribe the recording.") from error
        except RuntimeError as error:
            raise EngineFailed(f"The model's runtime failed: {error}") from error
        seconds = round(time.perf_counter() - started, 3)
        return transcript.model_copy(update={"processing_seconds": seconds})

    def _recording(self, task: Task) -> Path:
        path = self._storage.path_of(task)
        if not path.is_file():
            raise AudioMissing("The uploaded recording is no longer there; upload it again.")
        return path

    def _job(self, task: Task) -> Job:
        settings = self._settings
        return Job(
            path=self._recording(task),
            model=resolve_model(task.model or settings.default_model, settings.cache_dir),
            trim=task.trim or settings.default_trim,
        )
