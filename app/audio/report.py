"""What came out of a recording, and what its reader should know of that."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from app.audio.downmix import MixReport
from app.audio.samples import SAMPLE_RATE
from app.audio.track_reader import TrackReader
from app.core.transcript_warnings import TranscriptWarning, WarningSentence

SHORTFALL_SECONDS = 1.0
SHORTFALL_FRACTION = 0.02
"""A recording that ends earlier than its container says, by more than both, is called incomplete."""

MISSING_SECONDS = 0.1
"""Loss from which a recording is called damaged."""


@dataclass(frozen=True, slots=True)
class Source:
    """What was heard of a file that has so many `tracks`.

    `read` are the numbers, from 1, of those that were read, `channels` is how many these have; `split` says
    that each channel was kept for itself.
    """

    tracks: int = 1
    read: tuple[int, ...] = (1,)
    channels: int = 1
    split: bool = False


@dataclass(frozen=True, slots=True)
class DecodeReport:
    """What came out of a recording.

    `seconds` of sound were given, silence in it included, of which `audible_seconds` are loud enough to be
    heard; `declared_seconds` is when the container says that
    it ends, None where it does not, and `declared_of_file` that this may be the end of another stream;
    `file_seconds` is when the last of the other streams ends. `trimmed` says that there was more than asked
    for, `limited` is the limit where there was more than MAX_DURATION_SECONDS allows.
    """

    seconds: float
    declared_seconds: float | None
    damaged_packets: int
    trimmed: bool
    audible_seconds: float = 0.0
    declared_of_file: bool = False
    limited: float | None = None
    file_seconds: float = 0.0
    missing_seconds: float = 0.0
    broken_samples: int = 0
    scale: float = 1.0
    jumped: bool = False
    clock_start: float = 0.0
    mix: MixReport = field(default_factory=MixReport)
    source: Source = field(default_factory=Source)
    notes: tuple[WarningSentence, ...] = ()

    @property
    def duration(self) -> float:
        """Length of the recording, of which no sound may be at the end."""
        return self.seconds if self.trimmed or self.incomplete else max(self.seconds, self.file_seconds)

    @property
    def incomplete(self) -> bool:
        """Whether the recording ended well before the length that its container states."""
        if self.declared_seconds is None or self.trimmed:
            return False
        end = max(self.seconds, self.file_seconds) if self.declared_of_file else self.seconds
        missing = self.declared_seconds - end
        return missing > max(SHORTFALL_SECONDS, SHORTFALL_FRACTION * self.declared_seconds)

    @property
    def warnings(self) -> tuple[WarningSentence, ...]:
        """Sentences for the reader of the transcript."""
        return (*self._damage(), *self._times(), *self.mix.warnings, *self.notes)

    def _damage(self) -> Iterator[WarningSentence]:
        if self.damaged_packets:
            yield TranscriptWarning.PACKETS.sentence(packets=self.damaged_packets)
        if self.missing_seconds > MISSING_SECONDS:
            yield TranscriptWarning.MISSING.sentence(seconds=self.missing_seconds)
        if self.broken_samples:
            yield TranscriptWarning.BROKEN_SAMPLES.sentence(samples=self.broken_samples)
        if self.scale != 1.0:
            yield TranscriptWarning.SCALED.sentence(peak=self.scale)

    def _times(self) -> Iterator[WarningSentence]:
        if self.incomplete:
            declared = self.declared_seconds
            yield TranscriptWarning.BREAKS_OFF.sentence(declared=declared, seconds=self.seconds)
        if self.limited is not None:
            yield TranscriptWarning.LIMITED.sentence(seconds=self.limited)
        if self.clock_start:
            yield TranscriptWarning.CLOCK.sentence(seconds=self.clock_start)
        if self.jumped:
            yield TranscriptWarning.JUMP.sentence()


def merged(
    report: DecodeReport,
    readers: Sequence[TrackReader],
    mix: MixReport,
    *,
    samples: int,
    lost_packets: int,
    file_seconds: float,
) -> DecodeReport:
    """A report with what its readers have found, and how far they came; `mix` is that of several tracks."""
    parts = [reader.report for reader in readers]
    for reader in readers:
        mix = replace(mix.joined(reader.mix), unknown_layout=reader.mix.unknown_layout)
    if report.source.split and len(readers) == 1:
        mix = MixReport()
    return replace(
        report,
        seconds=samples / SAMPLE_RATE,
        damaged_packets=lost_packets + sum(part.damaged_packets for part in parts),
        file_seconds=0.0 if any(part.restarted for part in parts) else file_seconds,
        missing_seconds=sum(part.missing_seconds for part in parts),
        broken_samples=sum(part.broken_samples for part in parts),
        scale=max(part.scale for part in parts),
        jumped=any(part.jumped for part in parts),
        mix=mix,
        source=replace(report.source, channels=len(readers) if len(readers) > 1 else readers[0].channels),
    )


def joined(reports: Sequence[DecodeReport]) -> DecodeReport:
    """The report of recordings that follow each other in one file."""
    if not reports:
        return DecodeReport(0.0, None, 0, trimmed=False)
    whole = reports[0]
    for report in reports[1:]:
        begun = whole.seconds
        whole = replace(
            whole,
            seconds=begun + report.seconds,
            declared_seconds=None if report.declared_seconds is None else begun + report.declared_seconds,
            damaged_packets=whole.damaged_packets + report.damaged_packets,
            declared_of_file=report.declared_of_file,
            file_seconds=begun + report.file_seconds if report.file_seconds else 0.0,
            missing_seconds=whole.missing_seconds + report.missing_seconds,
            broken_samples=whole.broken_samples + report.broken_samples,
            scale=max(whole.scale, report.scale),
            jumped=whole.jumped or report.jumped,
            mix=whole.mix.joined(report.mix),
        )
    return whole
