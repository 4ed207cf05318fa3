"""Recordings to 16 kHz sound, as a stream, with a report of what was cut, missing or damaged."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from app.audio.container import open_container
from app.audio.level import is_audible
from app.audio.listening import Listening
from app.audio.part_reader import PartReader
from app.audio.parts import Part, parts_of
from app.audio.pcm import Channels
from app.audio.report import DecodeReport, joined
from app.audio.samples import SAMPLE_RATE, Samples
from app.core.errors import AudioMissing, AudioUndecodable, NoAudio, UnreadableAudio
from app.core.recording_path import RecordingPath


class SoundStream:
    """Iterate once for blocks of sound, a row for each channel; `report` is complete when that has ended."""

    def __init__(self, path: RecordingPath, listening: Listening) -> None:
        self._path = path
        self._listening = listening
        self._most = max(1, round(listening.seconds * SAMPLE_RATE))
        self._earlier: list[DecodeReport] = []
        self._reader: PartReader | None = None
        self._emitted = self._begun = self._audible = 0
        self._is_cut = False
        self._has_more = False
        self._lost_parts = 0
        self._problem: str | None = None

    @property
    def report(self) -> DecodeReport:
        """What was decoded so far."""
        now = [] if self._reader is None else [self._reader.report(self._emitted - self._begun)]
        limited = self._is_cut and self._listening.is_limited
        whole = joined([*self._earlier, *now])
        declared = None if self._has_more else whole.declared_seconds
        return replace(
            whole,
            declared_seconds=None if declared is None else min(declared, self._listening.seconds),
            damaged_packets=whole.damaged_packets + self._lost_parts,
            file_seconds=min(whole.file_seconds, self._listening.seconds),
            trimmed=self._is_cut,
            audible_seconds=self._audible / SAMPLE_RATE,
            limited=self._listening.limits.max_seconds if limited else None,
        )

    def __iter__(self) -> Iterator[Channels]:
        try:
            yield from self._parts()
        except FileNotFoundError as error:
            raise AudioMissing("The uploaded recording is no longer there; upload it again.") from error
        except (UnreadableAudio, NoAudio) as error:
            raise AudioUndecodable(error.detail) from error
        if self._emitted == 0:
            problem = self._problem or ""
            raise AudioUndecodable(
                f"The recording holds no sound: not one sample of it can be decoded. {problem}".strip()
            )

    def _parts(self) -> Iterator[Channels]:
        """The sound of all recordings in the file; a later one that cannot be read is damage."""
        parts = parts_of(self._path)
        for number, part in enumerate(parts, 1):
            self._has_more = number < len(parts)
            try:
                yield from self._limited(self._part(part))
            except (UnreadableAudio, NoAudio, AudioUndecodable):
                if not self._emitted:
                    raise
                self._lost_parts += 1
            if self._is_cut:
                return

    def _part(self, part: Part) -> Iterator[Channels]:
        """The sound of one of the recordings that the file was joined from."""
        with open_container(self._path, part) as container:
            self._reader = PartReader(container, self._path, part, self._listening)
            yield from self._reader.blocks()
            self._problem = self._problem or self._reader.problem
        self._earlier.append(self._reader.report(self._emitted - self._begun))
        self._reader, self._begun = None, self._emitted

    def _limited(self, blocks: Iterator[Channels]) -> Iterator[Channels]:
        for block in blocks:
            room = self._most - self._emitted
            self._is_cut = block.shape[1] > room
            if room > 0 and block.shape[1]:
                block = block[:, :room]
                self._emitted += block.shape[1]
                self._audible += block.shape[1] if is_audible(block) else 0
                yield block
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


def stream_samples(path: RecordingPath, *, trim: float | None = None) -> SampleStream:
    """Decode a recording, or its first `trim` seconds. Iterating raises AudioMissing, AudioUndecodable."""
    return SampleStream(SoundStream(path, Listening(trim=trim)))


def read_samples(path: RecordingPath, *, trim: float | None = None) -> tuple[Samples, DecodeReport]:
    """The same, all at once: 230 MB an hour."""
    stream = stream_samples(path, trim=trim)
    samples = np.concatenate(list(stream))
    return samples, stream.report
