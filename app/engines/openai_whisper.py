"""The second engine: OpenAI's reference implementation, on torch."""

from collections.abc import Iterator
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.audio.samples import SAMPLE_RATE, Samples
from app.core.config import Settings
from app.core.errors import EngineFailed, ModelUnavailable
from app.engines.base import DecodeOptions, Recognition
from app.engines.hardware import model_threads
from app.schemas.transcript import Segment

if TYPE_CHECKING:
    from whisper.model import Whisper

BLOCK_SAMPLES = 120 * SAMPLE_RATE
"""Speech given to the model at a time: it answers at the end only, and progress cannot wait so long."""


def is_installed() -> bool:
    """Whether openai-whisper can be imported here."""
    return find_spec("whisper") is not None and find_spec("torch") is not None


class OpenAIWhisperEngine:
    """One torch model, loaded. Silence and noise are taken out as in faster-whisper."""

    name = "openai-whisper"

    def __init__(self, runtime: "Whisper", model: str, device: str) -> None:
        self._runtime = runtime
        self.model = model
        self.device = device
        self.compute_type = "float16" if device == "cuda" else "float32"

    def recognise(self, samples: Samples, options: DecodeOptions) -> Recognition:
        """Begin to transcribe; the first block is decoded at once, as it tells the language."""
        from faster_whisper.vad import get_speech_timestamps

        blocks = _blocks(samples, get_speech_timestamps(samples))
        first = next(blocks, None)
        if first is None:
            return Recognition(None, None, iter(()))
        language, probability = options.language, None
        if language is None:
            language, probability = self._language(first[0])
        known = DecodeOptions(options.beam_size, language)
        return Recognition(language, probability, self._segments(first, blocks, known))

    def close(self) -> None:
        """Free the model's memory."""
        import torch

        del self._runtime
        if self.device == "cuda":
            torch.cuda.empty_cache()

    def _language(self, speech: Samples) -> tuple[str, float | None]:
        import whisper

        if not self._runtime.is_multilingual:
            return "en", 1.0
        mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(speech), self._runtime.dims.n_mels)
        try:
            _, probabilities = self._runtime.detect_language(mel.to(self._runtime.device))
        except (RuntimeError, MemoryError) as error:
            raise EngineFailed(f"The model failed while detecting the language: {error}") from error
        language = max(probabilities, key=probabilities.__getitem__)
        return language, round(probabilities[language], 4)

    def _segments(
        self, first: "_Block", rest: "Iterator[_Block]", options: DecodeOptions
    ) -> Iterator[Segment]:
        number = 0
        for speech, clock in chain([first], rest):
            for raw in self._decode(speech, options):
                if raw["text"].strip():
                    yield _segment(number, raw, clock)
                    number += 1

    def _decode(self, speech: Samples, options: DecodeOptions) -> list[dict[str, Any]]:
        try:
            answer = self._runtime.transcribe(
                speech,
                language=options.language,
                beam_size=options.beam_size,
                best_of=options.beam_size,
                fp16=self.compute_type == "float16",
                verbose=None,
            )
        except (RuntimeError, MemoryError) as error:
            raise EngineFailed(f"The model failed while transcribing: {error}") from error
        segments: list[dict[str, Any]] = answer["segments"]
        return segments


def load(file: Path, model: str, settings: Settings) -> OpenAIWhisperEngine:
    """Load the checkpoint `file`. Raises ModelUnavailable or EngineFailed."""
    import torch
    import whisper

    device = _device(settings.device, torch.cuda.is_available())
    torch.set_num_threads(model_threads(settings.cpu_threads))
    try:
        runtime = whisper.load_model(str(file), device=device)
    except MemoryError as error:
        raise EngineFailed(f"There is not enough memory for the model {model!r}: {error}") from error
    except Exception as error:  # torch's words go unquoted: they recommend an unsafe way of loading
        raise ModelUnavailable(
            f"The weights of {model!r} cannot be loaded ({type(error).__name__}); "
            f"remove {file.name!r} from the model cache to fetch them again."
        ) from error
    return OpenAIWhisperEngine(runtime, model, device)


def _device(wanted: str, has_gpu: bool) -> str:
    if wanted == "cuda" and not has_gpu:
        raise ModelUnavailable(
            "DEVICE=cuda is set, but torch finds no NVIDIA GPU here; set DEVICE to auto or cpu."
        )
    return wanted if wanted != "auto" else "cuda" if has_gpu else "cpu"


class _Clock:
    """Times within joined speech to times within the recording."""

    def __init__(self, spans: list[dict[str, int]]) -> None:
        self._spans = spans

    def original(self, seconds: float, *, end: bool = False) -> float:
        """Time in the recording; at a seam, an end belongs before it and a start after it."""
        position = seconds * SAMPLE_RATE
        for span in self._spans:
            length = span["end"] - span["start"]
            if position < length or (end and position <= length):
                return (span["start"] + position) / SAMPLE_RATE
            position -= length
        return self._spans[-1]["end"] / SAMPLE_RATE


_Block = tuple[Samples, _Clock]


def _blocks(samples: Samples, spans: list[dict[str, int]]) -> Iterator[_Block]:
    import numpy as np

    waiting: list[dict[str, int]] = []
    for number, span in enumerate(spans, start=1):
        waiting.append(span)
        if number == len(spans) or sum(each["end"] - each["start"] for each in waiting) >= BLOCK_SAMPLES:
            yield np.concatenate([samples[each["start"] : each["end"]] for each in waiting]), _Clock(waiting)
            waiting = []


def _segment(number: int, raw: dict[str, Any], clock: _Clock) -> Segment:
    return Segment(
        id=number,
        start=round(clock.original(raw["start"]), 3),
        end=round(clock.original(raw["end"], end=True), 3),
        text=raw["text"],
        avg_logprob=raw["avg_logprob"],
        no_speech_prob=raw["no_speech_prob"],
        compression_ratio=raw["compression_ratio"],
        temperature=raw["temperature"],
    )
