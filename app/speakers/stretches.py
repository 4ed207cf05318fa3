"""What of a window is encoded: spans of speech, in stretches that are long enough to tell a voice."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.audio.samples import SAMPLE_RATE
from app.audio.windows import Spans, Window
from app.speakers.encoder import LEAST_FRAMES, VoiceEncoder
from app.speakers.features import FRAME_SAMPLES, STEP_SAMPLES, Features, features_of
from app.weights.campplus import DIMENSIONS

STRETCH_SECONDS, STEP_SECONDS = 1.5, 1.0
"""Length of a stretch, and the longest step to the next one; chosen in docs/research/measurements.md."""

PADDING_SECONDS = 0.15
"""Speech begins a little before it is detected and ends a little after."""

JOIN_SECONDS = 0.3
"""A shorter pause is no end of a span."""

_FULL_SCALE = 127


@dataclass(frozen=True, slots=True, eq=False)
class Voices:
    """What is kept of a window: `spans` of speech and `stretches` of them (n, 2), in seconds of the
    recording, and the `vectors` of these in 8 bits, shape (n, DIMENSIONS).

    `channel` is that of the window, None where all channels are mixed.
    """

    spans: Spans
    stretches: NDArray[np.float64]
    vectors: NDArray[np.int8]
    channel: int | None = None


def voices_of(window: Window, encoder: VoiceEncoder) -> Voices:
    """Listen to the voices of a window."""
    spans = spans_of(window)
    heard = [
        (stretch, features)
        for span in spans
        for stretch, features in _heard(window, *span)
        if len(features) >= LEAST_FRAMES
    ]
    vectors = encoder.encode([features for _, features in heard])
    stretches = np.array([stretch for stretch, _ in heard], np.float64).reshape(-1, 2)
    greatest = np.abs(vectors).max(axis=1, keepdims=True, initial=1e-9)
    return Voices(spans, stretches, np.rint(vectors * (_FULL_SCALE / greatest)).astype(np.int8))


def spans_only(window: Window) -> Voices:
    """When somebody speaks in a window of which it is known who: no vectors are needed."""
    return Voices(spans_of(window), np.empty((0, 2)), np.empty((0, DIMENSIONS), np.int8))


def spans_of(window: Window) -> Spans:
    """Spans in which speech was detected, with what belongs to it on either side."""
    spans: list[tuple[float, float]] = []
    for first, last in window.voiced:
        start, end = max(first - PADDING_SECONDS, window.start), min(last + PADDING_SECONDS, window.end)
        if spans and start - spans[-1][1] < JOIN_SECONDS:
            spans[-1] = spans[-1][0], max(end, spans[-1][1])
        else:
            spans.append((start, end))
    return tuple(spans)


def _stretches(start: float, end: float) -> Iterator[tuple[float, float]]:
    """Stretches that cover a span, evenly spread; a span that is no longer than one is one."""
    room = end - start - STRETCH_SECONDS
    if room <= 0:
        yield start, end
        return
    steps = math.ceil(room / STEP_SECONDS)
    for place in range(steps + 1):
        first = start + room * place / steps
        yield first, first + STRETCH_SECONDS


def _heard(window: Window, start: float, end: float) -> Iterator[tuple[tuple[float, float], Features]]:
    """The stretches of a span, with their features: those of the span are computed once."""
    first = round(window.place_of(start) * SAMPLE_RATE)
    count = round((end - start) * SAMPLE_RATE) + FRAME_SAMPLES - STEP_SAMPLES
    features = features_of(window.samples[first : first + count])
    for begin, stop in _stretches(start, end):
        frame = round((begin - start) * SAMPLE_RATE / STEP_SAMPLES)
        yield (begin, stop), features[frame : frame + round((stop - begin) * SAMPLE_RATE / STEP_SAMPLES)]
