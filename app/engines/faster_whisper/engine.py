"""One CTranslate2 model: windows through encoder, decoder and the gate that no doubtful answer passes."""

import threading
import time
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.core.errors import EngineFailed, OutOfDeviceMemory
from app.engines.answers import Answer
from app.engines.assembly import divided, transcript_of
from app.engines.base import EngineInfo, WindowRequest
from app.engines.coverage import Draft, fewer_gaps, fill_gaps, needs_words
from app.engines.detection import Languages
from app.engines.echo import without_echo
from app.engines.faster_whisper.aligner import Aligner, Alignment
from app.engines.faster_whisper.decoder import Decoder
from app.engines.faster_whisper.encoder import Encoder
from app.engines.faster_whisper.suffix import suffix_of
from app.engines.faster_whisper.tuning import Tuning
from app.engines.frames import STATES_PER_SECOND, States
from app.engines.gate import Hearing, heard_in_likeliest, is_divided, mended
from app.engines.hardware import BatchLimits, is_out_of_memory
from app.schemas.transcript import Word
from app.schemas.window import WindowTranscript

if TYPE_CHECKING:
    from faster_whisper import WhisperModel


UNLOAD_TRIES, UNLOAD_PAUSE_SECONDS = 100, 0.01


@dataclass(slots=True)
class _Heard:
    """A window on its way through the engine; `words` are None where their times are not needed."""

    request: WindowRequest
    states: States
    hearing: Hearing
    retries: int = 0
    words: tuple[Word, ...] | None = None

    @property
    def draft(self) -> Draft:
        """What was decoded so far."""
        return Draft(self.request, self.hearing, self.words)

    @property
    def is_divided(self) -> bool:
        """Whether its halves are asked."""
        return is_divided(self.request, self.hearing.answer)

    @property
    def needs_words(self) -> bool:
        """Whether the times of its words must be found."""
        return needs_words(self.request, self.hearing.answer) and not self.is_divided

    @property
    def has_gaps(self) -> bool:
        """Whether somebody speaks where it has no words."""
        return not self.hearing.answer.is_noise and bool(self.draft.gaps)


