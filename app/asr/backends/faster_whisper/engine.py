"""One CTranslate2 model: windows through encoder, decoder, temperature fallback, alignment and coverage."""

import threading
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.asr.assembly import split_and_transcribe, window_transcript
from app.asr.backends.faster_whisper.aligner import Aligner, Alignment
from app.asr.backends.faster_whisper.decoder import Decoder
from app.asr.backends.faster_whisper.encoder import Encoder
from app.asr.backends.faster_whisper.suffix import suffix_of
from app.asr.backends.faster_whisper.tuning import Tuning
from app.asr.base import EngineInfo, WindowRequest
from app.asr.coverage import WindowDraft, fewer_gaps, fill_gaps, needs_words
from app.asr.device_errors import translated_errors
from app.asr.echo import without_echo
from app.asr.fallback import DecodingResult, decode_best_language, decode_with_fallback, must_split
from app.asr.frames import STATES_PER_SECOND, States
from app.asr.hardware import BatchLimits
from app.asr.hypothesis import Hypothesis
from app.asr.language import Languages
from app.schemas.transcript import Word
from app.schemas.window import WindowTranscript

if TYPE_CHECKING:
    from faster_whisper import WhisperModel


UNLOAD_TRIES, UNLOAD_PAUSE_SECONDS = 100, 0.01


@dataclass(slots=True)
class _DecodedWindow:
    """A window on its way through the engine; `words` are None where their times are not needed."""

    request: WindowRequest
    states: States
    result: DecodingResult
    retries: int = 0
    words: tuple[Word, ...] | None = None

    @property
    def draft(self) -> WindowDraft:
        """What was decoded so far."""
        return WindowDraft(self.request, self.result, self.words)

    @property
    def must_split(self) -> bool:
        """Whether it is split and decoded again."""
        return must_split(self.request, self.result.hypothesis)

    @property
    def needs_words(self) -> bool:
        """Whether the times of its words must be found."""
        return needs_words(self.request, self.result.hypothesis) and not self.must_split

    @property
    def has_gaps(self) -> bool:
        """Whether somebody speaks where it has no words."""
        return self.draft.has_gaps


