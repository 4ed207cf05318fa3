"""Coverage: is there speech in a window for which the decoder wrote no words?

Whisper's decoder often stops after one voice although another follows, above all a softer one, and no score
of the hypothesis shows it. Speech detection and the times of the words do: a stretch of speech without a word
is a gap. A window with gaps is decoded once more with time tokens, which lead the decoder from phrase to
phrase. What is still missing is decoded by itself and put in its place, and what remains after that is named
in the result. docs/research/measurements.md has the measurements.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.asr.base import WindowRequest
from app.asr.fallback import DecodingResult
from app.asr.hypothesis import NO_SPEECH_PROB, Hypothesis
from app.asr.segments import is_several
from app.audio.windows import Window
from app.schemas.transcript import Span, Word

LEAST_GAP_SECONDS = 0.8
"""Less speech than this without a word is a hesitation, a breath, or an inexact time."""

WORD_SECONDS = 0.2
LETTER_SECONDS = 0.1
"""The longest that a word takes, and each of its letters. Alignment stretches the word after a gap back over
it, so that only the last part of a longer word counts."""

SLACK_SECONDS = 0.2
"""How inexact the times of words are."""

SPARSE_TOKENS_PER_SECOND = 3.0
"""A hypothesis with fewer tokens per second of speech may have a gap: its words are aligned to find out."""

MARGIN_SECONDS = 0.6
"""Silence around a gap that is decoded with it, as around a window."""

SAME_SOUND = 0.9
"""A gap that is this share of its window was decoded already."""

MOST_MISSING = 0.5
"""Share of the speech in a window that words may leave out and still be what is said there."""

LEAST_PROBABILITY = 0.05
"""Mean probability of such words: 0.07 and more where somebody speaks, up to 0.02 in noise."""

_STEP_SECONDS = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class WindowDraft:
    """A decoded window; `words` are None where their times are not known."""

    request: WindowRequest
    result: DecodingResult
    words: tuple[Word, ...] | None

    @property
    def window(self) -> Window:
        """What was decoded."""
        return self.request.window

    @property
    def hypothesis(self) -> Hypothesis:
        """What the decoder wrote."""
        return self.result.hypothesis

    @property
    def is_noise(self) -> bool:
        """Whether nobody speaks, by Whisper's own rule or since its words are found nowhere in the sound.

        Where nobody speaks the decoder writes "you" or "Thank you": such words cover little of what was
        taken for speech, and alignment finds them improbable, or the decoder itself hears no speech.
        """
        if self.hypothesis.is_noise or not self.words:
            return self.hypothesis.is_noise
        is_unlikely = self._probability < LEAST_PROBABILITY or self.hypothesis.no_speech_prob > NO_SPEECH_PROB
        return is_unlikely and self._missing > MOST_MISSING

    @property
    def is_believed(self) -> bool:
        """Whether the hypothesis for a gap was said there."""
        if (
            self.hypothesis.is_noise
            or self.hypothesis.reject_reason(self.window.seconds) is not None
            or not self.words
        ):
            return False
        return self._missing <= MOST_MISSING and self._probability >= LEAST_PROBABILITY

    @property
    def gaps(self) -> tuple[Span, ...]:
        """Speech for which it has no words. Noise is one gap; without times of words none is known."""
        if self.is_noise:
            return find_gaps(self.window, ())
        return () if self.words is None else find_gaps(self.window, self.words)

    @property
    def has_gaps(self) -> bool:
        """Whether somebody speaks where it has no words, unless the decoder itself heard no speech."""
        return not self.hypothesis.is_noise and bool(self.gaps)

    @property
    def _missing(self) -> float:
        """Share of the speech for which it has no words."""
        spoken = self.window.voiced_seconds
        return seconds_of(find_gaps(self.window, self.words or ())) / spoken if spoken else 0.0

    @property
    def _probability(self) -> float:
        """Mean of its words."""
        words = self.words or ()
        return sum(word.probability for word in words) / len(words) if words else 0.0


def needs_words(request: WindowRequest, hypothesis: Hypothesis) -> bool:
    """Whether the times of words are needed: for the client, for the bounds of segments, to find gaps."""
    window = request.window
    return (
        request.options.word_timestamps
        or is_several(window, hypothesis.text)
        or is_sparse(window, hypothesis)
    )


def is_sparse(window: Window, hypothesis: Hypothesis) -> bool:
    """Whether a hypothesis is short for the speech in its window."""
    seconds = window.voiced_seconds
    return seconds >= LEAST_GAP_SECONDS and len(hypothesis.tokens) < SPARSE_TOKENS_PER_SECOND * seconds


def find_gaps(window: Window, words: Sequence[Word]) -> tuple[Span, ...]:
    """Spans between words, in seconds of the recording, with LEAST_GAP_SECONDS of speech or more in them."""
    steps = _steps(window.end - window.start) + 1
    spoken, written = np.zeros(steps, bool), np.zeros(steps, bool)
    for start, end in window.voiced:
        spoken[_steps(start - window.start) : _steps(end - window.start)] = True
    for word in words:
        first = _steps(earliest(word) - SLACK_SECONDS - window.start)
        written[max(0, first) : max(0, _steps(word.end + SLACK_SECONDS - window.start))] = True
    found = []
    for first, last in _runs(~written):
        speech = first + np.flatnonzero(spoken[first:last])
        if len(speech) * _STEP_SECONDS >= LEAST_GAP_SECONDS:
            start, end = window.start + _STEP_SECONDS * speech[[0, -1]]
            found.append(Span(start=round(float(start), 3), end=round(float(end) + _STEP_SECONDS, 3)))
    return tuple(found)


def earliest(word: Word) -> float:
    """When a word can have begun, in seconds of the recording."""
    longest = WORD_SECONDS + LETTER_SECONDS * sum(map(str.isalnum, word.word))
    return max(word.start, word.end - longest)


def seconds_of(spans: Sequence[Span]) -> float:
    """Length of all spans together."""
    return sum(span.end - span.start for span in spans)


def fewer_gaps(first: WindowDraft, second: WindowDraft) -> WindowDraft:
    """The draft that leaves less speech without words; the second one only where it can be believed."""
    if second.hypothesis.reject_reason(second.window.seconds) is not None:
        return first
    return min(first, second, key=lambda draft: seconds_of(draft.gaps))


def fill_gaps(
    draft: WindowDraft, decode: Callable[[WindowRequest], WindowDraft]
) -> tuple[WindowDraft, list[WindowDraft]]:
    """What is said in each gap, decoded by itself; and the draft, its words no longer stretched over gaps."""
    found = []
    for gap in draft.gaps:
        part = _around(draft.window, gap, draft.words or ())
        if part.voiced and part.seconds < SAME_SOUND * draft.window.seconds:
            found.append(decode(draft.request.of_part(part, draft.result.language)))
    inserts = [each for each in found if each.is_believed]
    if not inserts or draft.words is None:
        return draft, inserts
    words = tuple(word.model_copy(update={"start": round(earliest(word), 3)}) for word in draft.words)
    return replace(draft, words=words), inserts


def uncovered(draft: WindowDraft, inserts: Sequence[WindowDraft]) -> tuple[Span, ...]:
    """Speech for which there are no words in the end."""
    if draft.words is None or draft.is_noise:
        return draft.gaps
    return find_gaps(
        draft.window, [*draft.words, *(word for insert in inserts for word in insert.words or ())]
    )


def _around(window: Window, gap: Span, words: Sequence[Word]) -> Window:
    """The gap's sound, with the silence around it as far as the next words."""
    before = max((word.end for word in words if word.end <= gap.start), default=window.start)
    after = min((earliest(word) for word in words if earliest(word) >= gap.end), default=window.end)
    first = window.place_of(max(before, gap.start - MARGIN_SECONDS))
    last = window.place_of(min(after, gap.end + MARGIN_SECONDS))
    return window.part(max(0.0, first), min(window.seconds, last))


def _steps(seconds: float) -> int:
    return round(seconds / _STEP_SECONDS)


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Stretches [first, last) in which the mask is set."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]
