"""The interface of a backend: Whisper weights that a runtime has loaded, and the calls that it offers.

What is done with these calls (languages, fallback, alignment, coverage) is the pipeline's (`pipeline.py`),
and the same for all backends. An engine that has its texts from elsewhere implements `Engine` instead.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

from app.asr.base import EngineInfo, WindowRequest
from app.asr.hypothesis import Hypothesis
from app.asr.language import Languages
from app.asr.words import Aligned


class EncoderStates(Protocol):
    """Encoder states of some windows, wherever they lie, as the decoder of their backend takes them."""

    def __getitem__(self, places: slice | list[int], /) -> Self:
        """Those of some of the windows; a slice shares their memory."""


S = TypeVar("S", bound=EncoderStates)


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """A window to be decoded, as the options of its request say, in this language."""

    request: WindowRequest
    language: str


@dataclass(frozen=True, slots=True)
class DecodingPass:
    """How some windows are decoded.

    `temperature` 0 searches with a beam; above it the likeliest of some samples counts. `has_full_room` gives
    a hypothesis as many tokens as can be said, else as most speech needs: what has more is mostly a loop.
    With `has_time_tokens` the decoder writes times between phrases, which lead it from one to the next.
    """

    temperature: float = 0.0
    has_full_room: bool = True
    has_time_tokens: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Alignment(Generic[S]):
    """A hypothesis whose words are wanted: its window, with the `states` of that alone, language, tokens."""

    request: WindowRequest
    states: S
    language: str
    tokens: tuple[int, ...]


class Backend(Protocol[S]):
    """Loaded weights. Thread-safe. Calls raise whatever the runtime raises."""

    @property
    def info(self) -> EngineInfo:
        """See Engine."""

    @property
    def decode_workers(self) -> int:
        """See Engine."""

    @property
    def is_multilingual(self) -> bool:
        """Whether it knows more than English."""

    @property
    def has_full_context(self) -> bool:
        """Whether it encodes all 30 s of context always, so that nothing need be encoded again for them."""

    def max_batch(self, request: WindowRequest, /) -> int:
        """See Engine."""

    def group(self, request: WindowRequest, /) -> Hashable:
        """See Engine."""

    def prepare(self, request: WindowRequest, /) -> WindowRequest:
        """See Engine."""

    def encode(self, requests: Sequence[WindowRequest], /, *, full_context: bool) -> S:
        """The states of windows, with all 30 s of context, or with what the backend deems enough."""

    def join(self, states: Sequence[S], /) -> S:
        """The states of several windows, of one length, together."""

    def detect(self, states: S, among: Sequence[Sequence[str]], /) -> list[Languages]:
        """The languages of windows, each of those that it may be in (none named: of all)."""

    def decode(self, states: S, utterances: Sequence[Utterance], how: DecodingPass, /) -> list[Hypothesis]:
        """The hypothesis for each of some windows that belong to one group."""

    def align(self, alignments: Sequence[Alignment[S]], /) -> list[list[Aligned]]:
        """The words of hypotheses in one language and task, punctuation joined; times are the windows'."""

    def probe(self) -> None:
        """Make one small call on the device, and wait for its result: one that has succeeded before."""

    def free(self) -> None:
        """Return memory that is not in use to the device."""

    def close(self) -> None:
        """See Engine."""
