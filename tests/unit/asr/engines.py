"""An engine and a pool without models, whose batches end when a test says so."""

import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from app.asr.base import DecodeOptions, EngineInfo, WindowRequest
from app.audio.samples import SAMPLE_RATE, Samples
from app.audio.windows import TimeAnchor, Window
from app.core.errors import DeviceLost, EngineFailed, ModelUnavailable, OutOfDeviceMemory
from app.schemas.window import WindowTranscript
from tests.support.serving import PATIENCE_SECONDS


def request(number: int = 0, seconds: float = 5.0, language: str | None = None) -> WindowRequest:
    """A window of silence."""
    samples = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    return WindowRequest(whole_window(samples, number=number), DecodeOptions(language=language))


def whole_window(
    samples: Samples, *speech: tuple[float, float], number: int = 0, start: float = 0.0
) -> Window:
    """A window of all of these samples; in its whole length somebody speaks unless `speech` says where."""
    end = start + len(samples) / SAMPLE_RATE
    spans = speech or ((start, end),)
    return Window(number, start, end, samples, spans, (TimeAnchor(start, 0.0),), spans)


class HeldEngine:
    """Groups windows by their length; `transcribe` waits for `release`, and notes what it was given."""

    def __init__(
        self,
        model: str = "base",
        *,
        decode_workers: int = 1,
        batch_size: int = 4,
        fits: int = 99,
        device: str = "cpu",
    ) -> None:
        self.info = EngineInfo("held", model, device, "int8", "short", "sha256:0", {})
        self.decode_workers = decode_workers
        self.batch_size = batch_size
        self.batches: list[list[float]] = []
        self.prepared: list[threading.Thread] = []
        self.closed = False
        self.poison: float | None = None
        self.is_lost = False
        self._fits = fits
        self._changed = threading.Condition()
        self._released = 0

    def max_batch(self, request: WindowRequest) -> int:
        return self.batch_size

    def group(self, request: WindowRequest) -> Hashable:
        return round(request.window.seconds / 10)

    def prepare(self, request: WindowRequest) -> WindowRequest:
        self.prepared.append(threading.current_thread())
        return request

    def transcribe(self, batch: Sequence[WindowRequest]) -> list[WindowTranscript]:
        with self._changed:
            self.batches.append([each.window.seconds for each in batch])
            mine = len(self.batches)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._released >= mine, timeout=PATIENCE_SECONDS)
        if self.is_lost:
            raise DeviceLost("CUDA failed with error unspecified launch failure")
        if len(batch) > self._fits:
            raise OutOfDeviceMemory("CUDA out of memory")
        if self.poison in [each.window.seconds for each in batch]:
            raise EngineFailed("poison")
        return [
            WindowTranscript(number=each.window.number, start=0, end=each.window.seconds) for each in batch
        ]

    def release(self, batches: int = 1) -> None:
        """Let so many more batches end, in the order in which they began."""
        with self._changed:
            self._released += batches
            self._changed.notify_all()

    def wait_for(self, batches: int) -> list[list[float]]:
        """Wait until so many batches have begun."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.batches) >= batches, timeout=PATIENCE_SECONDS)
            return [sorted(batch) for batch in self.batches]

    def close(self) -> None:
        self.closed = True


class HeldPool:
    """A ModelPool of HeldEngines; `make` builds one."""

    def __init__(
        self, capacity: int = 1, make: Callable[[str], HeldEngine] = HeldEngine, rungs: int = 0
    ) -> None:
        self.capacity = capacity
        self.made: dict[str, list[HeldEngine]] = defaultdict(list)
        self._make = make
        self._rungs = rungs
        self._engines: dict[str, HeldEngine] = {}
        self._loaded = threading.Condition()

    @property
    def loaded(self) -> tuple[str, ...]:
        return tuple(self._engines)

    def get(self, model: str) -> HeldEngine | None:
        return self._engines.get(model)

    def load(self, model: str) -> HeldEngine:
        if model == "missing":
            raise ModelUnavailable("no such weights")
        return self._make(model)

    def put(self, model: str, engine: HeldEngine) -> None:
        self._engines[model] = engine
        with self._loaded:
            self.made[model].append(engine)
            self._loaded.notify_all()

    def wait_for(self, model: str, loads: int) -> HeldEngine:
        """Wait until a model has been loaded so many times; its engine then."""
        with self._loaded:
            assert self._loaded.wait_for(lambda: len(self.made[model]) >= loads, timeout=PATIENCE_SECONDS)
            return self.made[model][loads - 1]

    def evict(self, model: str) -> None:
        self._engines.pop(model).close()

    def step_down(self, model: str) -> bool:
        self._rungs -= 1
        return self._rungs >= 0
