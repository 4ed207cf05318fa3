"""Measures one model with one engine, in child processes that may crash without ending the benchmark."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from app.core.config import Settings
from app.core.errors import ServiceError
from app.weights.onnx_models import forms_of
from app.weights.onnx_store import ensure_onnx_weights
from app.weights.store import WeightStore
from benchmark.journal import Journal
from benchmark.messages import Ended, Event, Failed, Job, Loaded, Served, Transcribed, to_event
from benchmark.recordings import Recording
from benchmark.results import Measurement, Problem, Transcription, Variant

ENGINES = ("faster-whisper", "openai-whisper")
"""All engines; each has the name of the package that it comes in."""

FAKE_ENGINE = "fake"
"""That of the tests (app.asr.backends.fake): it is offered to nobody."""

_ENGINE_SETTINGS = {
    "cache_dir",
    "device",
    "encoder_context",
    "compute_type",
    "cpu_threads",
    "model_downloads",
    "whisper_beam_size",
}


def installed_engines() -> list[str]:
    """Engines that can run here."""
    return [engine for engine in ENGINES if _is_installed(engine)]


def _is_installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Conditions:
    """How to transcribe, where the variant does not say it; `language` None lets the engine detect it."""

    settings: Settings
    language: str | None = None

    def of(self, variant: Variant) -> dict[str, Any]:
        """The settings of a variant's process, as keyword arguments of Settings."""
        own = {"compute_type": variant.compute_type, "whisper_beam_size": variant.beam_size}
        return (
            self.settings.model_dump(mode="json", include=_ENGINE_SETTINGS)
            | {name: value for name, value in own.items() if value is not None}
            | {"engine": variant.engine}
        )

    def key(self, variant: Variant) -> str:
        """Names the work of a variant in the journal: what its figures depend on."""
        return json.dumps([variant.model, self.language, self.of(variant)], sort_keys=True)


def measure(
    variant: Variant,
    recordings: Sequence[Recording],
    conditions: Conditions,
    on_done: Callable[[str], None],
    journal: Journal | None = None,
) -> Measurement:
    """Transcribe all recordings but those that `journal` holds; `on_done` hears each one's name.

    Raises nothing that a variant can cause.
    """
    run = _Run(variant, conditions, on_done, journal)
    waiting = run.recall(recordings)
    try:
        if waiting:
            _prepare_weights(variant, conditions.settings)
    except ServiceError as error:
        run.problems.append(Problem(None, error.detail))
        return run.measurement()
    while waiting:
        waiting = run.attempt(waiting)
    return run.measurement()


def _prepare_weights(variant: Variant, settings: Settings) -> None:
    """Fetch or convert here, so that neither counts as loading."""
    store = WeightStore(settings.cache_dir, downloads=settings.model_downloads)
    if variant.engine == FAKE_ENGINE:
        return
    if variant.engine == "onnx-asr":
        forms = forms_of(variant.compute_type or settings.compute_type)
        ensure_onnx_weights(settings.cache_dir, variant.model, forms, downloads=settings.model_downloads)
    elif variant.engine == "openai-whisper":
        store.ensure_openai(variant.model)
    else:
        store.ensure_ct2(variant.model)


@dataclass(slots=True)
class _Run:
    """What one variant's child processes have told so far."""

    variant: Variant
    conditions: Conditions
    on_done: Callable[[str], None]
    journal: Journal | None = None
    transcriptions: list[Transcription] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    loaded: Loaded | None = None
    peak_memory_mb: float | None = None
    gpu_peak_mb: float | None = None

    def recall(self, recordings: Sequence[Recording]) -> list[Recording]:
        """Take what an earlier run has done; the recordings that it has not."""
        waiting = {str(recording.audio): recording for recording in recordings}
        for event in self.journal.events(self.conditions.key(self.variant)) if self.journal else ():
            if isinstance(event, Served):
                continue  # of a service, under whose key nothing of ours is
            if isinstance(event, Loaded) or event.audio in waiting:
                self._take(event, waiting)
        return list(waiting.values())

    def attempt(self, recordings: Sequence[Recording]) -> list[Recording]:
        """Transcribe in one child; if it dies, name what it died of and return the later ones."""
        waiting = {str(recording.audio): recording for recording in recordings}
        loaded = False
        with self._start(list(waiting)) as child:
            for event in _events(child):
                if isinstance(event, Ended):
                    self._note_peak(event.peak_memory_mb)
                    return []
                loaded = loaded or isinstance(event, Loaded)
                self._keep(event, waiting)
        death = _death(child.returncode)
        if not loaded:
            self.problems.append(Problem(None, f"The measuring process {death} while it loaded the model."))
            return []
        culprit = next(iter(waiting))
        message = f"The measuring process {death} during this recording."
        self._keep(Failed(audio=culprit, message=message), waiting)
        return list(waiting.values())

    def _start(self, audios: Sequence[str]) -> "subprocess.Popen[bytes]":
        job = Job(
            model=self.variant.model,
            language=self.conditions.language,
            audios=tuple(audios),
            settings=self.conditions.of(self.variant),
        )
        child = subprocess.Popen(
            [sys.executable, "-m", "benchmark.child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert child.stdin is not None
        with suppress(BrokenPipeError), child.stdin:  # a child that died at once is noticed by its silence
            child.stdin.write(job.line())
        return child

    def _keep(self, event: Loaded | Transcribed | Failed, waiting: dict[str, Recording]) -> None:
        if self.journal is not None:
            self.journal.add(self.conditions.key(self.variant), event)
        self._take(event, waiting)

    def _take(self, event: Loaded | Transcribed | Failed, waiting: dict[str, Recording]) -> None:
        if isinstance(event, Loaded):
            self.loaded = self.loaded or event
            return
        name = waiting.pop(event.audio).name if event.audio is not None else None
        if isinstance(event, Failed):
            self.problems.append(Problem(name, event.message))
        else:
            assert name is not None
            self.transcriptions.append(_transcription(name, event))
            self.problems.extend(Problem(name, warning) for warning in event.warnings)
            self._note_peak(event.peak_memory_mb)
            self._note_gpu(event.gpu_peak_mb)
        if name is not None:
            self.on_done(name)

    def _note_gpu(self, peak_mb: float | None) -> None:
        if peak_mb is not None:
            self.gpu_peak_mb = max(peak_mb, self.gpu_peak_mb or 0)

    def _note_peak(self, peak_memory_mb: float) -> None:
        self.peak_memory_mb = max(peak_memory_mb, self.peak_memory_mb or 0)

    def measurement(self) -> Measurement:
        """All of it."""
        return Measurement(
            variant=self.variant,
            transcriptions=tuple(self.transcriptions),
            problems=tuple(self.problems),
            device=self.loaded.device if self.loaded else None,
            compute_type=self.loaded.compute_type if self.loaded else None,
            load_seconds=self.loaded.load_seconds if self.loaded else None,
            peak_memory_mb=self.peak_memory_mb,
            gpu_peak_mb=self.gpu_peak_mb,
        )


def _events(child: "subprocess.Popen[bytes]") -> Iterator[Event]:
    assert child.stdout is not None
    for line in child.stdout:
        yield to_event.validate_json(line)


def _transcription(name: str, event: Transcribed) -> Transcription:
    return Transcription(
        name=name,
        text=event.text,
        language=event.language,
        audio_seconds=event.audio_seconds,
        processing_seconds=event.processing_seconds,
        joules=event.joules,
    )


def _death(returncode: int) -> str:
    return f"was killed by signal {-returncode}" if returncode < 0 else f"ended with status {returncode}"
