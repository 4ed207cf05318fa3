"""Conversations made of single-voice clips: several voices in turn, each at a level of its own.

Recordings of one voice do not tell whether a second one is heard. These do: voices alternate, the quietest
up to 18 dB below the loudest, with pauses shorter than those between sentences, also over a telephone line
and in a room. Their references are exact, since each turn is a whole clip. The same clips and seed always
give the same conversations.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from app.audio.decode import read_samples
from app.audio.samples import SAMPLE_RATE, Samples
from benchmark.engine.corpus import Clip, CorpusMissing
from benchmark.engine.sound import write_wav
from benchmark.variants.effects import at_speed, in_room, write_telephone

SECONDS = 150.0
"""Length at which a conversation ends, unless told."""

PEAK_DECIBELS = (-22.0, -4.0)
"""Peak of the quietest and of the loudest voice, relative to full scale."""

PAUSE_SECONDS = (0.15, 0.9)
OVERLAP_SECONDS = (0.3, 1.5)
"""By so much every second turn begins before the last one's end where people interrupt each other."""

SPEEDS = (1.0, 0.85, 1.18, 0.92, 1.09, 0.79, 1.27)
"""Playing clips at these speeds gives a language with few readers more voices: pitch and formants move."""

CLIPS_OF_A_VOICE = 4
"""A reader of fewer clips is not heard: the conversation would end too soon."""

SILENCE_DECIBELS = -40.0
"""Below its clip's peak by this, the beginning or end of a clip is silence."""

EDGE_SECONDS = 0.03
"""What is kept of that silence."""


class Line(StrEnum):
    """Where a conversation was recorded."""

    NEAR = "near"
    TELEPHONE = "telephone"
    ROOM = "room"


@dataclass(frozen=True, slots=True)
class Scene:
    """A conversation to be made."""

    language: str
    line: Line
    voices: int
    overlaps: bool = False

    @property
    def name(self) -> str:
        """Unique among the scenes, and the conversation's file name."""
        return f"{self.language}-{self.line}-{self.voices}" + "-overlap" * self.overlaps


SCENES = (
    *(Scene("en", Line.NEAR, voices) for voices in (2, 3, 4, 5, 7)),
    *(Scene("en", Line.TELEPHONE, voices) for voices in (2, 3)),
    *(Scene("en", Line.ROOM, voices) for voices in (2, 4)),
    *(Scene("ru", Line.NEAR, voices) for voices in (2, 3, 5)),
    *(Scene("ru", Line.TELEPHONE, voices) for voices in (2, 3)),
    Scene("ru", Line.ROOM, 3),
    Scene("en", Line.NEAR, 3, overlaps=True),
    Scene("ru", Line.NEAR, 2, overlaps=True),
)


@dataclass(frozen=True, slots=True)
class Voice:
    """A reader, and the speed at which the clips are played."""

    clips: tuple[Clip, ...]
    speed: float


@dataclass(frozen=True, slots=True)
class Turn:
    """What a voice says in one go; times in seconds of the conversation."""

    start: float
    end: float
    speaker: int
    text: str


def conversations(clips: Sequence[Clip], folder: Path, seed: int, seconds: float = SECONDS) -> list[Clip]:
    """All SCENES, made of the clips of voice messages into `folder`, each ending with the turn that
    reaches `seconds`. Raises CorpusMissing."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number, scene in enumerate(SCENES):
        random = np.random.default_rng((seed, number))
        own = [clip for clip in clips if clip.language == scene.language]
        made.append(_made(scene, _voices(own, scene, random), seconds, folder, random))
    return made


def _voices(clips: Sequence[Clip], scene: Scene, random: np.random.Generator) -> list[Voice]:
    """As many voices as the scene has: readers first, then the same readers at other speeds."""
    readers: defaultdict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        readers[_reader(clip.path.stem)].append(clip)
    several = [tuple(own) for own in readers.values() if len(own) >= CLIPS_OF_A_VOICE]
    if not several:
        raise CorpusMissing(
            f"conversation: no reader of {scene.language} has {CLIPS_OF_A_VOICE} clips or more."
        )
    random.shuffle(several)
    at_speeds = [Voice(own, speed) for speed in SPEEDS for own in several]
    return at_speeds[: scene.voices]


def _reader(stem: str) -> str:
    """Who reads, by a file's name: its letters (`LJ001-0138_pm`), else its first number (LibriSpeech)."""
    return re.sub(r"[\W\d_]+", "_", stem).strip("_") or re.split(r"\D", stem)[0]


