"""A recording to its windows, in the process that asks for them."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from app.audio.calls import CallSides, without_crosstalk
from app.audio.channels import ChannelWindow, cut_channels
from app.audio.chunker import ChunkRules
from app.audio.decode import SoundStream
from app.audio.listening import Listening
from app.audio.pcm import Channels
from app.audio.report import DecodeReport
from app.audio.windows import cut_windows
from app.core.recording_path import RecordingPath

TURN_SECONDS = 0.5
"""How long a thread waits for its turn: one that hangs in its recording must not stop the others."""

_turn = threading.Lock()
"""Held while a second of sound is decoded: else threads hand the interpreter's lock over at each frame of
20 ms, and 64 of them take three times as long."""


@dataclass(frozen=True, slots=True)
class Cutting:
    """Which recording is read, what of it, and how it is cut into windows.

    Without `vad` nothing is taken for silence; `sides` tells that its channels are those of a call.
    """

    path: RecordingPath
    listening: Listening
    rules: ChunkRules
    vad: bool = True
    sides: CallSides | None = None


class WindowSource(Protocol):
    """Iterate once for the windows of a recording; `close` gives up what is not wanted any more.

    Iterating raises AudioMissing, AudioUndecodable, EngineFailed.
    """

    @property
    def report(self) -> DecodeReport:
        """What was decoded so far; complete once the windows have ended."""

    def __iter__(self) -> Iterator[ChannelWindow]:
        """All windows, of the mix or of each channel."""

    def close(self) -> None:
        """End the reading; may be called more than once."""


class WindowReader:
    """Reads a recording in the thread that asks for its windows.

    `on_block` is called for each second that was decoded; what it raises ends the reading.
    """

    def __init__(self, cutting: Cutting, on_block: Callable[[], None]) -> None:
        self._cutting = cutting
        self._on_block = on_block
        self._stream = SoundStream(cutting.path, cutting.listening)

    @property
    def report(self) -> DecodeReport:
        """See WindowSource."""
        return self._stream.report

    def __iter__(self) -> Iterator[ChannelWindow]:
        cutting, blocks = self._cutting, sound_blocks(self._cutting, self._stream, self._on_block)
        if cutting.listening.split:
            return cut_channels(blocks, cutting.rules, vad=cutting.vad)
        windows = cut_windows((block[0] for block in blocks), cutting.rules, vad=cutting.vad)
        return (ChannelWindow(None, window) for window in windows)

    def close(self) -> None:
        """Nothing goes on between two windows."""


def sound_blocks(cutting: Cutting, stream: SoundStream, on_block: Callable[[], None]) -> Iterator[Channels]:
    """The sound that is cut, `on_block` being called for each second of it."""
    blocks = _in_turn(stream, on_block)
    return blocks if cutting.sides is None else without_crosstalk(blocks, cutting.sides)


def _in_turn(stream: SoundStream, on_block: Callable[[], None]) -> Iterator[Channels]:
    blocks = iter(stream)
    while True:
        has_turn = _turn.acquire(timeout=TURN_SECONDS)
        try:
            block = next(blocks, None)
        finally:
            if has_turn:
                _turn.release()
        if block is None:
            return
        on_block()
        yield block
