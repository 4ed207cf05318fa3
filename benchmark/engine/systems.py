"""What is compared: this project's engine, faster-whisper as people use it, and other programs by name."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.asr.backends.faster_whisper import load
from app.asr.backends.faster_whisper.tuning import Tuning
from app.asr.base import DecodeOptions, Engine
from app.asr.hardware import tasks_in_flight
from app.asr.scheduling.dispatcher import Dispatcher
from app.asr.scheduling.models import ModelPool
from app.asr.stages import StageClock
from app.audio.chunker import ChunkRules
from app.audio.listening import Listening
from app.audio.reading.pool import readers_for
from app.core.config import Settings
from app.core.machine import usable_cores
from app.speakers.model import VoiceModel
from app.transcription.recording import SpeechRecogniser
from app.transcription.request import UNWATCHED, Job
from app.weights.store import WeightStore
from benchmark.engine.messages import Round, Said
from benchmark.engine.our_service import OurService
from benchmark.engine.rivals import OpenAIWhisper, Server, WhisperCpp, WhisperX
from benchmark.engine.system import InProcess, System, compute_type_on_cpu

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.transcribe import Segment, TranscriptionInfo


class Windows(InProcess):
    """This project's engine, all recordings at a time, as a worker has them."""

    def __init__(self, order: Round, settings: Settings) -> None:
        self._model = order.model
        self._options = DecodeOptions(beam_size=order.beam_size)
        self._threads = tasks_in_flight(settings)
        self._stages = StageClock()
        tuning = replace(Tuning(), **order.tuning) if order.tuning else None
        pool = _TunedPool(settings, tuning, self._stages)
        self._recogniser = SpeechRecogniser(
            Dispatcher(pool, stages=self._stages),
            readers_for(settings),
            ChunkRules(**order.rules),
            VoiceModel(settings.cache_dir, downloads=False),
            self._stages,
        )
        self._recogniser.load(order.model)
        self._spent: dict[str, float] = {}

    def transcribe(self, paths: Sequence[Path]) -> list[Said]:
        self._stages.take()
        with ThreadPoolExecutor(self._threads) as threads:
            said = list(threads.map(self._one, paths))
        self._spent = self._stages.take()
        return said

    def device_busy(self) -> float | None:
        """See System."""
        busy, held = (self._spent.get(f"device_{state}_seconds", 0.0) for state in ("busy", "held"))
        return busy / (busy + held) if busy else None

    def _one(self, path: Path) -> Said:
        job = Job(path=path, model=self._model, listening=Listening(), options=self._options)
        transcript = self._recogniser.transcribe(job, UNWATCHED)
        return Said(path=str(path), text=transcript.text, language=transcript.language)


class _TunedPool(ModelPool):
    """Loads models with numbers of the benchmark's own."""

    def __init__(self, settings: Settings, tuning: Tuning | None, stages: StageClock) -> None:
        super().__init__(settings, stages)
        self._tuning = tuning

    def load(self, model: str) -> Engine:
        return load(self._store.ensure_ct2(model), model, self._settings, self._tuning, self._stages)


class FileByFile(InProcess):
    """faster-whisper as people use it: one recording after the other, all settings as they come."""

    def __init__(self, call: Callable[[str], tuple[Iterable["Segment"], "TranscriptionInfo"]]) -> None:
        self._call = call

    def transcribe(self, paths: Sequence[Path]) -> list[Said]:
        return [self._one(path) for path in paths]

    def _one(self, path: Path) -> Said:
        segments, info = self._call(str(path))
        return Said(path=str(path), text="".join(each.text for each in segments), language=info.language)


def sequential(order: Round, settings: Settings) -> FileByFile:
    """`WhisperModel.transcribe`."""
    return FileByFile(partial(_whisper_model(order, settings).transcribe, beam_size=order.beam_size))


def batched(order: Round, settings: Settings) -> FileByFile:
    """`BatchedInferencePipeline.transcribe`, with its default batch of 8."""
    from faster_whisper import BatchedInferencePipeline

    pipeline = BatchedInferencePipeline(_whisper_model(order, settings))
    return FileByFile(partial(pipeline.transcribe, beam_size=order.beam_size, batch_size=8))


def _whisper_model(order: Round, settings: Settings) -> "WhisperModel":
    from faster_whisper import WhisperModel

    folder = WeightStore(settings.cache_dir, downloads=settings.model_downloads).ensure_ct2(order.model)
    compute_type = compute_type_on_cpu(settings)
    return WhisperModel(str(folder), device="cpu", compute_type=compute_type, cpu_threads=usable_cores())


SYSTEMS: dict[str, Callable[[Round, Settings], System]] = {
    "windows": Windows,
    "sequential": sequential,
    "batched": batched,
    "service": OurService,
    "openai-whisper": OpenAIWhisper,
    "whisper.cpp": WhisperCpp,
    "whisperx": WhisperX,
    "server": Server,
}
