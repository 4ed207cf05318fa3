"""The interface of an engine: windows in, their transcripts out; no Redis, no HTTP, no files."""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from app.asr.frames import SoundFeatures
from app.audio.windows import Window
from app.schemas.window import WindowTranscript

_SPECIAL_TOKEN = re.compile(r"<\|[^|\s]*\|>")


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """How to decode; None leaves the choice to the engine (language: detect it).

    `prompt` and `hotwords` are a client's words. What a tokenizer would take for one of the model's special
    tokens is left out of them: after `<|endoftext|>` the model drops words, and openai-whisper raises.
    """

    beam_size: int = 5
    language: str | None = None
    languages: tuple[str, ...] = ()
    """What detection chooses among; empty: all that the model knows."""
    translate: bool = False
    """Translate into English instead of writing down what is said."""
    prompt: str | None = None
    """Text that is taken for what was said before: names, spelling, style."""
    hotwords: str | None = None
    """Words that are likely to come; more weakly bound than `prompt`."""
    temperature: float = 0.0
    """Where hypotheses are sampled from the start; 0: searched for first."""
    word_timestamps: bool = False

    def unprompted(self) -> "DecodeOptions":
        """The same without a text that the decoder may take for what is said, or for said already."""
        return replace(self, prompt=None, hotwords=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "prompt", _without_special_tokens(self.prompt))
        object.__setattr__(self, "hotwords", _without_special_tokens(self.hotwords))


def _without_special_tokens(text: str | None) -> str | None:
    return _SPECIAL_TOKEN.sub(" ", text or "").strip() or None


@dataclass(frozen=True, slots=True, eq=False)
class WindowRequest:
    """A window and what is asked of it.

    `expected` is the language that the recording has been in so far: taken where `options` name none and the
    window does not sound clearly like another. `features` are those of the window, where the engine has
    computed them ahead.
    """

    window: Window
    options: DecodeOptions
    expected: str | None = None
    features: SoundFeatures | None = None

    def of_part(self, part: Window, language: str) -> "WindowRequest":
        """The same asked of a part of the window, which is expected to be in that language."""
        return replace(self, window=part, expected=language, features=None)


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What an engine runs, for people and for the record.

    `engine` is `faster-whisper`, `openai-whisper`, `onnx-asr` or `remote`, `model` a canonical name
    (`large-v3-turbo`), `device` `cpu`, `cuda` or `remote`, `compute_type` what the weights were loaded as
    (`int8`), `encoder_context` what the encoder hears of a window (`short`, `full`), `digest` the sum of the
    weights (the name of a server's model), `versions` those of the packages that the hypotheses depend on,
    `ignores` the names of DecodeOptions that a client may give and the model cannot heed, `encoder_padding`
    what follows the sound in a short context, `encoder` the library that encodes, where there is a choice.
    """

    engine: str
    model: str
    device: str
    compute_type: str
    encoder_context: str
    digest: str
    versions: Mapping[str, str]
    ignores: tuple[str, ...] = ()
    encoder_padding: str = "silence"
    encoder: str = ""
    batch_limit: int | None = None
    """Windows of a batch at most, as of the loading; no hypothesis depends on it."""


class Engine(Protocol):
    """One loaded model, whose `transcribe` some more than `decode_workers` threads may call at a time."""

    @property
    def info(self) -> EngineInfo:
        """What it is."""

    @property
    def decode_workers(self) -> int:
        """Number of batches that are best decoded at the same time."""

    def max_batch(self, request: WindowRequest, /) -> int:
        """How many windows such as this one a batch should hold at most."""

    def group(self, request: WindowRequest) -> Hashable:
        """Only requests of the same group may share a batch."""

    def prepare(self, request: WindowRequest, /) -> WindowRequest:
        """The request with what can be computed of it ahead of its batch, without the device.

        Called in the thread of the recording, also while the model is being closed.
        """

    def transcribe(self, batch: Sequence[WindowRequest]) -> list[WindowTranscript]:
        """Transcribe the windows of one batch; a hypothesis does not depend on the others in it.

        Raises EngineFailed where the runtime does, OutOfDeviceMemory where a smaller batch may help,
        DeviceLost where no batch can be decoded on the GPU any more.
        """

    def close(self) -> None:
        """Free the memory; the engine must not be used afterwards."""
