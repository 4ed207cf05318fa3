"""One CTranslate2 model behind faster-whisper's tokenizer and alignment, as a backend."""

import time
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.asr.backend import Alignment, DecodingPass, Utterance
from app.asr.backends.faster_whisper.aligner import Aligner
from app.asr.backends.faster_whisper.decoder import Decoder
from app.asr.backends.faster_whisper.encoder import Encoder
from app.asr.backends.faster_whisper.padding import Padding
from app.asr.backends.faster_whisper.state_encoders import StateEncoder, silence
from app.asr.backends.faster_whisper.tuning import Tuning
from app.asr.base import EngineInfo, WindowRequest
from app.asr.frames import STATES_PER_SECOND, States
from app.asr.hardware import BatchLimits
from app.asr.hypothesis import Hypothesis
from app.asr.language import Languages
from app.asr.stages import StageClock
from app.asr.words import Aligned

if TYPE_CHECKING:
    from faster_whisper import WhisperModel


UNLOAD_TRIES, UNLOAD_PAUSE_SECONDS = 100, 0.01


class FasterWhisperBackend:
    """One CTranslate2 model, loaded. Thread-safe."""

    def __init__(
        self,
        runtime: "WhisperModel",
        info: EngineInfo,
        tuning: Tuning,
        padding: Padding,
        encode: StateEncoder,
        decode_workers: int,
        limits: BatchLimits,
        stages: StageClock,
    ) -> None:
        self._runtime = runtime
        self._info = info
        self.decode_workers = decode_workers
        self.is_multilingual: bool = runtime.model.is_multilingual
        self.has_full_context = not tuning.trims
        self._limits = limits
        self._encode = encode
        self._store = encode.store
        self._encoder = Encoder(runtime, tuning, padding, stages, encode)
        self._decoder = Decoder(runtime, tuning, encode.store)
        self._aligner = Aligner(runtime, self._decoder, encode.store)

    @property
    def info(self) -> EngineInfo:
        """See Backend. Which library encodes may change while it works."""
        encoder = self._encode.name
        return self._info if encoder == self._info.encoder else replace(self._info, encoder=encoder)

    def group(self, request: WindowRequest) -> Hashable:
        """Windows that the decoder is shown at the same length, with prompts of the same length."""
        options = request.options
        prompt = len(self._decoder.prompt(options, options.language or "en"))
        how = options.beam_size, options.temperature
        return self._encoder.states_for(request.window.seconds), prompt, how

    def max_batch(self, request: WindowRequest) -> int:
        """By the sound that the decoder is shown: its memory grows with that, and its speed does not."""
        shown = self._encoder.states_for(request.window.seconds) / STATES_PER_SECOND
        return max(1, int(min(self._limits.windows, self._limits.seconds // shown)))

    def prepare(self, request: WindowRequest) -> WindowRequest:
        """With its features."""
        return replace(request, features=self._encoder.features(request))

    def encode(self, requests: Sequence[WindowRequest], *, full_context: bool) -> States:
        """See Backend."""
        if full_context:
            return self._encoder.encode_fully(requests)
        shown = self._encoder.states_for(max(request.window.seconds for request in requests))
        return self._encoder.encode(requests, shown)

    def join(self, states: Sequence[States]) -> States:
        """See Backend."""
        return self._store.joined(states)

    def detect(self, states: States, among: Sequence[Sequence[str]]) -> list[Languages]:
        """See Backend."""
        return self._decoder.detect(states, among)

    def decode(self, states: States, utterances: Sequence[Utterance], how: DecodingPass) -> list[Hypothesis]:
        """See Backend."""
        return self._decoder.decode(states, utterances, how)

    def align(self, alignments: Sequence[Alignment[States]]) -> list[list[Aligned]]:
        """See Backend. Times depend on the other windows; each token of one needs half a megabyte, since
        CTranslate2 holds probabilities over the whole vocabulary."""
        return self._aligner.align(alignments)

    def probe(self) -> None:
        """Encode silence, as was done when the model was loaded."""
        self._runtime.model.encode(silence(self._runtime.model), to_cpu=True)

    def free(self) -> None:
        """See Backend."""
        self._store.free()

    def close(self) -> None:
        """See Backend."""
        model = self._runtime.model
        for _ in range(UNLOAD_TRIES):  # CTranslate2 tries its lock once only, and may miss it
            model.unload_model()
            if not model.model_is_loaded:
                break
            time.sleep(UNLOAD_PAUSE_SECONDS)
        self._encode.close()
        self._store.free()
