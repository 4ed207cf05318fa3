"""Packets of one track to sound at SAMPLE_RATE on the recording's clock."""

from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet
from av.stream import Stream

from app.audio.downmix import Layout
from app.audio.layouts import decoded
from app.audio.limits import AudioLimits
from app.audio.pcm import Channels, PcmReader
from app.audio.resampler import Resampler
from app.audio.samples import SAMPLE_RATE
from app.audio.timeline import Timeline

SLICE_SECONDS = 0.1
"""Frames are gathered up to this length before they are resampled: each call costs more than its samples."""

SILENCE_SAMPLES = SAMPLE_RATE
"""Silence comes in parts of at most this length, and is not held in memory."""

_AMR_SILENCE = {"amr_nb": range(8, 16), "amr_wb": range(9, 16)}
"""Frame types of silence that is not transmitted, DTX (3GPP TS 26.101, table 1a; TS 26.201, table 1a)."""

_CHECKED = frozenset({"flac"})
"""Codecs whose check sums tell damage that would else be heard as noise."""

_TAGS = frozenset({b"ID3", b"TAG", b"APE"})


@dataclass(frozen=True, slots=True)
class TrackReport:
    """What came of one track."""

    damaged_packets: int
    missing_seconds: float
    broken_samples: int
    scale: float
    restarted: bool
    jumped: bool


class TrackDecoder:
    """Decodes one track; a change of format on the way is followed."""

    def __init__(self, stream: AudioStream, timeline: Timeline, limits: AudioLimits) -> None:
        self._stream = stream
        self._codec = stream.codec_context.codec.canonical_name
        self._timeline = timeline
        self._limits = limits
        self._pcm = PcmReader()
        self._format: tuple[str, int, int] | None = None
        self._layout = Layout(1)
        self._resampler = Resampler(SAMPLE_RATE, 1)
        self._gathered: list[Channels] = []
        self._seconds = 0.0
        self._damaged = 0
        self.problem: str | None = None
        """Why sound that was met was not decoded."""
        if self._codec in _CHECKED:
            stream.codec_context.options = {"err_detect": "crccheck+explode"}

    @property
    def layout(self) -> Layout:
        """That of the sound that came last."""
        return self._layout

    @property
    def report(self) -> TrackReport:
        """What was decoded so far."""
        return TrackReport(
            damaged_packets=self._damaged,
            missing_seconds=self._timeline.silence if self._timeline.continuous else 0.0,
            broken_samples=self._pcm.broken,
            scale=self._pcm.scale,
            restarted=self._timeline.restarted,
            jumped=self._timeline.jumped,
        )

    def feed(self, packet: "Packet[Stream]") -> Iterator[Channels]:
        """The sound of a packet, after the silence that is missing before it; an empty one ends the track."""
        if self._is_silence(packet):
            yield from self._pause(packet)
            return
        try:
            frames = decoded(packet)
        except av.FFmpegError:
            if not _is_tag(packet):
                self._damaged += 1
                yield from self._pause(packet)
            return
        for frame in frames:
            if isinstance(frame, AudioFrame) and frame.samples > 0:
                yield from self._sound(frame)

    def flush(self) -> Iterator[Channels]:
        """What the resampler still holds."""
        yield from self._resampled()
        if self._format is not None:
            yield self._resampler.flush()

    def _is_silence(self, packet: "Packet[Stream]") -> bool:
        kinds = _AMR_SILENCE.get(self._codec)
        return kinds is not None and packet.size > 0 and bytes(packet)[0] >> 3 & 15 in kinds

    def _pause(self, packet: "Packet[Stream]") -> Iterator[Channels]:
        """Silence for what cannot be decoded, where no clock would put it there."""
        if self._timeline.is_steady and packet.duration and packet.time_base:
            seconds = min(float(packet.duration * packet.time_base), 1.0)
            self._timeline.pause(seconds)
            yield from self._silence(seconds)

    def _sound(self, frame: AudioFrame) -> Iterator[Channels]:
        problem = self._limits.rate_problem(frame.sample_rate)
        if problem is not None:
            self.problem = problem
            self._damaged += 1
            return
        try:
            samples = self._pcm.read(frame)
        except (av.FFmpegError, ValueError):
            self._damaged += 1
            return
        yield from self._follow(frame)
        yield from self._silence(self._timeline.silence_before(frame))
        self._gathered.append(samples)
        self._seconds += frame.samples / frame.sample_rate
        if self._seconds >= SLICE_SECONDS:
            yield from self._resampled()

    def _follow(self, frame: AudioFrame) -> Iterator[Channels]:
        """Begin anew where the format has changed."""
        frame_format = frame.layout.name, frame.layout.nb_channels, frame.sample_rate
        if frame_format == self._format:
            return
        yield from self.flush()
        self._format, self._layout = frame_format, _layout(frame)
        self._resampler = Resampler(frame.sample_rate, frame.layout.nb_channels)

    def _silence(self, seconds: float) -> Iterator[Channels]:
        missing = round(seconds * SAMPLE_RATE)
        if missing > 0:
            yield from self._resampled()
        while missing > 0:
            yield np.zeros((self._layout.count, min(missing, SILENCE_SAMPLES)), np.float32)
            missing -= SILENCE_SAMPLES

    def _resampled(self) -> Iterator[Channels]:
        if self._gathered:
            samples = (
                self._gathered[0] if len(self._gathered) == 1 else np.concatenate(self._gathered, axis=1)
            )
            self._gathered, self._seconds = [], 0.0
            yield from self._resampler.feed(self._pcm.repair(samples))


def _is_tag(packet: "Packet[Stream]") -> bool:
    """Whether it holds the title of a file: where files were joined, titles lie between the sounds."""
    return bytes(packet)[:3] in _TAGS


def _layout(frame: AudioFrame) -> Layout:
    count = frame.layout.nb_channels
    names = tuple(channel.name for channel in frame.layout.channels)
    return Layout(count, names if "NONE" not in names else ())
