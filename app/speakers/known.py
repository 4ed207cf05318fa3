"""Voices that are recognised by a clip of each. Nothing of a voice is kept beyond the recording."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from app.audio.decode import stream_samples
from app.audio.windows import cut_windows
from app.core.errors import AudioUndecodable
from app.speakers.encoder import Vector, VoiceEncoder, unit
from app.speakers.stretches import Voices, voices_of
from app.speakers.turns import VoiceTurn, vectors_of
from app.weights.campplus import DIMENSIONS

LEAST_LIKENESS = 0.35
"""Cosine of a voice to a clip. Of 20 voices, clips of the same score 0.51 to 1, over a telephone or far from
the microphone 0.37 and more; 99 of 100 pairs of different voices score less than 0.31."""

MARGIN = 0.1
"""By how much a clip must be more like a voice than any other clip is, and the voice than any other voice."""

CLIP_SECONDS = 30.0
"""Of a longer clip this much is heard."""


def clip_vector(clip: Path, name: str, encoder: VoiceEncoder) -> Vector:
    """The mean vector of a clip. Raises AudioUndecodable where nobody speaks in it, naming whose it is."""
    try:
        windows = list(cut_windows(stream_samples(clip, trim=CLIP_SECONDS)))
    except AudioUndecodable as error:
        raise AudioUndecodable(f"The clip of {name!r} cannot be decoded. {error.detail}") from error
    vectors = [vectors_of(voices_of(window, encoder)) for window in windows]
    heard = np.concatenate(vectors) if vectors else np.empty((0, DIMENSIONS), np.float32)
    if not len(heard):
        raise AudioUndecodable(f"Nobody speaks in the clip of {name!r}; send 2 to 10 s of that voice alone.")
    vector: Vector = unit(heard.mean(axis=0, keepdims=True))[0]
    return vector


def voice_vectors(windows: Sequence[Voices], turns: Sequence[VoiceTurn]) -> dict[int, Vector]:
    """The mean vector of each voice, over the stretches whose middle lies in a turn of it."""
    sums: dict[int, Vector] = {}
    for voices in windows:
        for (start, end), vector in zip(voices.stretches, vectors_of(voices), strict=True):
            middle = (start + end) / 2
            voice = next(
                (
                    turn.voice
                    for turn in turns
                    if turn.start <= middle < turn.end and voices.channel in (None, turn.voice)
                ),
                None,
            )
            if voice is not None:
                sums[voice] = sums.get(voice, 0) + vector
    return {voice: unit(total[np.newaxis])[0] for voice, total in sums.items()}


def names_of(voices: Mapping[int, Vector], clips: Mapping[str, Vector]) -> dict[int, str]:
    """The names of the voices that are clearly those of a clip; each name is given once."""
    if not voices or not clips:
        return {}
    numbers, names = list(voices), list(clips)
    alike = np.stack([voices[each] for each in numbers]) @ np.stack([clips[each] for each in names]).T
    found = {}
    for row, number in enumerate(numbers):
        column = int(alike[row].argmax())
        rivals = np.concatenate([np.delete(alike[row], column), np.delete(alike[:, column], row)])
        best = float(alike[row, column])
        if best >= LEAST_LIKENESS and best - rivals.max(initial=-1.0) >= MARGIN:
            found[number] = names[column]
    return found
