"""A hypothesis of the decoder, and the quality checks that it has to pass."""

import zlib
from dataclasses import dataclass
from enum import StrEnum

from app.asr.loops import find_loop

REPETITIVE_RATIO = 2.4
"""Text that compresses better than this repeats itself (openai-whisper's threshold)."""

UNLIKELY_LOGPROB = -1.0
"""Mean log-probability of the tokens below which a hypothesis is rejected (openai-whisper's threshold)."""

NO_SPEECH_PROB = 0.6
"""Probability of "no speech" above which an unlikely hypothesis is noise (openai-whisper's threshold)."""

LETTERS_PER_SECOND = 30.0
"""More than anybody says, auctioneers included."""

LETTERS_AT_LEAST = 20
"""What even the shortest sound may hold."""


class RejectReason(StrEnum):
    """Which quality check a hypothesis has failed."""

    REPETITIVE = "repetitive"
    UNLIKELY = "unlikely"
    TOO_MUCH = "too_much"
    CUT_SHORT = "cut_short"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What the decoder wrote for one window.

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
        """Log-probability of the whole hypothesis, the end mark included."""
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

    def reject_reason(self, seconds: float) -> RejectReason | None:
        """The quality check that it fails as the text of `seconds` of sound; None where it passes all."""
        if self.is_repetitive:
            return RejectReason.REPETITIVE
        if len(self.text.strip()) > LETTERS_AT_LEAST + LETTERS_PER_SECOND * seconds:
            return RejectReason.TOO_MUCH
        if self.avg_logprob < UNLIKELY_LOGPROB:
            return RejectReason.UNLIKELY
        return RejectReason.CUT_SHORT if self.cut_short else None
