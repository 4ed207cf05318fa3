"""What an engine is: samples in, segments out. It knows nothing of Redis, HTTP or files."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from app.audio.samples import Samples
from app.schemas.transcript import Segment


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """How to decode; None leaves the choice to the engine (language: detect it)."""

    beam_size: int = 5
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Recognition:
    """An engine's answer: the language at once, the segments as they are decoded.

    Taking the next segment runs the model: whoever reads `segments` sets the pace and may stop at any time.
    """

    language: str | None
    language_probability: float | None
    segments: Iterator[Segment]


class Engine(Protocol):
    """One model, loaded and ready. Not thread-safe."""

    @property
    def name(self) -> str:
        """`faster-whisper`, `openai-whisper` or `fake`."""

    @property
    def model(self) -> str:
        """Canonical model name, e.g. `large-v3-turbo`."""

    @property
    def device(self) -> str:
        """`cpu` or `cuda`."""

    @property
    def compute_type(self) -> str:
        """What the weights were loaded as, e.g. `int8`."""

    def recognise(self, samples: Samples, options: DecodeOptions) -> Recognition:
        """Begin to transcribe `samples`. Raises EngineFailed where the runtime does."""
