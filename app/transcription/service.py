"""The use case of a worker: a task in, a transcript out."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from app.asr.base import DecodeOptions
from app.audio.calls import call_sides
from app.audio.limits import AudioLimits
from app.audio.listening import Listening
from app.audio.probe import probe
from app.core.config import Settings
from app.core.decorators import timed_stage
from app.core.errors import (
    AudioMissing,
    EngineFailed,
    NoAudio,
    RecordingUnreachable,
    StorageUnavailable,
    UnreadableAudio,
)
from app.core.recording_path import RecordingPath
from app.core.speed import SlowestSpeed
from app.net.address_policy import AddressPolicy
from app.net.fetch import FetchLimits, fetch
from app.queue.room import is_short
from app.schemas.known_speaker import KnownSpeaker, known_speakers
from app.schemas.task import ChannelMode, Task, TaskKind
from app.schemas.transcript import Transcript
from app.schemas.window import Checkpoint
from app.speakers.clustering import SpeakerCount
from app.storage.opening import open_storage
from app.transcription.lending import Borrower
from app.transcription.recognisers import recogniser_for
from app.transcription.request import Job, Watch
from app.weights.model_choice import choose_model

FETCH_IDLE_SECONDS = 60.0
"""Longest silence of whoever has the recording."""


class TranscriptionService:
    """Transcribes tasks; keeps models loaded between them. May be called from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._storage = open_storage(settings)
        self._recogniser = recogniser_for(settings)
        self._policy = AddressPolicy.from_settings(settings)
        self._limits = FetchLimits(
            max_bytes=settings.max_upload_bytes,
            seconds=settings.fetch_seconds,
            idle_seconds=FETCH_IDLE_SECONDS,
            slowest=SlowestSpeed(settings.min_transfer_bytes_per_second),
            min_free_bytes=settings.min_free_disk_bytes,
        )

    def take_stage_seconds(self) -> dict[str, float]:
        """See app.asr.stages.StageClock.take."""
        return self._recogniser.take_stage_seconds()

    @timed_stage("fetch")
    def fetch(self, task: Task, should_stop: Callable[[], bool]) -> float | None:
        """Have the recording here, where the task names an address; its length in seconds, if it can be told.

        Raises UnsafeAddress, StorageFull or a TaskError.
        """
        url = task.url
        if url is None:
            return task.duration
        with _translated():
            path = self._storage.recording_of(task) or self._storage.keep_fetched(
                task, lambda path: fetch(url, path, self._limits, self._policy, should_stop)
            )
        try:
            return probe(path).duration
        except (UnreadableAudio, NoAudio):
            return None  # whoever transcribes it will say what is wrong

    @timed_stage("transcribe")
    def transcribe(self, task: Task, checkpoint: Checkpoint | None, watch: Watch) -> Transcript:
        """Transcribe one task, going on from `checkpoint`.

        Raises UnknownModel, InvalidParameter, UnsafeAddress or a TaskError; failures of the runtime are
        EngineFailed.
        """
        started = time.perf_counter()
        with _translated():
            transcript = self._recogniser.transcribe(self._job(task, checkpoint), watch)
        seconds = round(time.perf_counter() - started, 3)
        return _finished(transcript, seconds, task.again_of)

    @timed_stage("help")
    def help(self, task: Task, borrower: Borrower, watch: Watch) -> None:
        """Decode windows of a task that another worker has. Raises the same."""
        with _translated():
            self._recogniser.help(self._job(task, None), borrower, watch)

    def _recording(self, task: Task) -> RecordingPath:
        path = self._storage.recording_of(task)
        if path is None:
            raise AudioMissing("The uploaded recording is no longer there; upload it again.")
        return path

    def _known_speakers(self, task: Task) -> tuple[KnownSpeaker, ...]:
        clips = self._storage.clips_of(task) if task.diarize and task.known_speakers else None
        return () if clips is None else known_speakers.validate_json(clips)

    def _listening(self, task: Task) -> Listening:
        return Listening(
            trim=task.trim or self._settings.default_trim,
            track=task.track,
            split=task.channels is ChannelMode.SPLIT,
            limits=AudioLimits.from_settings(self._settings),
        )

    def _job(self, task: Task, checkpoint: Checkpoint | None) -> Job:
        settings = self._settings
        # a task that a foreign program pushed says what it wants in its own words
        choice = choose_model(
            task.model or settings.default_model, task.task, task.language, task.languages, settings
        )
        path, listening = self._recording(task), self._listening(task)
        sides = call_sides(path, listening) if task.channels is ChannelMode.AUTO else None
        return Job(
            path=path,
            model=choice.model,
            listening=listening if sides is None else replace(listening, split=True),
            options=DecodeOptions(
                beam_size=settings.whisper_beam_size,
                language=choice.language,
                languages=choice.languages,
                translate=task.task is TaskKind.TRANSLATE,
                prompt=task.prompt,
                hotwords=task.hotwords,
                temperature=task.temperature,
                word_timestamps=task.word_timestamps or task.diarize,
            ),
            vad=task.vad,
            script=task.script or choice.script,
            known_speakers=self._known_speakers(task),
            sides=sides,
            speakers=SpeakerCount(*task.speakers or ()) if task.diarize else None,
            duration=task.duration,
            is_short=is_short(task, settings.short_seconds),
            checkpoint=checkpoint,
        )


@contextmanager
def _translated() -> Iterator[None]:
    """Errors of the runtime and of the disk as errors of the service."""
    try:
        yield
    except StorageUnavailable as error:
        raise RecordingUnreachable(error.detail) from error
    except MemoryError as error:
        raise EngineFailed("There was not enough memory to transcribe the recording.") from error
    except OSError as error:
        raise EngineFailed(f"The recording could not be stored or read: {error.strerror or error}") from error
    except RuntimeError as error:
        raise EngineFailed(f"The model's runtime failed: {error}") from error


def _finished(transcript: Transcript, seconds: float, again_of: str | None) -> Transcript:
    provenance = transcript.provenance
    if provenance is not None and transcript.duration:
        factor = round(seconds / transcript.duration, 4)
        provenance = provenance.model_copy(update={"real_time_factor": factor})
    return transcript.model_copy(
        update={"processing_seconds": seconds, "provenance": provenance, "again_of": again_of}
    )
