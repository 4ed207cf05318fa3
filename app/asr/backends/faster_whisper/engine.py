"""One CTranslate2 model: windows through encoder, decoder, temperature fallback, alignment and coverage."""

import threading
import time
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.asr.assembly import split_and_transcribe, window_transcript
from app.asr.backends.faster_whisper.aligner import Aligner, Alignment
from app.asr.backends.faster_whisper.decoded_window import DecodedWindow
from app.asr.backends.faster_whisper.decoder import Decoder
from app.asr.backends.faster_whisper.encoder import Encoder
from app.asr.backends.faster_whisper.padding import Padding
from app.asr.backends.faster_whisper.searcher import Searcher
from app.asr.backends.faster_whisper.state_encoders import StateEncoder, silence
from app.asr.backends.faster_whisper.tuning import Tuning
from app.asr.base import EngineInfo, WindowRequest
from app.asr.coverage import WindowDraft, fewer_gaps, fill_gaps
from app.asr.device_errors import translated_errors
from app.asr.echo import without_echo
from app.asr.frames import STATES_PER_SECOND
from app.asr.hardware import BatchLimits
from app.asr.stages import PipelineStage, StageClock
from app.core.errors import OutOfDeviceMemory
from app.schemas.window import WindowTranscript

if TYPE_CHECKING:
    from faster_whisper import WhisperModel


UNLOAD_TRIES, UNLOAD_PAUSE_SECONDS = 100, 0.01


class FasterWhisperEngine:
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
        self._limits = limits
        self._stages = stages
        self._encode = encode
        self._store = store = encode.store
        self._tuning = tuning
        self._together = info.device != "cpu"
        self._encoder = Encoder(runtime, tuning, padding, stages, encode)
        self._decoder = Decoder(runtime, tuning, store)
        # what needs most memory is not done in all decode workers at a time: peaks do not add up
        half = max(1, decode_workers // 2)
        self._fallback_slots = threading.Semaphore(half)
        self._searcher = Searcher(
            self._encoder,
            self._decoder,
            store,
            together=self._together,
            at_a_time=self._fallback_slots,
        )
        self._aligner = Aligner(
            runtime,
            self._decoder,
            store,
            together=self._together,
            at_a_time=threading.Semaphore(half),
        )

    @property
    def info(self) -> EngineInfo:
        """See Engine. Which library encodes may change while it works."""
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

    def transcribe(self, batch: Sequence[WindowRequest]) -> list[WindowTranscript]:
        """Transcribe the windows of one batch."""
        try:
            with (
                translated_errors(probe=self._probe if self._together else None),
                self._stages.at(PipelineStage.CHECK),
            ):
                heard = self._heard(batch)
                if self._tuning.coverage:
                    self._cover([each for each in heard if each.has_gaps])
                return [without_echo(each.request, self._transcript(each), self.transcribe) for each in heard]
        except OutOfDeviceMemory:
            self._store.free()
            raise

    def close(self) -> None:
        """Free the model's memory."""
        model = self._runtime.model
        for _ in range(UNLOAD_TRIES):  # CTranslate2 tries its lock once only, and may miss it
            model.unload_model()
            if not model.model_is_loaded:
                break
            time.sleep(UNLOAD_PAUSE_SECONDS)
        self._encode.close()
        self._store.free()

    def _probe(self) -> None:
        """Encode silence, as was done when the model was loaded, and wait for the result."""
        self._runtime.model.encode(silence(self._runtime.model), to_cpu=True)

    def _heard(self, batch: Sequence[WindowRequest]) -> list[DecodedWindow]:
        """Windows, decoded until a hypothesis passes the quality checks, with the words that are needed."""
        heard = self._searcher.first(batch)
        self._searcher.fall_back(heard)
        self._align([each for each in heard if each.needs_words])
        return heard

    def _align(self, heard: Sequence[DecodedWindow]) -> None:
        """Find the words and their times."""
        found = self._aligner.align(
            [
                Alignment(each.request, each.states, each.result.language, each.result.hypothesis.tokens)
                for each in heard
            ]
        )
        for each, words in zip(heard, found, strict=True):
            each.words = words

    def _cover(self, heard: Sequence[DecodedWindow]) -> None:
        """Decode windows that have gaps once more; a processor, which each fills, takes them one by one."""
        if heard and self._together:
            self._retry_with_times(heard)
        else:
            for each in heard:
                self._retry_with_times([each])

    def _retry_with_times(self, heard: Sequence[DecodedWindow]) -> None:
        """Decode windows with time tokens and all their silence; the hypothesis with smaller gaps counts.

        Without a prompt: what it says may be missing since it is taken for said before.
        """
        prompts = [
            self._decoder.prompt(each.request.options.unprompted(), each.result.language, time_tokens=True)
            for each in heard
        ]
        beam_size = heard[0].request.options.beam_size
        with self._fallback_slots:
            states = self._encoder.encode_fully([each.request for each in heard])
            seconds = max(each.request.window.seconds for each in heard)
            hypotheses = self._decoder.search_with_times(states, prompts, beam_size, seconds)
        again = [
            replace(
                each, states=states[place : place + 1], result=replace(each.result, hypothesis=hypothesis)
            )
            for place, (each, hypothesis) in enumerate(zip(heard, hypotheses, strict=True))
        ]
        self._align(again)
        for first, second in zip(heard, again, strict=True):
            best = fewer_gaps(first.draft, second.draft)
            first.result, first.words = best.result, best.words
            first.retries += 1

    def _transcript(self, heard: DecodedWindow) -> WindowTranscript:
        if heard.must_split:
            return split_and_transcribe(heard.request, heard.result.language, self.transcribe)
        if not (self._tuning.coverage and heard.has_gaps):
            return window_transcript(heard.draft, heard.retries)
        draft, inserts = fill_gaps(heard.draft, self._draft)
        return window_transcript(draft, heard.retries, inserts)

    def _draft(self, request: WindowRequest) -> WindowDraft:
        """A part of a window, decoded by itself, with its words."""
        [heard] = self._heard([request])
        if heard.words is None:
            self._align([heard])
        return heard.draft
