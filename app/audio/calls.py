"""Two channels that are the sides of a call, told from ordinary stereo by how loud they are when.

In a call mostly one side speaks, and the loudness of one tells nothing of the other's. In stereo of music, a
room or a studio both rise and fall together, whatever their waveforms do: those mislead. Measured on made
calls down to -12 dB of cross-talk and on stereo of five kinds: docs/research/measurements.md.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.audio.decode import SoundStream
from app.audio.listening import Listening
from app.audio.pcm import Channels
from app.audio.samples import SAMPLE_RATE
from app.core.errors import AudioUndecodable
from app.core.recording_path import RecordingPath

LOOK_SECONDS = 300.0
"""How much of a recording is looked at, from its beginning."""

FRAME_SAMPLES = SAMPLE_RATE // 10
QUIET_DB, ABOVE_FLOOR_DB = -55.0, 10.0
"""Somebody speaks in frames that are louder than the one, and by the other above the floor of their channel:
the level below which a tenth of its frames are."""

ONE_SIDED_DB = 8.0
LEAST_ONE_SIDED, LEAST_LESSER, MOST_ALIKE = 0.6, 0.03, 0.3
"""Of the frames with speech, how many have one channel louder by ONE_SIDED_DB; of these, the share of the
channel that speaks less; and the greatest correlation of the two levels."""

FAINTEST_CROSSTALK_DB = -30.0
"""What is fainter disturbs nobody."""

CROSSTALK_MARGIN_DB = 4.0
"""How much louder than the expected cross-talk a channel must be to have speech of its own."""

_SILENCE_DB = -100.0

Levels = NDArray[np.float64]
"""dB relative to full scale of each channel and frame, shape (2, n)."""


@dataclass(frozen=True, slots=True)
class CallSides:
    """A call; `crosstalk` tells for each channel how loud the other one is in it, in dB relative to that."""

    crosstalk: tuple[float, float]


def call_sides(path: RecordingPath, listening: Listening) -> CallSides | None:
    """The sides of a recording that is a call; None where it is not. Never raises for a damaged recording."""
    seconds = min(listening.trim or LOOK_SECONDS, LOOK_SECONDS)
    parts: list[Levels] = []
    try:
        for block in SoundStream(path, replace(listening, split=True, trim=seconds)):
            if len(block) != 2:
                return None
            parts.append(levels_of(block))
    except AudioUndecodable:  # whoever transcribes it tells
        return None
    return sides_of(np.concatenate(parts, axis=1)) if parts else None


def levels_of(block: Channels) -> Levels:
    """The levels of the whole frames in some sound."""
    whole = block.shape[1] - block.shape[1] % FRAME_SAMPLES
    frames = block[:, :whole].reshape(len(block), -1, FRAME_SAMPLES).astype(np.float64)
    return np.asarray(10 * np.log10(np.square(frames).mean(axis=2) + 10 ** (_SILENCE_DB / 10)), np.float64)


def sides_of(levels: Levels) -> CallSides | None:
    """The sides of a call with these levels; None where they are none of a call."""
    if not levels.shape[1]:
        return None
    floors = np.percentile(levels, 10, axis=1, keepdims=True)
    speaking = levels[:, (levels > np.maximum(floors + ABOVE_FLOOR_DB, QUIET_DB)).any(axis=0)]
    if speaking.shape[1] < 3:
        return None
    difference = speaking[0] - speaking[1]
    sides = difference > ONE_SIDED_DB, difference < -ONE_SIDED_DB
    counts = [int(side.sum()) for side in sides]
    if sum(counts) < LEAST_ONE_SIDED * len(difference) or min(counts) < LEAST_LESSER * sum(counts):
        return None
    if _likeness(np.maximum(speaking, QUIET_DB - 5)) >= MOST_ALIKE:
        return None
    return CallSides((-float(np.median(-difference[sides[1]])), -float(np.median(difference[sides[0]]))))


def without_crosstalk(blocks: Iterable[Channels], sides: CallSides) -> Iterator[Channels]:
    """The same sound, each channel silent while there is nothing in it but the other's cross-talk."""
    for block in blocks:
        yield block if len(block) != 2 else _silenced(block, sides)


def _silenced(block: Channels, sides: CallSides) -> Channels:
    levels = levels_of(block)
    own = np.ones(block.shape, bool)
    for channel, crosstalk in enumerate(sides.crosstalk):
        if crosstalk < FAINTEST_CROSSTALK_DB:
            continue
        has_own = levels[channel] > levels[1 - channel] + crosstalk + CROSSTALK_MARGIN_DB
        near = has_own.copy()  # words begin and end softly
        near[1:] |= has_own[:-1]
        near[:-1] |= has_own[1:]
        own[channel, : len(near) * FRAME_SAMPLES] = np.repeat(near, FRAME_SAMPLES)
    return np.where(own, block, np.float32(0))


def _likeness(levels: Levels) -> float:
    """Correlation of two levels; 1 where one of them never changes."""
    if levels.std(axis=1).min() == 0:
        return 1.0
    one, other = levels - levels.mean(axis=1, keepdims=True)
    return float(one @ other / np.sqrt((one @ one) * (other @ other)))
