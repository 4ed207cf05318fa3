"""Encoder states to text: languages, prompts, beam search, sampling."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.asr.backend import DecodingPass, Utterance
from app.asr.backends.faster_whisper.states import StateStore
from app.asr.backends.faster_whisper.tuning import Tuning
from app.asr.base import DecodeOptions
from app.asr.frames import STATES_PER_SECOND, States
from app.asr.hypothesis import Hypothesis
from app.asr.language import Languages, likeliest

if TYPE_CHECKING:
    from ctranslate2.models import WhisperGenerationResult
    from faster_whisper import WhisperModel
    from faster_whisper.tokenizer import Tokenizer

LANGUAGE_STRIDE = 3
"""Every third state tells a language that is clear as well as all of them, in a third of the time."""

SAMPLES_TRIED = 5
"""Hypotheses sampled at a temperature, of which the likeliest counts (openai-whisper's `best_of`)."""

FIRST_TOKENS_PER_SECOND = 12
FIRST_TOKENS_AT_MOST = 224
"""Tokens that a first hypothesis may have: most that has more is a loop, and what is not is decoded again."""

TOKENS_PER_SECOND = 45
"""Tokens that any hypothesis may have: Georgian and Burmese, three tokens to a letter, come near it."""

TOKENS_AT_LEAST = 10
SPARE_TOKENS = 4
"""Room in the model's text context that is left to the marks which the aligner puts around a hypothesis."""


class Decoder:
    """Decodes states; thread-safe as CTranslate2 is."""

    def __init__(self, runtime: "WhisperModel", tuning: Tuning, store: StateStore) -> None:
        self._runtime = runtime
        self._store = store
        self._tuning = tuning
        self._tokenizers: dict[tuple[str, bool], Tokenizer] = {}

    def detect(self, states: States, among: Sequence[Sequence[str]]) -> list[Languages]:
        """The languages of some windows, each of those that it may be in (none named: of all)."""
        found = self._detect(states[:, ::LANGUAGE_STRIDE], among)
        unclear = [place for place, each in enumerate(found) if not each.is_clear]
        again = self._detect(states[unclear], [among[place] for place in unclear])
        for place, languages in zip(unclear, again, strict=True):
            found[place] = languages
        return found

    def tokenizer(self, language: str, translate: bool) -> "Tokenizer":
        """faster-whisper's tokenizer for one language and task."""
        from faster_whisper.tokenizer import Tokenizer

        key = language, translate
        if key not in self._tokenizers:
            runtime, task = self._runtime, "translate" if translate else "transcribe"
            self._tokenizers[key] = Tokenizer(
                runtime.hf_tokenizer, runtime.model.is_multilingual, task=task, language=language
            )
        return self._tokenizers[key]

    def prompt(self, options: DecodeOptions, language: str, *, time_tokens: bool = False) -> list[int]:
        """Tokens that precede the hypothesis; with `time_tokens`, one that has times between its phrases."""
        tokenizer = self.tokenizer(language, options.translate)
        prompt: list[int] = self._runtime.get_prompt(
            tokenizer,
            self._said_before(options, tokenizer),
            without_timestamps=not (time_tokens or self._tuning.time_tokens),
        )
        return prompt

    def decode(self, states: States, utterances: Sequence[Utterance], how: DecodingPass) -> list[Hypothesis]:
        """Hypotheses for some windows that are shown at the same length, with prompts of the same length."""
        options = utterances[0].request.options
        prompts = [
            self.prompt(each.request.options, each.language, time_tokens=how.has_time_tokens)
            for each in utterances
        ]
        shown = states.shape[1] / STATES_PER_SECOND
        seconds = max(each.request.window.seconds for each in utterances) if how.has_full_room else shown
        if how.temperature:
            return self.sample(states, prompts, how.temperature, seconds)
        tokens = _tokens(seconds, TOKENS_PER_SECOND) if how.has_full_room else _first_tokens(seconds)
        # written with times, a hypothesis ends after its first phrases unless the whole beam must have ended
        patience = 1.0 if how.has_time_tokens else self._tuning.patience
        return self._generate(states, prompts, tokens, beam_size=options.beam_size, patience=patience)

    def sample(
        self, states: States, prompts: Sequence[list[int]], temperature: float, seconds: float
    ) -> list[Hypothesis]:
        """The likeliest of some sampled hypotheses for each of some windows of at most so many seconds.

        What has no room gets more, loops do not.
        """
        hypotheses = self._sample(states, prompts, temperature, _first_tokens(seconds))
        places = [place for place, each in enumerate(hypotheses) if each.cut_short and not each.is_repetitive]
        if places:
            room = _tokens(seconds, TOKENS_PER_SECOND)
            again = self._sample(states[places], [prompts[place] for place in places], temperature, room)
            for place, hypothesis in zip(places, again, strict=True):
                hypotheses[place] = hypothesis
        return hypotheses

    def _said_before(self, options: DecodeOptions, tokenizer: "Tokenizer") -> list[int]:
        """The client's hotwords and prompt, which together get half of the model's text context: the end of a
        prompt that is too long, and the beginning of hotwords."""
        most = self._runtime.max_length // 2 - 1
        hotwords: list[int] = tokenizer.encode(" " + options.hotwords) if options.hotwords else []
        prompt: list[int] = tokenizer.encode(" " + options.prompt) if options.prompt else []
        prompt = prompt[-(most - min(len(hotwords), most // 2)) :]
        return hotwords[: most - len(prompt)] + prompt

    def _sample(
        self, states: States, prompts: Sequence[list[int]], temperature: float, tokens: int
    ) -> list[Hypothesis]:
        return self._generate(
            states,
            prompts,
            tokens,
            beam_size=1,
            num_hypotheses=SAMPLES_TRIED,
            sampling_topk=0,
            sampling_temperature=temperature,
        )

    def _generate(
        self, states: States, prompts: Sequence[list[int]], tokens: int, **how: float
    ) -> list[Hypothesis]:
        tokens = min(tokens, self._runtime.max_length - len(prompts[0]) - SPARE_TOKENS)
        results = self._runtime.model.generate(
            self._store.to_view(states),
            list(prompts),
            # CTranslate2 takes the smaller of max_length / 2 and max_length less the prompt
            max_length=max(2 * tokens, tokens + len(prompts[0])),
            return_scores=True,
            return_no_speech_prob=True,
            **how,
        )
        return [self._hypothesis(result, tokens, how.get("sampling_temperature", 0.0)) for result in results]

    def _hypothesis(self, result: "WhisperGenerationResult", room: int, temperature: float) -> Hypothesis:
        tokens, tokenizer = result.sequences_ids[0], self.tokenizer("en", False)
        # the score is the sum of the log-probabilities, the end mark's too, over the number of the other
        # tokens
        return Hypothesis(
            tokens=tuple(token for token in tokens if token < tokenizer.eot),  # those above are times
            text=tokenizer.decode(tokens),
            avg_logprob=result.scores[0] * len(tokens) / (len(tokens) + 1),
            no_speech_prob=result.no_speech_prob,
            temperature=temperature,
            cut_short=len(tokens) >= room,
        )

    def _detect(self, states: States, among: Sequence[Sequence[str]]) -> list[Languages]:
        if not len(states):
            return []
        results = self._runtime.model.detect_language(self._store.to_view(states))
        return [
            likeliest({token[2:-2]: probability for token, probability in result}, names)
            for result, names in zip(results, among, strict=True)
        ]


def _first_tokens(seconds: float) -> int:
    return min(FIRST_TOKENS_AT_MOST, _tokens(seconds, FIRST_TOKENS_PER_SECOND))


def _tokens(seconds: float, per_second: int) -> int:
    return TOKENS_AT_LEAST + int(per_second * seconds)
