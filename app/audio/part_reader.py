"""One recording, from the open container to blocks of sound."""

from collections.abc import Iterator

import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Stream

from app.audio.container import packets
from app.audio.downmix import Downmix, Layout
from app.audio.listening import Listening
from app.audio.parts import Part
from app.audio.pcm import Channels
from app.audio.report import DecodeReport, Source, merged
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
    new_timeline,
    stated_end,
    tracks_of,
)
from app.core.recording_path import RecordingPath


class PartReader:
    """Reads a container once: its track, or several side by side or mixed.

    Raises NoAudio, AudioUndecodable where there is no such track, UnreadableAudio.
    """

    def __init__(
        self, container: InputContainer, path: RecordingPath, part: Part, listening: Listening
    ) -> None:
        self._container = container
        self._listening = listening
        self._lost = 0
        self._file_end = 0.0
        tracks = tracks_of(container, listening.limits)
        choice = choose(path, part, tracks, listening)
        if has_own_ends(container):
            self._file_end = container_end(container) or 0.0
            _leave_out(container, choice.tracks)
        # Several tracks become channels; what each of them has is mixed before.
        split = listening.split and len(choice.tracks) == 1
        self._readers = {track.index: self._reader(track, split=split) for track in choice.tracks}
        self._mix = Downmix(Layout(len(self._readers)))
        ends = [stated_end(container, track) for track in choice.tracks]
        exact = [end for end in ends if end is not None and end.is_exact]
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

    @property
    def problem(self) -> str | None:
        """Why what was met on the way was not decoded."""
        return next((reader.problem for reader in self._readers.values() if reader.problem), None)

    def report(self, samples: int) -> DecodeReport:
        """What was decoded, where so many samples of it were wanted."""
        return merged(
            self._report,
            list(self._readers.values()),
            self._mix.report,
            samples=samples,
            lost_packets=self._lost,
            file_seconds=self._file_end,
        )

    def blocks(self) -> Iterator[Channels]:
        """All sound, a row for each channel."""
        if len(self._readers) == 1:
            yield from (block for _, block in self._tracks())
            return
        mix = TrackMix(list(self._readers))
        for index, block in self._tracks():
            yield from map(self._joined, mix.add(index, block))
        yield from map(self._joined, mix.finish())

    def _reader(self, track: Track, *, split: bool) -> TrackReader:
        limits = self._listening.limits
        stream = self._container.streams.audio[track.number - 1]
        decoder = TrackDecoder(stream, new_timeline(self._container, limits), limits)
        return TrackReader(track, decoder, limits, split=split)

    def _joined(self, rows: Channels) -> Channels:
        return rows if self._listening.split else self._mix.feed(rows)[np.newaxis]

    def _tracks(self) -> Iterator[tuple[int, Channels]]:
        """Blocks with the index of the stream that they come from."""
        for packet in self._packets():
            reader = self._readers.get(packet.stream.index)
            if reader is not None:
                yield from ((packet.stream.index, block) for block in reader.feed(packet))
        for index, reader in self._readers.items():
            yield from ((index, block) for block in reader.finish())

    def _packets(self) -> "Iterator[Packet[Stream]]":
        """All packets, of other streams too where only these tell when the file ends."""
        container = self._container
        own_ends = has_own_ends(container)
        wanted = list(self._readers) if own_ends else range(len(container.streams))
        zero = clock_zero(container) if has_clock(container) and not own_ends else None
        for packet in packets(container, [container.streams[index] for index in wanted], self._note_break):
            if zero is not None and packet.stream.index not in self._readers:
                self._file_end = max(self._file_end, _end_of(packet) - zero)
            yield packet

    def _note_break(self) -> None:
        self._lost += 1


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