def _made(
    scene: Scene, voices: Sequence[Voice], seconds: float, folder: Path, random: np.random.Generator
) -> Clip:
    levels = np.linspace(*PEAK_DECIBELS, len(voices))
    random.shuffle(levels)
    heard = np.zeros(0, np.float32)
    turns: list[Turn] = []
    for speaker, clip in _order(voices, random):
        samples = at_speed(_without_edges(read_samples(clip.path)[0]), voices[speaker].speed)
        level = 10 ** (levels[speaker] / 20) / np.abs(samples).max()
        start = len(heard) + round(_pause(scene, len(turns), random) * SAMPLE_RATE)
        heard = _mixed(heard, samples * np.float32(level), start)
        turns.append(Turn(start / SAMPLE_RATE, (start + len(samples)) / SAMPLE_RATE, speaker, clip.reference))
        if turns[-1].end >= seconds:
            break
    path = folder / f"{scene.name}.wav"
    _write(path, heard, scene.line, random)
    text = " ".join(turn.text for turn in turns)
    path.with_suffix(".txt").write_text(text + "\n", "utf-8")
    _write_turns(path.with_suffix(".segments.tsv"), turns)
    return Clip(path, scene.language, len(heard) / SAMPLE_RATE, text)


def _pause(scene: Scene, turns: int, random: np.random.Generator) -> float:
    """Seconds between the last turn's end and the next one's beginning; negative where they overlap."""
    if scene.overlaps and turns % 2 == 1:
        return -float(random.uniform(*OVERLAP_SECONDS))
    return float(random.uniform(*PAUSE_SECONDS))


def _mixed(heard: Samples, samples: Samples, start: int) -> Samples:
    """What was heard so far, and other samples from `start` on."""
    mixed = np.zeros(max(len(heard), start + len(samples)), np.float32)
    mixed[: len(heard)] = heard
    mixed[start : start + len(samples)] += samples
    return mixed


def _write_turns(path: Path, turns: Sequence[Turn]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None)
        writer.writerow(("start", "end", "speaker", "text"))
        writer.writerows((f"{each.start:.3f}", f"{each.end:.3f}", each.speaker, each.text) for each in turns)


def _order(voices: Sequence[Voice], random: np.random.Generator) -> Iterator[tuple[int, Clip]]:
    """Voices in random order, none twice in a row; no voice says a clip twice."""
    left = [list(random.permutation(np.array(voice.clips, dtype=object))) for voice in voices]
    last = -1
    while others := [place for place, clips in enumerate(left) if clips and place != last]:
        last = int(random.choice(others))
        yield last, left[last].pop()


def _without_edges(samples: Samples) -> Samples:
    """A clip without the silence at its beginning and end."""
    loud = np.flatnonzero(np.abs(samples) > np.abs(samples).max() * 10 ** (SILENCE_DECIBELS / 20))
    edge = round(EDGE_SECONDS * SAMPLE_RATE)
    return samples[max(0, loud[0] - edge) : loud[-1] + edge]


def _write(path: Path, samples: Samples, line: Line, random: np.random.Generator) -> None:
    if line is Line.TELEPHONE:
        write_telephone(path, samples)
    else:
        write_wav(path, [in_room(samples, random) if line is Line.ROOM else samples])
