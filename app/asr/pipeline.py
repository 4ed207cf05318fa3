"""The pipeline of Whisper models: a batch of windows from sound to transcripts, stage by stage.

Backends (`backend.py`) encode, detect languages, decode and align. All that is decided in between is decided
here, for every backend alike.
"""

import threading
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Generic

from app.asr.assembly import split_and_transcribe, window_transcript
from app.asr.backend import Backend, DecodingPass, S, Utterance
from app.asr.base import EngineInfo, WindowRequest
from app.asr.coverage import WindowDraft, fewer_gaps, fill_gaps
from app.asr.decoded_window import DecodedWindow
from app.asr.device_errors import forget_calls, translated_errors
from app.asr.echo import without_echo
from app.asr.fallback import DecodingResult, decode_all_with_fallback, decode_best_language
from app.asr.hypothesis import Hypothesis
from app.asr.language import Languages
from app.asr.stages import PipelineStage, StageClock
from app.asr.words import to_words
from app.core.errors import OutOfDeviceMemory
from app.schemas.window import WindowTranscript


class WhisperPipeline(Generic[S]):
    """The engine of one loaded Whisper model. Thread-safe.

    A device takes all windows of a batch that are decoded once more, or aligned, together; a processor, which
    one window fills, takes them one by one. Both need most memory: no more than half of the decode workers do
    them at a time, so that peaks do not add up. `covers`: decode again what has no words although somebody
    speaks.
    """

    def __init__(self, backend: Backend[S], stages: StageClock, *, covers: bool = True) -> None:
        self._backend = backend
        self._stages = stages
        self._covers = covers
        self._together = backend.info.device != "cpu"
        half = max(1, backend.decode_workers // 2)
        self._retry_slots = threading.Semaphore(half)
        self._align_slots = threading.Semaphore(half)

    @property
    def info(self) -> EngineInfo:
        """See Engine."""
        return self._backend.info

    @property
    def decode_workers(self) -> int:
        """See Engine."""
        return self._backend.decode_workers

    def max_batch(self, request: WindowRequest) -> int:
        """See Engine."""
        return self._backend.max_batch(request)

    def group(self, request: WindowRequest) -> Hashable:
        """See Engine."""
        return self._backend.group(request)

    def prepare(self, request: WindowRequest) -> WindowRequest:
        """See Engine."""
        return self._backend.prepare(request)

    def transcribe(self, batch: Sequence[WindowRequest]) -> list[WindowTranscript]:
        """See Engine."""
        try:
            with (
                translated_errors(probe=self._backend.probe if self._together else None),
                self._stages.at(PipelineStage.CHECK),
            ):
                return self._transcribe(batch)
        except OutOfDeviceMemory as error:
            forget_calls(error)  # else what the batch held is in use, and not given back
            self._backend.free()
            raise

    def close(self) -> None:
        """See Engine."""
        self._backend.close()

    def _transcribe(self, batch: Sequence[WindowRequest]) -> list[WindowTranscript]:
        """All stages: what is split, or repeats its prompt, goes through them again by itself."""
        windows = self._decode(batch)
        self._cover(windows)
        return [without_echo(each.request, self._assemble(each), self._transcribe) for each in windows]

    def _decode(self, batch: Sequence[WindowRequest]) -> list[DecodedWindow[S]]:
        """Windows, decoded until a hypothesis passes the quality checks, with the words that are needed."""
        states = self._backend.encode(batch, full_context=False)
        how = DecodingPass(batch[0].options.temperature, has_full_room=False)
        results = self._search(batch, states, how)
        windows = [
            DecodedWindow(request, states[place : place + 1], result)
            for place, (request, result) in enumerate(zip(batch, results, strict=True))
        ]
        for group in self._groups(windows):
            self._fall_back(group)
        self._align([each for each in windows if each.needs_words])
        return windows

    def _search(
        self, requests: Sequence[WindowRequest], states: S, how: DecodingPass
    ) -> list[DecodingResult]:
        """Detect the languages of windows and decode them; what is not sampled, in its best language."""
        languages = self._detect(requests, states)
        utterances = [
            Utterance(request, found.candidates(request.expected)[0])
            for request, found in zip(requests, languages, strict=True)
        ]
        hypotheses = self._backend.decode(states, utterances, how)
        if how.temperature:
            return [
                DecodingResult(hypothesis, utterance.language, found)
                for utterance, found, hypothesis in zip(utterances, languages, hypotheses, strict=True)
            ]
        return [
            self._in_best_language(request, states[place : place + 1], languages[place], hypotheses[place])
            for place, request in enumerate(requests)
        ]

    def _detect(self, requests: Sequence[WindowRequest], states: S) -> list[Languages]:
        """Languages of windows: given, or detected."""
        known = None if self._backend.is_multilingual else "en"
        given = [request.options.language or known for request in requests]
        unknown = [place for place, language in enumerate(given) if language is None]
        among = [requests[place].options.languages for place in unknown]
        detected = iter(self._backend.detect(states[unknown], among) if unknown else ())
        return [next(detected) if language is None else Languages({language: 1.0}) for language in given]

    def _in_best_language(
        self, request: WindowRequest, states: S, languages: Languages, first: Hypothesis
    ) -> DecodingResult:
        """A window's likeliest hypothesis by beam search; `first` is that in its likeliest language."""

        def decode(language: str) -> Hypothesis:
            [found] = self._backend.decode(states, [Utterance(request, language)], DecodingPass())
            return found

        return decode_best_language(request, languages, decode, first)

    def _fall_back(self, windows: Sequence[DecodedWindow[S]]) -> None:
        """Temperature fallback: decode windows again until the quality checks pass."""

        def again(rejected: Sequence[tuple[int, DecodingResult]], temperature: float) -> list[DecodingResult]:
            some = [windows[place] for place, _ in rejected]
            with self._retry_slots:
                if temperature:
                    return self._sample(some, [last for _, last in rejected], temperature)
                return self._search_in_full_context(some)

        firsts = [each.result for each in windows]
        seconds = [each.request.window.seconds for each in windows]
        attempts = decode_all_with_fallback(firsts, seconds, again)
        for each, own in zip(windows, attempts, strict=True):
            each.result, each.retries = own.best, own.retries

    def _search_in_full_context(self, windows: Sequence[DecodedWindow[S]]) -> list[DecodingResult]:
        """Results by beam search in all 30 s of context, whose states the windows keep."""
        states = self._in_full_context(windows)
        for place, each in enumerate(windows):
            each.states = states[place : place + 1]
        return self._search([each.request for each in windows], states, DecodingPass())

    def _sample(
        self, windows: Sequence[DecodedWindow[S]], last: Sequence[DecodingResult], temperature: float
    ) -> list[DecodingResult]:
        """Results by sampling, in the languages of the last ones."""
        states = self._backend.join([each.states for each in windows])
        utterances = [Utterance(each.request, own.language) for each, own in zip(windows, last, strict=True)]
        hypotheses = self._backend.decode(states, utterances, DecodingPass(temperature))
        return [replace(own, hypothesis=found) for own, found in zip(last, hypotheses, strict=True)]

    def _align(self, windows: Sequence[DecodedWindow[S]]) -> None:
        """Find the words and their times; of windows that go together, those of one language and task."""
        alike: dict[Hashable, list[DecodedWindow[S]]] = defaultdict(list)
        for place, each in enumerate(windows):
            task = each.result.language, each.request.options.translate
            alike[task if self._together else place].append(each)
        for group in alike.values():
            with self._align_slots:
                found = self._backend.align([each.alignment for each in group])
            for each, words in zip(group, found, strict=True):
                each.words = to_words(each.request.window, words)

    def _cover(self, windows: Sequence[DecodedWindow[S]]) -> None:
        """Decode windows once more in which somebody speaks where there are no words."""
        if self._covers:
            for group in self._groups([each for each in windows if each.has_gaps]):
                self._retry_with_times(group)

    def _retry_with_times(self, windows: Sequence[DecodedWindow[S]]) -> None:
        """Decode windows with time tokens in all 30 s of context; the hypothesis with smaller gaps counts.

        Without a prompt: what it says may be missing since it is taken for said before.
        """
        bare = [
            Utterance(replace(each.request, options=each.request.options.unprompted()), each.result.language)
            for each in windows
        ]
        with self._retry_slots:
            states = self._in_full_context(windows)
            hypotheses = self._backend.decode(states, bare, DecodingPass(has_time_tokens=True))
        again = [
            replace(
                each, states=states[place : place + 1], result=replace(each.result, hypothesis=hypothesis)
            )
            for place, (each, hypothesis) in enumerate(zip(windows, hypotheses, strict=True))
        ]
        self._align(again)
        for first, second in zip(windows, again, strict=True):
            best = fewer_gaps(first.draft, second.draft)
            first.result, first.words = best.result, best.words
            first.retries += 1

    def _assemble(self, window: DecodedWindow[S]) -> WindowTranscript:
        """The transcript of a window; what has too much text is split, what is still missing put in."""
        if window.must_split:
            return split_and_transcribe(window.request, window.result.language, self._transcribe)
        if not (self._covers and window.has_gaps):
            return window_transcript(window.draft, window.retries)
        draft, inserts = fill_gaps(window.draft, self._decode_part)
        return window_transcript(draft, window.retries, inserts)

    def _decode_part(self, request: WindowRequest) -> WindowDraft:
        """A part of a window, decoded by itself, with its words."""
        [window] = self._decode([request])
        if window.words is None:
            self._align([window])
        return window.draft

    def _in_full_context(self, windows: Sequence[DecodedWindow[S]]) -> S:
        """States of windows in all 30 s of context."""
        if self._backend.has_full_context:
            return self._backend.join([each.states for each in windows])
        return self._backend.encode([each.request for each in windows], full_context=True)

    def _groups(self, windows: Sequence[DecodedWindow[S]]) -> Sequence[Sequence[DecodedWindow[S]]]:
        """Windows that are decoded once more together: all on a device, one by one on a processor."""
        if self._together:
            return [windows] if windows else []
        return [[each] for each in windows]
