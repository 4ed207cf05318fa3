"""The use case of a worker: a task in, a transcript out."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from app.core.config import Settings
from app.core.errors import AudioMissing, EngineFailed, InvalidTask, ServiceError
from app.schemas.task import Task
from app.schemas.transcript import Transcript
from app.services.recognisers import Job, Watch, recogniser_for
from app.weights.catalog import resolve_model

logger = logging.getLogger(__name__)


class TranscriptionService:
    """Transcribes tasks; keeps models loaded between them. May be called from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
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

    def _job(self, task: Task) -> Job:
        settings = self._settings
        return Job(
            path=_recording(task.file_path, settings.upload_dir),
            model=resolve_model(task.model or settings.default_model, settings.cache_dir),
            trim=task.trim or settings.default_trim,
        )


def _recording(file_path: str, upload_dir: Path) -> Path:
    """Path of a task's recording; what lies outside UPLOAD_DIR, also through a link, is nobody's to read."""
    root = upload_dir.resolve()
    try:
        # A foreign producer on the same machine may write UPLOAD_DIR as part of a relative path.
        candidates = [(root / file_path).resolve(), Path(file_path).resolve()]
    except (ValueError, OSError, RuntimeError) as error:
        raise InvalidTask("The task's file_path is no path.") from error
    inside = [path for path in candidates if path.is_relative_to(root)]
    if not inside:
        raise InvalidTask("The task's file_path lies outside UPLOAD_DIR.")
    for path in inside:
        if path.is_file():
            return path
    raise AudioMissing("The uploaded recording is no longer there; upload it again.")
