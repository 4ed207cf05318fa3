"""Aligned words to words with times: punctuation joined, silence taken out. Both engines align as Whisper
does."""

from collections.abc import Iterable

from app.audio.windows import Window
from app.schemas.transcript import Word

PREPENDED = "\"'“¿([{-「『（【"
APPENDED = "\"'.。,，!！?？:：”)]}、」』）】"
"""Punctuation that belongs to the word after it or before it: openai-whisper's lists, and the brackets of
Japanese and Chinese."""

Aligned = tuple[str, float, float, float]
"""A word as it stands in the text, its start and end in seconds of the window, its probability."""


def to_words(window: Window, aligned: Iterable[Aligned]) -> tuple[Word, ...]:
    """Words in seconds of the recording; empty ones, whose punctuation went to a neighbour, are left out."""
    words = []
    for text, start, end, probability in aligned:
        if text:
            first, last = _within_speech(window, window.time_of(start), window.time_of(end))
            words.append(
                Word(
                    start=round(first, 3),
                    end=round(last, 3),
                    word=text,
                    probability=round(float(probability), 3),
                )
            )
    return tuple(words)


def _within_speech(window: Window, start: float, end: float) -> tuple[float, float]:
    """A word's times without the silence before or after it; a word that lies in silence keeps its times.

    The attention of the last word before a pause often stays on it until the next word begins.
    """
    spoken = [(max(start, first), min(end, last)) for first, last in window.speech]
    spoken = [(first, last) for first, last in spoken if last > first]
    return max(spoken, key=lambda span: span[1] - span[0]) if spoken else (start, end)
