"""Windows to hypotheses: languages, the first search, and the retries of what is rejected."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from app.asr.backends.faster_whisper.decoded_window import DecodedWindow
from app.asr.backends.faster_whisper.decoder import Decoder
from app.asr.backends.faster_whisper.encoder import Encoder
from app.asr.backends.faster_whisper.states import StateStore
from app.asr.base import WindowRequest
from app.asr.fallback import DecodingResult, decode_all_with_fallback, decode_best_language
from app.asr.frames import STATES_PER_SECOND, States
from app.asr.hypothesis import Hypothesis
from app.asr.language import Languages


class Searcher:
    """Finds hypotheses.

    A device takes what is decoded again `together`; a processor, which each window fills, one by one. No more
    than `at_a_time` allows is decoded again at a time: peaks of memory do not add up.
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder: Decoder,
        store: StateStore,
        *,
        together: bool,
        at_a_time: threading.Semaphore,
    ) -> None:
        self._encoder = encoder
        self._store = store
        self._decoder = decoder
        self._together = together
        self._at_a_time = at_a_time

    def first(self, batch: Sequence[WindowRequest]) -> list[DecodedWindow]:
        """First hypotheses of the windows of a batch, all together."""
        shown = self._encoder.states_for(max(request.window.seconds for request in batch))
        states = self._encoder.encode(batch, shown)
        languages = self._languages(batch, states)
        spoken = _likeliest(batch, languages)
        prompts = self._prompts(batch, spoken)
        hypotheses = self._decoder.first(
            states, prompts, batch[0].options, states.shape[1] / STATES_PER_SECOND
        )
        heard = []
        for place, (request, found) in enumerate(zip(batch, languages, strict=True)):
            alone = states[place : place + 1]
            if request.options.temperature:
                result = DecodingResult(hypotheses[place], spoken[place], found)
            else:
                result = self._in_best_language(request, alone, found, hypotheses[place])
            heard.append(DecodedWindow(request, alone, result))
        return heard

    def fall_back(self, heard: Sequence[DecodedWindow]) -> None:
        """Decode those windows again whose hypotheses are rejected."""
        for group in [heard] if self._together else [[each] for each in heard]:
            self._fall_back(group)

    def _fall_back(self, group: Sequence[DecodedWindow]) -> None:
        def again(rejected: Sequence[tuple[int, DecodingResult]], temperature: float) -> list[DecodingResult]:
            windows = [group[place] for place, _ in rejected]
            with self._at_a_time:
                if temperature:
                    return self._sampled(windows, [last for _, last in rejected], temperature)
                return self._searched(windows)

        firsts = [each.result for each in group]
        seconds = [each.request.window.seconds for each in group]
        attempts = decode_all_with_fallback(firsts, seconds, again)
        for each, own in zip(group, attempts, strict=True):
            each.result, each.retries = own.best, own.retries

    def _searched(self, windows: Sequence[DecodedWindow]) -> list[DecodingResult]:
        """The likeliest hypotheses by beam search, with all 30 s of context and languages detected anew."""
        requests = [window.request for window in windows]
        states = self._encoder.encode_fully(requests)
        languages = self._languages(requests, states)
        prompts = self._prompts(requests, _likeliest(requests, languages))
        seconds = max(request.window.seconds for request in requests)
        hypotheses = self._decoder.search(states, prompts, requests[0].options.beam_size, seconds)
        results = []
        for place, window in enumerate(windows):
            window.states = states[place : place + 1]
            results.append(
                self._in_best_language(window.request, window.states, languages[place], hypotheses[place])
            )
        return results

    def _sampled(
        self, windows: Sequence[DecodedWindow], last: Sequence[DecodingResult], temperature: float
    ) -> list[DecodingResult]:
        """The likeliest of some sampled hypotheses, in the language of the last result."""
        prompts = self._prompts([window.request for window in windows], [each.language for each in last])
        states = self._store.joined([window.states for window in windows])
        seconds = max(window.request.window.seconds for window in windows)
        hypotheses = self._decoder.sample(states, prompts, temperature, seconds)
        return [replace(each, hypothesis=found) for each, found in zip(last, hypotheses, strict=True)]

    def _in_best_language(
        self, request: WindowRequest, states: States, languages: Languages, first: Hypothesis
    ) -> DecodingResult:
        """A window's likeliest hypothesis by beam search; `first` is that in its likeliest language."""
        options = request.options

        def decode(language: str) -> Hypothesis:
            prompt = self._decoder.prompt(options, language)
            [found] = self._decoder.search(states, [prompt], options.beam_size, request.window.seconds)
            return found

        return decode_best_language(request, languages, decode, first)

    def _languages(self, batch: Sequence[WindowRequest], states: States) -> list[Languages]:
        """Languages of the windows: given, or detected."""
        unknown = [place for place, request in enumerate(batch) if request.options.language is None]
        among = [batch[place].options.languages for place in unknown]
        heard = iter(self._decoder.detect(states[unknown], among))
        return [
            Languages({request.options.language: 1.0}) if request.options.language else next(heard)
            for request in batch
        ]

    def _prompts(self, batch: Sequence[WindowRequest], languages: Sequence[str]) -> list[list[int]]:
        return [
            self._decoder.prompt(request.options, language)
            for request, language in zip(batch, languages, strict=True)
        ]


def _likeliest(batch: Sequence[WindowRequest], languages: Sequence[Languages]) -> list[str]:
    """The language that each window is decoded in first."""
    return [found.candidates(request.expected)[0] for request, found in zip(batch, languages, strict=True)]