class FasterWhisperEngine:
    """One CTranslate2 model, loaded. Thread-safe."""

    def __init__(
        self, runtime: "WhisperModel", info: EngineInfo, tuning: Tuning, lanes: int, limits: BatchLimits
    ) -> None:
        self._runtime = runtime
        self.info = info
        self.lanes = lanes
        self._limits = limits
        self._tuning = tuning
        self._together = info.device != "cpu"
        self._encoder = Encoder(runtime, tuning, suffix_of(info.digest) if tuning.suffix else None)
        self._decoder = Decoder(runtime, tuning)
        # what needs most memory is not done in all lanes at a time: peaks do not add up
        some_lanes = max(1, lanes // 2)
        self._mending = threading.Semaphore(some_lanes)
        self._aligner = Aligner(
            *(runtime, self._decoder),
            together=self._together,
            at_a_time=threading.Semaphore(some_lanes),
        )

    def group(self, request: WindowRequest) -> Hashable:
        """Windows that the decoder is shown at the same length, with prompts of the same length."""
        options = request.options
        prompt = len(self._decoder.prompt(options, options.language or "en"))
        how = options.beam_size, options.temperature
        return self._encoder.states_for(request.window.seconds), prompt, how

    def most_together(self, request: WindowRequest) -> int:
        """By the sound that the decoder is shown: its memory grows with that, and its speed does not."""
        shown = self._encoder.states_for(request.window.seconds) / STATES_PER_SECOND
        return max(1, int(min(self._limits.windows, self._limits.seconds // shown)))

    def transcribe(self, batch: Sequence[WindowRequest]) -> list[WindowTranscript]:
        """Transcribe the windows of one batch."""
        with _translated_errors():
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

    def _heard(self, batch: Sequence[WindowRequest]) -> list[_Heard]:
        """Windows, decoded until each answer is believed, with the words that are needed."""
        heard = self._listen(batch)
        for each in heard:
            self._mend(each)
        self._align([each for each in heard if each.needs_words])
        return heard

    def _listen(self, batch: Sequence[WindowRequest]) -> list[_Heard]:
        """First answers, all windows together."""
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
        answers = self._decoder.first(states, prompts, batch[0].options, states.shape[1] / STATES_PER_SECOND)
        heard = []
        for place, (request, found) in enumerate(zip(batch, languages, strict=True)):
            alone = states[place : place + 1]
            if request.options.temperature:
                hearing = Hearing(answers[place], spoken[place], found)
            else:
                hearing = self._searched(request, alone, found, answers[place])
            heard.append(_Heard(request, alone, hearing))
        return heard

    def _languages(self, batch: Sequence[WindowRequest], states: States) -> list[Languages]:
        """Languages of the windows: given, or heard."""
        unknown = [place for place, request in enumerate(batch) if request.options.language is None]
        among = [batch[place].options.languages for place in unknown]
        heard = iter(self._decoder.detect(states[unknown], among))
        return [
            Languages({request.options.language: 1.0}) if request.options.language else next(heard)
            for request in batch
        ]

    def _mend(self, heard: _Heard) -> None:
        """Decode a doubtful window again."""
        window, options = heard.request.window, heard.request.options

        def again(last: Hearing, temperature: float) -> Hearing:
            with self._mending:
                if temperature:
                    prompt = self._decoder.prompt(options, last.language)
                    answer = self._decoder.sample(heard.states, prompt, temperature, window.seconds)
                    return replace(last, answer=answer)
                heard.states = self._encoder.encode_fully([window.samples])
                [languages] = self._languages([heard.request], heard.states)
                return self._searched(heard.request, heard.states, languages)

        heard.hearing, heard.retries = mended(heard.hearing, window.seconds, again)

    def _searched(
        self, request: WindowRequest, states: States, languages: Languages, first: Answer | None = None
    ) -> Hearing:
        """A window's likeliest answer by beam search; `first` is that in its likeliest language."""
        options = request.options

        def decode(language: str) -> Answer:
            prompt = self._decoder.prompt(options, language)
            return self._decoder.search(states, prompt, options.beam_size, request.window.seconds)

        return heard_in_likeliest(request, languages, decode, first)

    def _align(self, heard: Sequence[_Heard]) -> None:
        """Find the words and their times."""
        found = self._aligner.align(
            [
                Alignment(each.request, each.states, each.hearing.language, each.hearing.answer.tokens)
                for each in heard
            ]
        )
        for each, words in zip(heard, found, strict=True):
            each.words = words

    def _cover(self, heard: Sequence[_Heard]) -> None:
        """Decode windows that have gaps once more; a processor, which each fills, takes them one by one."""
        if heard and self._together:
            self._retry_with_times(heard)
        else:
            for each in heard:
                self._retry_with_times([each])

    def _retry_with_times(self, heard: Sequence[_Heard]) -> None:
        """Decode windows with time tokens and all their silence; the answer with smaller gaps counts.

        Without a prompt: what it says may be missing since it is taken for said before.
        """
        options = heard[0].request.options.unprompted()
        prompts = [self._decoder.prompt(options, each.hearing.language, time_tokens=True) for each in heard]
        with self._mending:
            states = self._encoder.encode_fully([each.request.window.samples for each in heard])
            seconds = max(each.request.window.seconds for each in heard)
            answers = self._decoder.search_with_times(states, prompts, options.beam_size, seconds)
        again = [
            replace(each, states=states[place : place + 1], hearing=replace(each.hearing, answer=answer))
            for place, (each, answer) in enumerate(zip(heard, answers, strict=True))
        ]
        self._align(again)
        for first, second in zip(heard, again, strict=True):
            best = fewer_gaps(first.draft, second.draft)
            first.hearing, first.words = best.hearing, best.words
            first.retries += 1

    def _transcript(self, heard: _Heard) -> WindowTranscript:
        if heard.is_divided:
            return divided(heard.request, heard.hearing.language, self.transcribe)
        if not (self._tuning.coverage and heard.has_gaps):
            return transcript_of(heard.draft, heard.retries)
        draft, inserts = fill_gaps(heard.draft, self._draft)
        return transcript_of(draft, heard.retries, inserts)

    def _draft(self, request: WindowRequest) -> Draft:
        """A part of a window, decoded by itself, with its words."""
        [heard] = self._heard([request])
        if heard.words is None:
            self._align([heard])
        return heard.draft


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except (RuntimeError, MemoryError, ValueError) as error:
        failure = OutOfDeviceMemory if is_out_of_memory(error) else EngineFailed
        raise failure(f"The model failed while transcribing: {error}") from error
