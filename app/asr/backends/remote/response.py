"""What a transcription server answers, in the words of OpenAI's `verbose_json` and `json`.

https://platform.openai.com/docs/api-reference/audio/verbose-json-object. Everything but the text may be
missing; fields of other servers are ignored.
"""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, FiniteFloat

from app.asr.language import UNDETERMINED
from app.core.errors import InvalidParameter
from app.core.languages import parse_language


class RemoteWord(BaseModel):
    """A word; times are seconds of the sound that was sent."""

    model_config = ConfigDict(frozen=True)

    word: str
    start: FiniteFloat
    end: FiniteFloat
    probability: FiniteFloat | None = None


class RemoteSegment(BaseModel):
    """A phrase; times are seconds of the sound that was sent."""

    model_config = ConfigDict(frozen=True)

    text: str
    start: FiniteFloat
    end: FiniteFloat
    avg_logprob: FiniteFloat | None = None
    no_speech_prob: FiniteFloat | None = None
    temperature: FiniteFloat | None = None


class RemoteResponse(BaseModel):
    """The transcript of one window."""

    model_config = ConfigDict(frozen=True)

    text: str
    language: str | None = None
    segments: tuple[RemoteSegment, ...] | None = None
    words: tuple[RemoteWord, ...] | None = None

    @property
    def language_code(self) -> str:
        """Code of the language: servers write codes (`en`) or names (`english`)."""
        try:
            return parse_language(self.language or "")
        except InvalidParameter:
            return UNDETERMINED

    @property
    def avg_logprob(self) -> float:
        """Mean of the segments, by length of text; 0 (certain) where the server gives no figures."""
        return self._mean([segment.avg_logprob for segment in self.segments or ()])

    @property
    def no_speech_prob(self) -> float:
        """As `avg_logprob`."""
        return self._mean([segment.no_speech_prob for segment in self.segments or ()])

    @property
    def temperature(self) -> float:
        """The highest of its segments: above what was asked for, the server has fallen back by itself."""
        return max((segment.temperature or 0.0 for segment in self.segments or ()), default=0.0)

    def _mean(self, figures: Sequence[float | None]) -> float:
        weights = [len(segment.text) for segment in self.segments or ()]
        known = [
            (figure, weight) for figure, weight in zip(figures, weights, strict=True) if figure is not None
        ]
        total = sum(weight for _, weight in known)
        return sum(figure * weight for figure, weight in known) / total if total else 0.0
