"""What a file holds: its audio tracks, which of them can be decoded, and when they begin and end."""

from dataclasses import dataclass

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from app.audio.limits import AudioLimits
from app.audio.timeline import SteadyTimeline, Timeline
from app.core.errors import NoAudio
from app.core.transcript_warnings import TranscriptWarning, WarningSentence

LONGEST_LEAD_SECONDS = 3600.0
"""Sound may begin so long after its container's zero; where all begins later, the clock has another zero."""

CODEC_DELAY_SECONDS = 1.0
"""A clock that begins so little before zero begins with what a codec needs to start (Speex, Opus)."""

_CLOCKED = frozenset(
    {
        "asf",
        "avi",
        "flac",
        "flv",
        "live_flv",
        "matroska",
        "mov",
        "mpeg",
        "mpegts",
        "mxf",
        "nut",
        "ogg",
        "rm",
        "wtv",
    }
)
"""Formats whose packets carry times; in all others FFmpeg counts them up from the lengths of the packets."""

_CONTINUOUS = frozenset({"flac", "ogg"})
"""Formats that know no pauses: a gap is a loss."""

_NO_ZERO = frozenset({"mpegts", "mpeg"})
"""Formats whose clock begins anywhere."""

_EXACT_LENGTH = frozenset({"mov", "matroska", "ogg", "flac", "wav", "w64", "aiff", "caf", "asf", "avi"})

_CUT_SHARE = 0.97
"""Part of the bytes that an MP3 file should have below which its end is missing."""

_ONE_LENGTH = frozenset({"matroska", "asf"})
"""Formats that state the length of the whole file only, which FFmpeg then gives for each track."""

_ABSOLUTE_LENGTH = frozenset({"matroska", "ogg", "asf"})
"""Formats whose length is counted from the clock's zero, not from the first sound."""


@dataclass(frozen=True, slots=True)
class Track:
    """An audio track. `number` counts the audio tracks of the file from 1, `index` all of its streams from 0.

    `language` is what the file says; `start` and `duration` are in seconds of the container's clock, None
    where it does not tell; `problem` is why the track cannot be decoded, None where it can.
    """

    number: int
    index: int
    codec: str
    language: str | None
    channels: int
    sample_rate: int
    start: float | None
    duration: float | None
    problem: WarningSentence | None = None


def tracks_of(container: InputContainer, limits: AudioLimits) -> tuple[Track, ...]:
    """All audio tracks, in the order of the file."""
    return tuple(_track(number, stream, limits) for number, stream in enumerate(container.streams.audio, 1))


def decodable(tracks: tuple[Track, ...]) -> tuple[Track, ...]:
    """Those that can be decoded. Raises NoAudio where none can."""
    if not tracks:
        raise NoAudio("The file has no sound: it holds no audio stream.")
    found = tuple(track for track in tracks if track.problem is None)
    if not found:
        raise NoAudio(f"The sound of the file cannot be decoded. {tracks[0].problem}")
    return found


def clock_zero(container: InputContainer) -> float | None:
    """Second of the container's clock from which times count; None: that of the first frame."""
    if container.start_time is None:
        return None
    start = container.start_time / av.time_base
    if _names(container).isdisjoint(_NO_ZERO) and 0 <= start <= LONGEST_LEAD_SECONDS:
        return 0.0
    return start


@dataclass(frozen=True, slots=True)
class StatedEnd:
    """When a recording ends by its container, in seconds from the clock's zero.

    It is not exact where FFmpeg estimates it from the bit rate, and may be that of another stream where the
    container does not state that of each (`of_track`).
    """

    seconds: float
    is_exact: bool
    of_track: bool


def stated_end(container: InputContainer, track: Track) -> StatedEnd | None:
    """The end of a track; that of the whole file where only this is stated."""
    names = _names(container)
    exact = not names.isdisjoint(_EXACT_LENGTH) or ("mp3" in names and _is_cut_mp3(container, track))
    zero = clock_zero(container) or 0.0
    starts_at_zero = not names.isdisjoint(_ABSOLUTE_LENGTH)
    if track.duration is not None:
        # Without a clock the start is the delay of the encoder, which is no part of the sound.
        start = 0.0 if starts_at_zero or not has_clock(container) else (track.start or 0.0)
        return StatedEnd(start + track.duration - zero, exact, of_track=names.isdisjoint(_ONE_LENGTH))
    whole = container_end(container)
    return StatedEnd(whole, exact, of_track=False) if whole is not None else None


def _is_cut_mp3(container: InputContainer, track: Track) -> bool:
    """Whether an MP3 file states a length for which it has too few bytes.

    One with a start has a LAME header; where the file is longer than that says (joined), FFmpeg estimates.
    """
    rate = container.streams.audio[track.number - 1].codec_context.bit_rate
    if not track.start or not rate or track.duration is None:
        return False
    return 8 * container.size / rate < _CUT_SHARE * track.duration


def container_end(container: InputContainer) -> float | None:
    """The end of the longest of all streams, in seconds from the clock's zero."""
    if container.duration is None or container.duration <= 0:
        return None
    starts_at_zero = not _names(container).isdisjoint(_ABSOLUTE_LENGTH)
    start = 0.0 if starts_at_zero else (container.start_time or 0) / av.time_base
    return start + container.duration / av.time_base - (clock_zero(container) or 0.0)


def has_clock(container: InputContainer) -> bool:
    """Whether its times tell of pauses."""
    return not _names(container).isdisjoint(_CLOCKED)


def new_timeline(container: InputContainer, limits: AudioLimits) -> Timeline:
    """The clock on which the sound of a track is put."""
    names = _names(container)
    if names.isdisjoint(_CLOCKED):
        return SteadyTimeline()
    zero = clock_zero(container)
    return Timeline(zero, limits.max_seconds, continuous=not names.isdisjoint(_CONTINUOUS))


def has_own_ends(container: InputContainer) -> bool:
    """Whether the container states the end of each stream: the others need not be read."""
    return "mov" in _names(container)


def clock_start(container: InputContainer) -> float:
    """Second of its clock at which a file begins that should begin at zero; 0 where it does, or nearly."""
    start = clock_zero(container) or 0.0
    is_free = not _names(container).isdisjoint(_NO_ZERO)
    return 0.0 if is_free or abs(start) < CODEC_DELAY_SECONDS else start


def _names(container: InputContainer) -> frozenset[str]:
    return frozenset(container.format.name.split(","))


def _track(number: int, stream: AudioStream, limits: AudioLimits) -> Track:
    codec = stream.codec_context
    if codec is None:
        problem = TranscriptWarning.TRACK_FORMAT.sentence()
        return Track(number, stream.index, "unknown", _language(stream), 0, 0, None, None, problem)
    return Track(
        number=number,
        index=stream.index,
        codec=codec.codec.canonical_name,
        language=_language(stream),
        channels=codec.layout.nb_channels,
        sample_rate=codec.sample_rate,
        start=_seconds(stream.start_time, stream),
        duration=_seconds(stream.duration, stream) or None,
        problem=limits.rate_problem(codec.sample_rate) if codec.sample_rate else None,
    )


def _language(stream: AudioStream) -> str | None:
    language = stream.language
    return language if language and language != "und" else None


def _seconds(ticks: int | None, stream: AudioStream) -> float | None:
    return float(ticks * stream.time_base) if ticks is not None and stream.time_base is not None else None
