"""Recordings to 16 kHz mono samples, as a stream, with a report of what was cut, missing or damaged."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from app.audio.container import audio_stream, declared_seconds, open_container
from app.audio.samples import SAMPLE_RATE, Samples
from app.audio.timeline import Timeline
from app.core.errors import AudioMissing, AudioUndecodable, NoAudio, UnreadableAudio

CHUNK_SAMPLES = SAMPLE_RATE
"""Least number of samples in a chunk, except the last: one second."""

LONGEST_TRIM = 1e9
"""Seconds; no recording is longer. A count of samples must be finite: `trim` may be any number."""

SHORTFALL_SECONDS = 1.0
SHORTFALL_FRACTION = 0.02
"""A recording that ends earlier than its container says, by more than both, is called incomplete."""

_EXACT_LENGTH = ("mov", "matroska", "ogg", "flac", "wav", "aiff", "caf", "asf", "avi")
"""Containers that state their length; for the others FFmpeg estimates it from the bit rate."""


@dataclass(frozen=True, slots=True)
class DecodeReport:
    """What came out of a recording; `declared_seconds` is None where the container states no length."""

    seconds: float
    declared_seconds: float | None
    damaged_packets: int
    trimmed: bool

    @property
    def incomplete(self) -> bool:
        """Whether the recording ended well before the length that its container states."""
        if self.declared_seconds is None or self.trimmed:
            return False
        missing = self.declared_seconds - self.seconds
        return missing > max(SHORTFALL_SECONDS, SHORTFALL_FRACTION * self.declared_seconds)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for the reader of the transcript."""
        found = []
        if self.damaged_packets:
            found.append(
                f"The recording is damaged: {self.damaged_packets} of its packets could not be decoded, "
                "so words may be missing."
            )
        if self.incomplete:
            found.append(
                f"The recording breaks off: it says it lasts {self.declared_seconds:.1f} s, "
                f"but only {self.seconds:.1f} s of sound are in the file."
            )
        return tuple(found)


class SampleStream:
    """Iterate once for chunks of samples; `report` is complete when the iteration has ended."""

    def __init__(self, path: Path, *, trim: float | None = None) -> None:
        self._path = path
        self._limit = None if trim is None else max(1, round(min(trim, LONGEST_TRIM) * SAMPLE_RATE))
        self._emitted = 0
        self._damaged = 0
        self._declared: float | None = None
        self._trimmed = False

    @property
    def report(self) -> DecodeReport:
        """What was decoded so far."""
        return DecodeReport(self._emitted / SAMPLE_RATE, self._declared, self._damaged, self._trimmed)

    def __iter__(self) -> Iterator[Samples]:
        try:
            with open_container(self._path) as container:
                stream = audio_stream(container)
                self._declared = _stated_seconds(container, stream)
                yield from self._limited(_coalesced(self._samples(container, stream)))
        except FileNotFoundError as error:
            raise AudioMissing("The uploaded recording is no longer there; upload it again.") from error
        except (UnreadableAudio, NoAudio) as error:
            raise AudioUndecodable(error.detail) from error
        if self._emitted == 0:
            raise AudioUndecodable("The recording holds no sound: not one sample of it can be decoded.")

    def _limited(self, chunks: Iterator[Samples]) -> Iterator[Samples]:
        for chunk in chunks:
            room = len(chunk) if self._limit is None else self._limit - self._emitted
            self._trimmed = len(chunk) > room
            if room > 0:
                self._emitted += min(room, len(chunk))
                yield chunk[:room]
            if self._trimmed:
                return

    def _samples(self, container: InputContainer, stream: AudioStream) -> Iterator[Samples]:
        start = None if container.start_time is None else container.start_time / av.time_base
        timeline = Timeline(start)
        resampler = _Resampler()
        for frame in self._frames(container, stream):
            silence = timeline.silence_before(frame)
            try:
                samples = resampler.convert(frame)
            except (av.FFmpegError, ValueError):
                self._damaged += 1
                continue
            yield from _silence(silence)
            yield samples
        yield resampler.flush()

    def _frames(self, container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
        for packet in self._packets(container, stream):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                self._damaged += 1
                continue
            yield from (frame for frame in frames if isinstance(frame, AudioFrame) and frame.samples > 0)

    def _packets(self, container: InputContainer, stream: AudioStream) -> "Iterator[Packet[AudioStream]]":
        try:
            yield from container.demux(stream)
        except av.FFmpegError:  # the file breaks off: nothing follows
            self._damaged += 1


class _Resampler:
    """Frames of any format, which may change on the way, to 16 kHz mono."""

    def __init__(self) -> None:
        self._resampler = _new_resampler()
        self._format: tuple[str, str, int] | None = None

    def convert(self, frame: AudioFrame) -> Samples:
        """Samples of one frame, with what a change of format leaves of the earlier ones."""
        frame_format = (frame.format.name, frame.layout.name, frame.sample_rate)
        rest = np.empty(0, np.float32)
        if self._format not in (None, frame_format):
            rest = self.flush()
            self._resampler = _new_resampler()
        self._format = frame_format
        return np.concatenate([rest, _joined(self._resampler.resample(frame))])

    def flush(self) -> Samples:
        """What the filter still holds at the end."""
        return _joined(self._resampler.resample(None))


def stream_samples(path: Path, *, trim: float | None = None) -> SampleStream:
    """Decode a recording, or its first `trim` seconds. Iterating raises AudioMissing, AudioUndecodable."""
    return SampleStream(path, trim=trim)


def read_samples(path: Path, *, trim: float | None = None) -> tuple[Samples, DecodeReport]:
    """The same, all at once: 230 MB an hour."""
    stream = stream_samples(path, trim=trim)
    samples = np.concatenate(list(stream))
    return samples, stream.report


def _new_resampler() -> AudioResampler:
    return AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)


def _joined(frames: list[AudioFrame]) -> Samples:
    parts = [frame.to_ndarray().reshape(-1) for frame in frames]
    return np.concatenate(parts) if parts else np.empty(0, np.float32)


def _silence(seconds: float) -> Iterator[Samples]:
    missing = round(seconds * SAMPLE_RATE)
    while missing > 0:
        yield np.zeros(min(missing, CHUNK_SAMPLES), np.float32)
        missing -= CHUNK_SAMPLES


def _coalesced(parts: Iterator[Samples]) -> Iterator[Samples]:
    """Join what decoders give in crumbs of 20 ms to chunks of at least CHUNK_SAMPLES."""
    waiting: list[Samples] = []
    count = 0
    for part in parts:
        waiting.append(part)
        count += len(part)
        if count >= CHUNK_SAMPLES:
            yield np.concatenate(waiting)
            waiting, count = [], 0
    if count:
        yield np.concatenate(waiting)


def _stated_seconds(container: InputContainer, stream: AudioStream) -> float | None:
    """Length by which a recording that breaks off can be told, if there is one."""
    names = container.format.name.split(",")
    lame_header = "mp3" in names and bool(stream.start_time)  # its encoder delay; without it, an estimate
    exact = lame_header or any(name in _EXACT_LENGTH for name in names)
    return declared_seconds(container, stream) if exact else None
