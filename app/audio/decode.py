"""Recordings to 16 kHz sound, as a stream, with a report of what was cut, missing or damaged."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Stream

from app.audio.blocks import BLOCK_SAMPLES
from app.audio.container import open_container, packets
from app.audio.downmix import Downmix, Layout
from app.audio.limits import AudioLimits
from app.audio.pcm import Channels
from app.audio.report import DecodeReport, Source, merged
from app.audio.samples import SAMPLE_RATE, Samples
from app.audio.timeline import SteadyTimeline, Timeline
from app.audio.track_choice import choose
from app.audio.track_decoder import TrackDecoder
from app.audio.track_mix import TrackMix
from app.audio.track_reader import TrackReader
from app.audio.tracks import (
    Track,
    clock_start,
    clock_zero,
    container_end,
    has_clock,
    has_own_ends,
    stated_end,
    tracks_of,
)
from app.core.errors import AudioMissing, AudioUndecodable, NoAudio, UnreadableAudio
from app.schemas.task import TrackChoice

CHUNK_SAMPLES = BLOCK_SAMPLES
"""Least number of samples in a chunk, except the last: one second."""


@dataclass(frozen=True, slots=True)
class Listening:
    """What is to be heard of a recording.

    That is its first `trim` seconds (None: all of it), which track, and each channel for itself (`split`) or
    all together; with `mix` each track is one channel.
    """

    trim: float | None = None
    track: int | TrackChoice = TrackChoice.AUTO
    split: bool = False
    limits: AudioLimits = field(default_factory=AudioLimits)

    @property
    def seconds(self) -> float:
        """The longest that is heard."""
        return min(self.trim or math.inf, self.limits.max_seconds)


class SoundStream:
    """Iterate once for blocks of sound, a row for each channel; `report` is complete when that has ended."""

    def __init__(self, path: Path, listening: Listening) -> None:
        self._path = path
        self._listening = listening
        self._most = max(1, round(listening.seconds * SAMPLE_RATE))
        self._report = DecodeReport(0.0, None, 0, trimmed=False)
        self._readers: dict[int, TrackReader] = {}
        self._mix = Downmix(Layout(1))
        self._emitted = self._lost = 0
        self._file_end = 0.0
        self._is_cut = False

    @property
    def report(self) -> DecodeReport:
        """What was decoded so far."""
        by_limit = self._is_cut and (self._listening.trim or math.inf) > self._listening.limits.max_seconds
        return merged(
            self._report,
            list(self._readers.values()),
            self._mix.report,
            seconds=self._emitted / SAMPLE_RATE,
            lost_packets=self._lost,
            file_seconds=self._file_end,
            trimmed=self._is_cut,
            limited=self._listening.limits.max_seconds if by_limit else None,
        )

    def __iter__(self) -> Iterator[Channels]:
        try:
            with open_container(self._path) as container:
                self._open(container)
                yield from self._limited(self._together(container))
        except FileNotFoundError as error:
            raise AudioMissing("The uploaded recording is no longer there; upload it again.") from error
        except (UnreadableAudio, NoAudio) as error:
            raise AudioUndecodable(error.detail) from error
        if self._emitted == 0:
            problem = next((reader.problem for reader in self._readers.values() if reader.problem), "")
            raise AudioUndecodable(
                f"The recording holds no sound: not one sample of it can be decoded. {problem}".strip()
            )

    def _open(self, container: InputContainer) -> None:
        """Choose the tracks, and prepare to read them."""
        listening = self._listening
        tracks = tracks_of(container, listening.limits)
        choice = choose(self._path, tracks, listening.track, listening.limits)
        ends = [stated_end(container, track) for track in choice.tracks]
        exact = [end for end in ends if end is not None and end.is_exact]
        if has_own_ends(container):
            self._file_end = container_end(container) or 0.0
            _leave_out(container, choice.tracks)
        # Several tracks become channels; what each of them has is mixed before.
        split = listening.split and len(choice.tracks) == 1
        self._readers = {track.index: self._reader(container, track, split=split) for track in choice.tracks}
        self._mix = Downmix(Layout(len(self._readers)))
        self._report = DecodeReport(
            seconds=0.0,
            declared_seconds=max((end.seconds for end in exact), default=None),
            damaged_packets=0,
            trimmed=False,
            declared_of_file=not all(end.of_track for end in exact),
            clock_start=clock_start(container),
            source=Source(
                tracks=len(tracks),
                read=tuple(track.number for track in choice.tracks),
                split=listening.split,
            ),
            notes=choice.notes,
        )

    def _reader(self, container: InputContainer, track: Track, *, split: bool) -> TrackReader:
        limits = self._listening.limits
        timeline = (
            Timeline(clock_zero(container), limits.max_seconds) if has_clock(container) else SteadyTimeline()
        )
        stream = container.streams.audio[track.number - 1]
        return TrackReader(track, TrackDecoder(stream, timeline, limits), split=split)

    def _together(self, container: InputContainer) -> Iterator[Channels]:
        """The blocks of the track, or of all tracks side by side or mixed."""
        if len(self._readers) == 1:
            yield from (block for _, block in self._blocks(container))
            return
        mix = TrackMix(list(self._readers))
        for index, block in self._blocks(container):
            yield from map(self._joined, mix.add(index, block))
        yield from map(self._joined, mix.finish())

    def _joined(self, rows: Channels) -> Channels:
        return rows if self._listening.split else self._mix.feed(rows)[np.newaxis]

    def _blocks(self, container: InputContainer) -> Iterator[tuple[int, Channels]]:
        """Blocks with the index of the stream that they come from."""
        for packet in self._packets(container):
            reader = self._readers.get(packet.stream.index)
            if reader is not None:
                yield from ((packet.stream.index, block) for block in reader.feed(packet))
        for index, reader in self._readers.items():
            yield from ((index, block) for block in reader.finish())

    def _packets(self, container: InputContainer) -> "Iterator[Packet[Stream]]":
        """All packets, of other streams too where only these tell when the file ends."""
        wanted = list(self._readers) if has_own_ends(container) else range(len(container.streams))
        zero = clock_zero(container) if has_clock(container) and not has_own_ends(container) else None
        try:
            for packet in packets(container, [container.streams[index] for index in wanted]):
                if zero is not None and packet.stream.index not in self._readers:
                    self._file_end = max(self._file_end, _end_of(packet) - zero)
                yield packet
        except av.FFmpegError:  # the file breaks off: nothing follows
            self._lost += 1

    def _limited(self, blocks: Iterator[Channels]) -> Iterator[Channels]:
        for block in blocks:
            room = self._most - self._emitted
            self._is_cut = block.shape[1] > room
            if room > 0 and block.shape[1]:
                self._emitted += min(room, block.shape[1])
                yield block[:, :room]
            if self._is_cut:
                return


class SampleStream:
    """The same, all channels mixed into one: chunks of samples."""

    def __init__(self, sound: SoundStream) -> None:
        self._sound = sound

    @property
    def report(self) -> DecodeReport:
        """What was decoded so far."""
        return self._sound.report

    def __iter__(self) -> Iterator[Samples]:
        return (block[0] for block in self._sound)


def stream_samples(path: Path, *, trim: float | None = None) -> SampleStream:
    """Decode a recording, or its first `trim` seconds. Iterating raises AudioMissing, AudioUndecodable."""
    return SampleStream(SoundStream(path, Listening(trim=trim)))


def read_samples(path: Path, *, trim: float | None = None) -> tuple[Samples, DecodeReport]:
    """The same, all at once: 230 MB an hour."""
    stream = stream_samples(path, trim=trim)
    samples = np.concatenate(list(stream))
    return samples, stream.report


def _end_of(packet: "Packet[Stream]") -> float:
    """When a packet ends, in seconds of the container's clock."""
    time = packet.dts if packet.pts is None else packet.pts  # MPEG program streams give few of the first
    if time is None or packet.time_base is None:
        return 0.0
    return float((time + (packet.duration or 0)) * packet.time_base)


def _leave_out(container: InputContainer, tracks: tuple[Track, ...]) -> None:
    """Have the other streams skipped instead of read."""
    indexes = {track.index for track in tracks}
    for stream in container.streams:
        if stream.index not in indexes:
            stream.discard = Discard.all