class FasterWhisperEngine:
    """One CTranslate2 model, loaded. Thread-safe."""

    def __init__(
        self,
        runtime: "WhisperModel",
        info: EngineInfo,
        tuning: Tuning,
        decode_workers: int,
        limits: BatchLimits,
    ) -> None:
        self._runtime = runtime
        self.info = info
        self.decode_workers = decode_workers
        self._limits = limits
        self._tuning = tuning
        self._together = info.device != "cpu"
        self._encoder = Encoder(runtime, tuning, suffix_of(info.digest) if tuning.suffix else None)
        self._decoder = Decoder(runtime, tuning)
        # what needs most memory is not done in all decode workers at a time: peaks do not add up
        half = max(1, decode_workers // 2)
        self._fallback_slots = threading.Semaphore(half)
        self._aligner = Aligner(
            *(runtime, self._decoder),
            together=self._together,
            at_a_time=threading.Semaphore(half),
        )

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

    def transcribe(self, batch: Sequence[WindowRequest]) -> list[WindowTranscript]:
        """Transcribe the windows of one batch."""
        with translated_errors():
            heard = self._heard(batch)
            if self._tuning.coverage:
                self._cover([each for each in heard if each.has_gaps])
            return [without_echo(each.request, self._transcript(each), self.transcribe) for each in heard]

    def close(self) -> None:
        """Free the model's memory."""
        model = self._runtime.model
        for _ in range(UNLOAD_TRIES):  # CTranslate2 tries its lock once only, and may miss it
            model.unload_model()
            if not model.model_is_loaded:
                return
            time.sleep(UNLOAD_PAUSE_SECONDS)

    def _heard(self, batch: Sequence[WindowRequest]) -> list[_DecodedWindow]:
        """Windows, decoded until a hypothesis passes the quality checks, with the words that are needed."""
        heard = self._listen(batch)
        for each in heard:
            self._fall_back(each)
        self._align([each for each in heard if each.needs_words])
        return heard

    def _listen(self, batch: Sequence[WindowRequest]) -> list[_DecodedWindow]:
        """First hypotheses, all windows together."""
        windows = [request.window for request in batch]
        states = self._encoder.encode(
            [window.samples for window in windows], self._encoder.states_for(max(w.seconds for w in windows))
        )
        languages = self._languages(batch, states)
        spoken = [
            found.candidates(request.expected)[0] for request, found in zip(batch, languages, strict=True)
        ]
        prompts = [
            self._decoder.prompt(request.options, language)
            for request, language in zip(batch, spoken, strict=True)
        ]
        hypotheses = self._decoder.first(
            states, prompts, batch[0].options, states.shape[1] / STATES_PER_SECOND
        )
        heard = []
        for place, (request, found) in enumerate(zip(batch, languages, strict=True)):
            alone = states[place : place + 1]
            if request.options.temperature:
                result = DecodingResult(hypotheses[place], spoken[place], found)
            else:
                result = self._searched(request, alone, found, hypotheses[place])
            heard.append(_DecodedWindow(request, alone, result))
        return heard

    def _languages(self, batch: Sequence[WindowRequest], states: States) -> list[Languages]:
        """Languages of the windows: given, or detected."""
        unknown = [place for place, request in enumerate(batch) if request.options.language is None]
        among = [batch[place].options.languages for place in unknown]
        heard = iter(self._decoder.detect(states[unknown], among))
        return [
            Languages({request.options.language: 1.0}) if request.options.language else next(heard)
            for request in batch
        ]

    def _fall_back(self, heard: _DecodedWindow) -> None:
        """Decode a window again whose hypothesis is rejected."""
        window, options = heard.request.window, heard.request.options

        def again(last: DecodingResult, temperature: float) -> DecodingResult:
            with self._fallback_slots:
                if temperature:
                    prompt = self._decoder.prompt(options, last.language)
                    hypothesis = self._decoder.sample(heard.states, prompt, temperature, window.seconds)
                    return replace(last, hypothesis=hypothesis)
                heard.states = self._encoder.encode_fully([window.samples])
                [languages] = self._languages([heard.request], heard.states)
                return self._searched(heard.request, heard.states, languages)

        heard.result, heard.retries = decode_with_fallback(heard.result, window.seconds, again)

    def _searched(
        self, request: WindowRequest, states: States, languages: Languages, first: Hypothesis | None = None
    ) -> DecodingResult:
        """A window's likeliest hypothesis by beam search; `first` is that in its likeliest language."""
        options = request.options

        def decode(language: str) -> Hypothesis:
            prompt = self._decoder.prompt(options, language)
            return self._decoder.search(states, prompt, options.beam_size, request.window.seconds)

        return decode_best_language(request, languages, decode, first)

    def _align(self, heard: Sequence[_DecodedWindow]) -> None:
        """Find the words and their times."""
        found = self._aligner.align(
            [
                Alignment(each.request, each.states, each.result.language, each.result.hypothesis.tokens)
                for each in heard
            ]
        )
        for each, words in zip(heard, found, strict=True):
            each.words = words

    def _cover(self, heard: Sequence[_DecodedWindow]) -> None:
        """Decode windows that have gaps once more; a processor, which each fills, takes them one by one."""
        if heard and self._together:
            self._retry_with_times(heard)
        else:
            for each in heard:
                self._retry_with_times([each])

    def _retry_with_times(self, heard: Sequence[_DecodedWindow]) -> None:
        """Decode windows with time tokens and all their silence; the hypothesis with smaller gaps counts.

        Without a prompt: what it says may be missing since it is taken for said before.
        """
        options = heard[0].request.options.unprompted()
        prompts = [self._decoder.prompt(options, each.result.language, time_tokens=True) for each in heard]
        with self._fallback_slots:
            states = self._encoder.encode_fully([each.request.window.samples for each in heard])
            seconds = max(each.request.window.seconds for each in heard)
            hypotheses = self._decoder.search_with_times(states, prompts, options.beam_size, seconds)
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

    def _transcript(self, heard: _DecodedWindow) -> WindowTranscript:
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
