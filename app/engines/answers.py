"""What a decoder answers, and whether to believe it."""

import re
import zlib
from dataclasses import dataclass
from enum import StrEnum

REPETITIVE_RATIO = 2.4
"""Text that compresses better than this repeats itself (openai-whisper's threshold)."""

UNLIKELY_LOGPROB = -1.0
"""Mean log-probability of the tokens below which an answer is not believed (openai-whisper's threshold)."""

NO_SPEECH_PROB = 0.6
"""Probability of "no speech" above which an unlikely answer is noise (openai-whisper's threshold)."""

LETTERS_PER_SECOND = 30.0
"""More than anybody says, auctioneers included."""

LETTERS_AT_LEAST = 20
"""What even the shortest sound may hold."""

LOOP_TIMES = 3
LOOP_WORDS = 8
"""A phrase said at least so often in a row, together at least so many words, is a loop: shorter ones are
speech."""

LONGEST_PHRASE_WORDS = 24


class Doubt(StrEnum):
    """Why an answer is not believed."""

    REPETITIVE = "repetitive"
    UNLIKELY = "unlikely"
    TOO_MUCH = "too_much"
    CUT_SHORT = "cut_short"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the decoder made of one window.

    `avg_logprob` is the mean over the tokens and the end mark, `no_speech_prob` the probability that nobody
    speaks, `temperature` that at which it was sampled (0: searched), `cut_short` whether the decoder ran out
    of the tokens that it was given: the end of what was said is then missing.
    """

    tokens: tuple[int, ...]
    text: str
    avg_logprob: float
    no_speech_prob: float
    temperature: float = 0.0
    cut_short: bool = False

    @property
    def logprob(self) -> float:
        """Log-probability of the whole answer, the end mark included."""
        return self.avg_logprob * (len(self.tokens) + 1)

    @property
    def compression_ratio(self) -> float:
        """Bytes of the text over its compressed bytes."""
        content = self.text.strip().encode()
        return len(content) / len(zlib.compress(content)) if content else 1.0

    @property
    def is_noise(self) -> bool:
        """Whether nobody speaks, by openai-whisper's rule."""
        return self.no_speech_prob > NO_SPEECH_PROB and self.avg_logprob < UNLIKELY_LOGPROB

    @property
    def is_repetitive(self) -> bool:
        """Whether it says the same over and over."""
        return self.compression_ratio > REPETITIVE_RATIO or find_loop(self.text) is not None

    def doubt(self, seconds: float) -> Doubt | None:
        """Why this should not be what was said in `seconds` of sound; None where it may be."""
        if self.is_repetitive:
            return Doubt.REPETITIVE
        if len(self.text.strip()) > LETTERS_AT_LEAST + LETTERS_PER_SECOND * seconds:
            return Doubt.TOO_MUCH
        if self.avg_logprob < UNLIKELY_LOGPROB:
            return Doubt.UNLIKELY
        return Doubt.CUT_SHORT if self.cut_short else None


@dataclass(frozen=True, slots=True)
class Loop:
    """A phrase of `words` words that begins with word `first` and is said `times` times in a row."""

    first: int
    words: int
    times: int


def find_loop(text: str) -> Loop | None:
    """The first loop in a text."""
    words = [_plain(word) for word in text.split()]
    for length in range(1, min(LONGEST_PHRASE_WORDS, len(words) // LOOP_TIMES) + 1):
        run = 0
        for index in range(length, len(words)):
            run = run + 1 if words[index] == words[index - length] else 0
            times = run // length + 1
            ends = index + 1 == len(words) or words[index + 1] != words[index + 1 - length]
            if ends and times >= LOOP_TIMES and times * length >= LOOP_WORDS:
                return Loop(index - run - length + 1, length, times)
    return None


def without_loops(text: str) -> str:
    """The text with every loop said once."""
    while (loop := find_loop(text)) is not None:
        pieces = re.findall(r"\s*\S+", text)
        kept, after = loop.first + loop.words, loop.first + loop.words * loop.times
        text = "".join(pieces[:kept] + pieces[after:])
    return text


def _plain(word: str) -> str:
    """A word as it sounds: without punctuation and case; what is only punctuation stays."""
    return re.sub(r"[^\w]", "", word).lower() or word
