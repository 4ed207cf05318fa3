"""One model of onnx-asr: windows to tokens, greedily, and tokens to segments and words.

There is no prompt, no beam and no temperature, and no second try: a window is decoded once.
Speech without words is named, not decoded again.
"""

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.asr.assembly import window_transcript
from app.asr.backends.onnx_asr.words import aligned_words, mean_logprob, probabilities_of, spelt_words
from app.asr.base import EngineInfo, WindowRequest
from app.asr.coverage import WindowDraft
from app.asr.device_errors import translated_errors
from app.asr.fallback import DecodingResult
from app.asr.hypothesis import Hypothesis
from app.asr.language import UNDETERMINED, Languages
from app.asr.words import to_words
from app.audio.samples import SAMPLE_RATE, Samples
from app.core.errors import EngineRefused
from app.schemas.window import WindowTranscript
from app.weights.onnx_models import OnnxModel

if TYPE_CHECKING:
    from onnx_asr.adapters import RecognizeOptions, TimestampedResultsAsrAdapter
    from onnx_asr.asr import TimestampedResult

LEAST_SAMPLES = SAMPLE_RATE // 4
"""Shorter sounds get silence behind them: networks need some frames, and one alone has no spread."""

LENGTH_CLASS_SECONDS = 7.0
"""Windows that share a batch are filled up with silence to the longest."""


class OnnxAsrEngine:
    """One model, loaded. Thread-safe, as the sessions of onnxruntime are; decoding keeps nothing."""

    def __init__(
        self,
        runtime: "TimestampedResultsAsrAdapter",
        model: OnnxModel,
        info: EngineInfo,
        decode_workers: int,
        batch_size: int,
    ) -> None:
        self._runtime = runtime
        self._model = model
        self.info = info
        self.decode_workers = decode_workers
        self._batch_size = batch_size

    def max_batch(self, _: WindowRequest) -> int:
        """As many of any length."""
        return self._batch_size

    def group(self, request: WindowRequest) -> Hashable:
        """Windows of about one length, and of one language where the model is told it."""
        length = int(request.window.seconds // LENGTH_CLASS_SECONDS)
        if not self._model.is_told_language:
            return length
        return length, self._language(request), request.options.translate

    def prepare(self, request: WindowRequest) -> WindowRequest:
        """Nothing: the network has its own features."""
        return request

    def transcribe(self, batch: Sequence[WindowRequest]) -> list[WindowTranscript]:
        """Transcribe the windows of one batch.

        Raises EngineFailed, OutOfDeviceMemory or DeviceLost, and EngineRefused where the model must be told a
        language.
        """
        told = self._told(batch[0])
        sounds: list[str | Path | Samples] = [_padded(request.window.samples) for request in batch]
        probe = (lambda: self._probe(told)) if self.info.device == "cuda" else None
        with translated_errors(Exception, probe):  # those of onnxruntime are no RuntimeErrors
            results = self._runtime.recognize(sounds, sample_rate=16_000, **told)
        return [self._transcript(*each) for each in zip(batch, results, strict=True)]

    def close(self) -> None:
        """Free the model's memory."""
        del self._runtime

    def _probe(self, told: "RecognizeOptions") -> None:
        """Decode a short silence."""
        self._runtime.recognize(np.zeros(SAMPLE_RATE, np.float32), sample_rate=16_000, **told)

    def _told(self, request: WindowRequest) -> "RecognizeOptions":
        """What the decoder is told: nothing, unless it knows several languages and detects none."""
        if not self._model.is_told_language:
            return {}
        language = self._language(request)
        if language not in self._model.languages:
            raise EngineRefused(
                f"The model {self.info.model!r} must be told which language is spoken, one of: "
                f"{', '.join(self._model.languages)}."
            )
        return {"language": language, "target_language": "en" if request.options.translate else language}

    def _language(self, request: WindowRequest) -> str:
        """The only one that the model knows, else that which was given; the model names none itself."""
        if len(self._model.languages) == 1:
            return self._model.languages[0]
        return request.options.language or request.expected or UNDETERMINED

    def _transcript(self, request: WindowRequest, recognised: "TimestampedResult") -> WindowTranscript:
        window, language = request.window, self._language(request)
        tokens = recognised.tokens or []
        words = spelt_words(tokens)
        hypothesis = Hypothesis(
            tokens=(),
            text="".join(word.text for word in words),
            avg_logprob=mean_logprob(recognised.logprobs),
            no_speech_prob=0.0,
        )
        result = DecodingResult(hypothesis, language, Languages({language: 1.0}))
        if recognised.timestamps is None and words:
            return window_transcript(WindowDraft(request, result, None), retries=0)
        probabilities = probabilities_of(recognised.logprobs, len(tokens))
        aligned = aligned_words(words, tokens, recognised.timestamps or [], probabilities, window.seconds)
        return window_transcript(WindowDraft(request, result, to_words(window, aligned)), retries=0)


def _padded(samples: Samples) -> Samples:
    missing = LEAST_SAMPLES - len(samples)
    return np.pad(samples, (0, missing)) if missing > 0 else samples
