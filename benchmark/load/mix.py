"""What is sent: recordings of a folder, or scripts for the fake engine, of a mix of lengths."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MULAW_BYTES_PER_SECOND = 8000


class WrongMix(Exception):
    """The text names no mix; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A recording to send; `weight` is how often it comes, relative to the others."""

    path: Path
    seconds: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class FakeWorker:
    """What the fake engine does: a worker of `speed` times real time, shared by `in_flight` recordings."""

    speed: float
    in_flight: int


def read_lengths(text: str) -> list[tuple[float, float]]:
    """Seconds and weights of `5:7,60:2,600:1`; without a weight it is 1. Raises WrongMix."""
    try:
        pairs = [part.partition(":") for part in text.split(",")]
        found = [(float(seconds), float(weight or 1)) for seconds, _, weight in pairs]
    except ValueError:
        found = []
    if not found or any(seconds <= 0 or weight <= 0 for seconds, weight in found):
        raise WrongMix(f"{text!r} names no lengths: write SECONDS:WEIGHT, separated by commas.")
    return found


def fake_samples(lengths: Sequence[tuple[float, float]], worker: FakeWorker, folder: Path) -> list[Sample]:
    """Scripts for the fake engine that the API takes for recordings of their lengths.

    Any bytes are mu-law: spaces before the script make up the length, in time and in megabytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    samples = []
    for seconds, weight in lengths:
        path = folder / f"{seconds:g}.ulaw"
        words = "word " * round(2.5 * seconds)
        script = {"text": words, "duration": seconds, "seconds": seconds * worker.in_flight / worker.speed}
        path.write_text(json.dumps(script).rjust(round(seconds * MULAW_BYTES_PER_SECOND)))
        samples.append(Sample(path, seconds, weight))
    return samples


def drawn(samples: Sequence[Sample], random: np.random.Generator) -> Iterator[Sample]:
    """Samples for ever, by their weights."""
    weights = np.array([sample.weight for sample in samples])
    while True:
        yield samples[int(random.choice(len(samples), p=weights / weights.sum()))]
