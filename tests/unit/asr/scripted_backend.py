"""A backend without weights: it writes what a test says, and notes what it was asked."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from app.asr.backend import Alignment, DecodingPass, Utterance
from app.asr.base import EngineInfo, WindowRequest
from app.asr.hypothesis import Hypothesis
from app.asr.language import Languages
from app.asr.words import Aligned

WORD_SECONDS = 0.4


def written(*starts: float, **figures: float | bool) -> Hypothesis:
    """A hypothesis with words that begin at these seconds of their window."""
    tokens = tuple(round(10 * start) for start in starts)
    return Hypothesis(
        tokens=tokens,
        text="".join(f" w{token}" for token in tokens),
        avg_logprob=figures.get("avg_logprob", -0.2),
        no_speech_prob=figures.get("no_speech_prob", 0.0),
        cut_short=bool(figures.get("cut_short", False)),
    )


@dataclass(frozen=True, slots=True)
class Encoded:
    """Numbers of windows, and whether they were encoded with all 30 s of context."""

    numbers: tuple[int, ...]
    is_full: bool

    def __getitem__(self, places: slice | list[int], /) -> "Encoded":
        numbers = (
            self.numbers[places]
            if isinstance(places, slice)
            else tuple(self.numbers[place] for place in places)
        )
        return Encoded(numbers, self.is_full)


Write = Callable[[Utterance, DecodingPass, Encoded], Hypothesis]


@dataclass(slots=True)
class ScriptedBackend:
    """Writes what `write` says of a window; `calls` are those of the model, each with numbers of windows."""

    write: Write
    device: str = "cpu"
    languages: dict[str, float] = field(default_factory=lambda: {"en": 0.9})
    is_multilingual: bool = True
    has_full_context: bool = False
    decode_workers: int = 1
    calls: list[tuple[object, ...]] = field(default_factory=list)

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("scripted", "base", self.device, "int8", "short", "sha256:0", {})

    def max_batch(self, _: WindowRequest) -> int:
        return 8

    def group(self, request: WindowRequest) -> Hashable:
        return request.options

    def prepare(self, request: WindowRequest) -> WindowRequest:
        return request

    def encode(self, requests: Sequence[WindowRequest], *, full_context: bool) -> Encoded:
        encoded = Encoded(tuple(request.window.number for request in requests), full_context)
        self.calls.append(("encode fully" if full_context else "encode", *encoded.numbers))
        return encoded

    def join(self, states: Sequence[Encoded]) -> Encoded:
        return Encoded(tuple(number for each in states for number in each.numbers), states[0].is_full)

    def detect(self, states: Encoded, among: Sequence[Sequence[str]]) -> list[Languages]:
        assert len(among) == len(states.numbers)
        self.calls.append(("detect", *states.numbers))
        return [Languages(dict(self.languages)) for _ in among]

    def decode(self, states: Encoded, utterances: Sequence[Utterance], how: DecodingPass) -> list[Hypothesis]:
        assert [each.request.window.number for each in utterances] == list(states.numbers)
        self.calls.append((_told(how), *states.numbers))
        return [
            self.write(utterance, how, states[place : place + 1])
            for place, utterance in enumerate(utterances)
        ]

    def align(self, alignments: Sequence[Alignment[Encoded]]) -> list[list[Aligned]]:
        assert len({(each.language, each.request.options.translate) for each in alignments}) == 1
        self.calls.append(("align", *(each.request.window.number for each in alignments)))
        return [
            [(f" w{token}", token / 10, token / 10 + WORD_SECONDS, 0.9) for token in each.tokens]
            for each in alignments
        ]

    def probe(self) -> None:
        self.calls.append(("probe",))

    def free(self) -> None:
        self.calls.append(("free",))

    def close(self) -> None:
        self.calls.append(("close",))


def _told(how: DecodingPass) -> str:
    if how.has_time_tokens:
        return "decode with times"
    if how.temperature:
        return f"sample at {how.temperature:g}"
    return "decode again" if how.has_full_room else "decode"
