"""The kinds of variants by name, some with a number: `loud`, `noise=5`, `opus=16`."""

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from app.audio.samples import Samples
from benchmark.engine.sound import write_wav
from benchmark.variants.effects import (
    at_peak,
    at_speed,
    in_noise,
    in_room,
    write_encoded,
    write_narrow,
    write_telephone,
)

LOUD_DECIBELS = 12.0
"""Peak of `loud`, relative to full scale: as much is clipped as by a microphone that is too near."""

QUIET_DECIBELS = -40.0

_DECIMAL = re.compile(r"-?\d+(\.\d+)?")

Write = Callable[[Path, Samples, float, np.random.Generator], None]
"""Makes a file of some sound, with the number of the kind."""


class UnknownKind(Exception):
    """There is no such kind, or its number is wrong; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """How it is written, into what, and its number: the default and the bounds; None where it takes none.

    `help` has the number as `{}`.
    """

    help: str
    write: Write
    suffix: str = ".wav"
    number: float | None = None
    bounds: tuple[float, float] = (0, 0)


@dataclass(frozen=True, slots=True)
class Treatment:
    """A kind and its number."""

    name: str
    number: float | None

    @property
    def label(self) -> str:
        """What the file name gets, without a dash: a dash separates treatments."""
        return self.name if self.number is None else f"{self.name}{self.number:g}".replace("-", "minus")

    def make(self, samples: Samples, stem: str, folder: Path, seed: int) -> Path:
        """Write `STEM-LABEL.…` into the folder; the same stem and seed always give the same file."""
        kind = KINDS[self.name]
        path = folder / f"{stem}-{self.label}{kind.suffix}"
        random = np.random.default_rng((seed, zlib.crc32(f"{stem}-{self.label}".encode())))
        kind.write(path, samples, self.number or 0.0, random)
        return path


def _wav(change: Callable[[Samples, float, np.random.Generator], Samples]) -> Write:
    return lambda path, samples, number, random: write_wav(path, [change(samples, number, random)])


def _codec(name: str, rate: int) -> Write:
    """An encoder by its name in FFmpeg; the number is kbit/s."""
    return lambda path, samples, number, _: write_encoded(path, samples, name, rate, round(1000 * number))


KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "loud": _Kind("too loud, clipped", _wav(lambda samples, _, __: at_peak(samples, LOUD_DECIBELS))),
        "quiet": _Kind(
            "very soft (a peak of -40 dB)", _wav(lambda samples, _, __: at_peak(samples, QUIET_DECIBELS))
        ),
        "noise": _Kind("pink noise, {} dB below the speech", _wav(in_noise), number=10, bounds=(-20, 60)),
        "room": _Kind("from across a room", _wav(lambda samples, _, random: in_room(samples, random))),
        "phone": _Kind("a telephone line (G.711)", lambda path, samples, *_: write_telephone(path, samples)),
        "8k": _Kind("a rate of 8 kHz", lambda path, samples, *_: write_narrow(path, samples)),
        "opus": _Kind("Opus, {} kbit/s", _codec("libopus", 16_000), ".opus", 12, (6, 256)),
        "mp3": _Kind("MP3, {} kbit/s", _codec("libmp3lame", 16_000), ".mp3", 32, (8, 160)),
        "speed": _Kind(
            "{} times as fast, the pitch moves with it",
            _wav(lambda samples, number, _: at_speed(samples, number)),
            number=1.25,
            bounds=(0.5, 2),
        ),
    }
)
"""All kinds; a number is written behind an equals sign."""


def kinds_help() -> str:
    """One line for the command's help."""
    return ", ".join(
        f"{name}{'' if kind.number is None else f'={kind.number:g}'} ({kind.help.format('N')})"
        for name, kind in KINDS.items()
    )


def described(label: str) -> str | None:
    """What a variant of this label is, `noise5` say; None where it is none of these kinds."""
    for name, kind in KINDS.items():
        number = label.removeprefix(name).replace("minus", "-")
        if label == name and kind.number is None:
            return f"{label}: {kind.help}"
        if label.startswith(name) and kind.number is not None and _DECIMAL.fullmatch(number):
            return f"{label}: {kind.help.format(number)}"
    return None


def read_treatment(text: str) -> Treatment:
    """What `noise=5` names. Raises UnknownKind."""
    name, equals, number = text.partition("=")
    kind = KINDS.get(name)
    if kind is None:
        raise UnknownKind(f"There is no variant {name!r}; choose from: {kinds_help()}.")
    if kind.number is None:
        if equals:
            raise UnknownKind(f"The variant {name} takes no number.")
        return Treatment(name, None)
    return Treatment(name, _number(name, number, kind) if equals else kind.number)


def _number(name: str, text: str, kind: _Kind) -> float:
    low, high = kind.bounds
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        raise UnknownKind(f"The variant {name} takes a number from {low:g} to {high:g}, not {text!r}.")
    return number
