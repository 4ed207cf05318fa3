"""What a file is, told from its first decodable frame; the API asks this of each upload."""

import io
from dataclasses import dataclass

import av
from av.audio.frame import AudioFrame
from av.container import InputContainer

from app.audio.container import open_container, packets
from app.audio.layouts import decoded
from app.audio.limits import AudioLimits
from app.audio.parts import Part, parts_of
from app.audio.tracks import Track, decodable, stated_end, tracks_of
from app.core.errors import NoAudio, RecordingTooLong
from app.core.recording_path import RecordingPath

MAX_BROKEN_PACKETS = 2000
"""Packets (about 40 s of AAC) that may fail to decode before the search for a sound is given up."""


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """A recording's properties: those of the first track that gives a sound, and all tracks.

    `duration` in seconds, None where the container does not tell.
    """

    duration: float | None
    codec: str
    channels: int
    sample_rate: int
    tracks: tuple[Track, ...] = ()


def probe(
    path: RecordingPath,
    limits: AudioLimits | None = None,
    *,
    trim: float | None = None,
    extension: str | None = None,
) -> AudioInfo:
    """Open `path` and decode up to its first samples.

    Raises UnreadableAudio, NoAudio, RecordingUnreachable; RecordingTooLong where the container states that
    the recording, or the first `trim` seconds of it, are longer than the limits allow. `extension` is that of
    the recording's own name, where `path` has another.
    """
    limits = limits or AudioLimits()
    parts = parts_of(path)
    with open_container(path, parts[0], extension) as container:
        tracks = tracks_of(container, limits)
        track, frame = _first_frame(container, decodable(tracks))
        if (problem := limits.rate_problem(frame.sample_rate)) is not None:
            raise NoAudio(f"The sound of the file cannot be decoded. {problem}")
        end = stated_end(container, track)
        _check_length(end.seconds if end and end.is_exact else None, trim, limits)
        return AudioInfo(
            duration=end.seconds * _count(path, parts) if end else None,
            codec=track.codec,
            channels=frame.layout.nb_channels,
            sample_rate=frame.sample_rate,
            tracks=tracks,
        )


def _count(path: RecordingPath, parts: tuple[Part, ...]) -> float:
    """Of how many recordings such as the first the file was joined, by their bytes."""
    if not parts[0].last:
        return 1.0
    with path.open("rb", 0) as file:
        return file.seek(0, io.SEEK_END) / parts[0].last


def _first_frame(container: InputContainer, tracks: tuple[Track, ...]) -> tuple[Track, AudioFrame]:
    """The first frame of any track that can be decoded."""
    by_index = {track.index: track for track in tracks}
    broken = 0
    for packet in packets(container, [container.streams[index] for index in by_index], lambda: None):
        try:
            frames = decoded(packet)
        except av.FFmpegError:
            broken += 1
            if broken > MAX_BROKEN_PACKETS:
                break
            continue
        for frame in frames:
            if isinstance(frame, AudioFrame) and frame.samples > 0:
                return by_index[packet.stream.index], frame
    raise NoAudio("The file holds no sound: not one sample of it can be decoded.")


def _check_length(seconds: float | None, trim: float | None, limits: AudioLimits) -> None:
    wanted = None if seconds is None else min(seconds, trim or seconds)
    if wanted is not None and wanted > limits.max_seconds:
        raise RecordingTooLong(
            f"The recording lasts {wanted:.0f} s, more than the {limits.max_seconds:g} s that this server "
            "takes (MAX_DURATION_SECONDS); send it in parts, or ask for its beginning with `trim`.",
            max_duration_seconds=limits.max_seconds,
        )
