"""Which language a recording is in, from what its windows sound like."""

from collections import defaultdict

from app.schemas.window import WindowTranscript

CONFIDENT = 0.5
"""Probability at which a language is believed (openai-whisper's and faster-whisper's threshold)."""

ENOUGH_SECONDS = 90.0
"""Sound after which the likeliest language is taken, however unsure."""


class LanguageVote:
    """Adds up what the windows say, each with the weight of its length, until the language is decided."""

    def __init__(self, given: str | None) -> None:
        self.decided = given
        self._is_given = given is not None
        self._scores: dict[str, float] = defaultdict(float)
        self._seconds = 0.0

    def add(self, window: WindowTranscript) -> None:
        """Hear one more window."""
        if self.decided is not None or not window.languages:
            return
        seconds = window.end - window.start
        self._seconds += seconds
        for language, probability in window.languages.items():
            self._scores[language] += probability * seconds
        if (
            self.best is not None and (self.probability or 0.0) >= CONFIDENT
        ) or self._seconds >= ENOUGH_SECONDS:
            self.decided = self.best

    @property
    def best(self) -> str | None:
        """The likeliest language so far; None where nobody spoke."""
        return max(self._scores, key=self._scores.__getitem__) if self._scores else self.decided

    @property
    def probability(self) -> float | None:
        """How sure that is; 1 where it was given."""
        if self._is_given:
            return 1.0
        return round(self._scores[self.best] / self._seconds, 4) if self.best and self._seconds else None
