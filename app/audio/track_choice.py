"""Which of a file's tracks is read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from app.audio.container import open_container, packets
from app.audio.downmix import SILENT_RMS
from app.audio.limits import AudioLimits
from app.audio.listening import Listening
from app.audio.parts import Part
from app.audio.samples import SAMPLE_RATE
from app.audio.track_decoder import TrackDecoder
from app.audio.track_reader import TrackReader
from app.audio.tracks import Track, decodable, new_timeline
from app.audio.vad import FRAMES_PER_SECOND, SpeechDetector
from app.core.errors import AudioUndecodable
from app.core.recording_path import RecordingPath
from app.core.transcript_warnings import TranscriptWarning, WarningSentence
from app.schemas.task import TrackChoice

PROBED_SECONDS = 300.0
"""How far into the recording speech is looked for in each track."""

MOST_CANDIDATES = 16
"""Tracks in which it is looked for."""

SPEECH_SECONDS = 0.5
SPEECH_PROBABILITY = 0.5
"""A track with so much sound that is so likely speech has speech."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The tracks to read, and what a reader of the transcript should know of that."""

    tracks: tuple[Track, ...]
    notes: tuple[WarningSentence, ...] = ()


def choose(path: RecordingPath, part: Part, tracks: tuple[Track, ...], listening: Listening) -> Choice:
    """The track of that number, all (`mix`), or the first that has speech, or at least sound (`auto`).

    Tracks that cannot be decoded are passed over. Raises NoAudio, AudioUndecodable.
    """
    found, wanted = decodable(tracks), listening.track
    passed_over = tuple(
        TranscriptWarning.TRACK_PASSED_OVER.sentence(track=track.number, problem=track.problem)
        for track in tracks
        if track.problem
    )
    if wanted is TrackChoice.MIX:
        if problem := listening.limits.mix_problem(len(found)):
            raise AudioUndecodable(problem)
        return Choice(found, passed_over)
    if wanted is not TrackChoice.AUTO:
        return Choice((_numbered(tracks, wanted),))
    if len(found) == 1:
        return Choice(found, passed_over)
    best = _first_with_speech(path, part, found[:MOST_CANDIDATES], listening.limits)
    note = TranscriptWarning.TRACKS.sentence(tracks=len(tracks), track=best.number)
    return Choice((best,), (note, *passed_over))


def _numbered(tracks: Sequence[Track], number: int) -> Track:
    for track in tracks:
        if track.number == number:
            if track.problem:
                raise AudioUndecodable(f"Track {number} of the file cannot be decoded. {track.problem}")
            return track
    plural = "s" if len(tracks) > 1 else ""
    raise AudioUndecodable(f"There is no track {number}: the file has {len(tracks)} audio track{plural}.")


def _first_with_speech(
    path: RecordingPath, part: Part, tracks: Sequence[Track], limits: AudioLimits
) -> Track:
    with open_container(path, part) as container:
        candidates = {track.index: _Candidate(container, track, limits) for track in tracks}
        _listen(container, candidates)
    return max(candidates.values(), key=lambda each: each.rank).track  # the first of the best


class _Candidate:
    """A track that is listened to for a while."""

    def __init__(self, container: InputContainer, track: Track, limits: AudioLimits) -> None:
        stream = container.streams.audio[track.number - 1]
        decoder = TrackDecoder(stream, new_timeline(container, limits), limits)
        self.track = track
        self.seconds = 0.0
        self.has_sound = False
        self._reader = TrackReader(track, decoder, limits, split=False)
        self._detector = SpeechDetector()
        self._speech = 0.0

    @property
    def has_speech(self) -> bool:
        """Whether somebody was heard."""
        return self._speech >= SPEECH_SECONDS

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """Speech is best, then sound, then silence that can be decoded."""
        return self.has_speech, self.has_sound, self.seconds > 0

    def hear(self, packet: "Packet[Stream]") -> None:
        """Listen to what one more packet gives; of silence the detector need not be told."""
        for [samples] in self._reader.feed(packet):
            self.seconds += len(samples) / SAMPLE_RATE
            if np.sqrt(np.mean(samples**2)) > SILENT_RMS:
                self.has_sound = True
                likely = np.count_nonzero(self._detector.feed(samples) >= SPEECH_PROBABILITY)
                self._speech += likely / FRAMES_PER_SECOND


def _listen(container: InputContainer, candidates: dict[int, _Candidate]) -> None:
    """Until the first has speech, or all have been heard for long enough."""
    first = next(iter(candidates.values()))
    streams = [container.streams[index] for index in candidates]
    for packet in packets(container, streams, lambda: None):
        candidate = candidates[packet.stream.index]
        if candidate.seconds < PROBED_SECONDS:
            candidate.hear(packet)
        if first.has_speech or all(each.seconds >= PROBED_SECONDS for each in candidates.values()):
            return
