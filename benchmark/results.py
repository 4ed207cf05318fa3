"""What a measurement hands on: from the engines to the scores, from the scores to tables, files and plots."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variant:
    """What is measured: a model run by an engine; what is None is as the settings have it."""

    model: str
    engine: str
    compute_type: str | None = None
    beam_size: int | None = None

    @property
    def label(self) -> str:
        """For people, in one line; no two variants of a run share it."""
        return " · ".join((self.model, self.how))

    @property
    def how(self) -> str:
        """The same without the model."""
        beam = None if self.beam_size is None else f"beam {self.beam_size}"
        return " · ".join(filter(None, (self.engine, self.compute_type, beam)))


@dataclass(frozen=True, slots=True)
class Transcription:
    """One recording, transcribed; both times in seconds. `joules` is None where the machine does not tell."""

    name: str
    text: str
    language: str | None
    audio_seconds: float | None
    processing_seconds: float
    joules: float | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be measured, and why, in one sentence; `name` is a recording's, None means all."""

    name: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """Everything that one variant did; what a service does not tell is None."""

    variant: Variant
    transcriptions: tuple[Transcription, ...]
    problems: tuple[Problem, ...] = ()
    device: str | None = None
    compute_type: str | None = None
    load_seconds: float | None = None
    peak_memory_mb: float | None = None
    gpu_peak_mb: float | None = None


@dataclass(frozen=True, slots=True)
class Errors:
    """Edits that turn the reference into the hypothesis, counted in words or in characters."""

    reference: int
    substitutions: int
    deletions: int
    insertions: int

    @property
    def total(self) -> int:
        """All edits."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float | None:
        """Edits per unit of the reference (WER or CER); None where the reference is empty."""
        return self.total / self.reference if self.reference else None


@dataclass(frozen=True, slots=True)
class FileScore:
    """One transcription and how right it is; without a reference the errors are None.

    All variants of a recording (`-loud`, `-noisy` …) have its `subject`.
    """

    transcription: Transcription
    reference: str | None
    words: Errors | None
    characters: Errors | None
    subject: str


@dataclass(frozen=True, slots=True)
class VariantScore:
    """One variant's figures over all recordings: errors are pooled (all edits / all words), not averaged."""

    measurement: Measurement
    files: tuple[FileScore, ...]

    @property
    def variant(self) -> Variant:
        """What was measured."""
        return self.measurement.variant

    @property
    def words(self) -> Errors:
        """Word errors of all files that have a reference."""
        return pooled(score.words for score in self.files)

    @property
    def characters(self) -> Errors:
        """Character errors of all files that have a reference."""
        return pooled(score.characters for score in self.files)

    @property
    def audio_seconds(self) -> float:
        """Length of the recordings whose length is known."""
        return sum(done.audio_seconds or 0 for done in self.measurement.transcriptions)

    @property
    def processing_seconds(self) -> float:
        """Time spent on these same recordings: decoding the file and recognising it."""
        timed = (done for done in self.measurement.transcriptions if done.audio_seconds)
        return sum(done.processing_seconds for done in timed)

    @property
    def real_time_factor(self) -> float | None:
        """Processing seconds per second of audio: smaller is faster."""
        return self.processing_seconds / self.audio_seconds if self.audio_seconds else None

    @property
    def watt_hours_per_hour(self) -> float | None:
        """Energy per hour of audio; None unless the machine told that of every recording."""
        done = self.measurement.transcriptions
        known = [each.joules for each in done if each.joules is not None]
        if len(known) < len(done) or not self.audio_seconds:
            return None
        return sum(known) / self.audio_seconds  # J per s of audio: the same number as Wh per h

    @property
    def times_real_time(self) -> float | None:
        """Seconds of audio per processing second: larger is faster."""
        return self.audio_seconds / self.processing_seconds if self.processing_seconds else None


def pooled_by_subject(parts: Iterable[tuple[str, Errors]]) -> list[Errors]:
    """The errors of each subject in all its variants: what chance draws one of."""
    found: defaultdict[str, list[Errors]] = defaultdict(list)
    for subject, errors in parts:
        found[subject].append(errors)
    return [pooled(each) for each in found.values()]


def pooled(parts: Iterable[Errors | None]) -> Errors:
    """The sum of all counts."""
    known = [part for part in parts if part is not None]
    return Errors(
        reference=sum(part.reference for part in known),
        substitutions=sum(part.substitutions for part in known),
        deletions=sum(part.deletions for part in known),
        insertions=sum(part.insertions for part in known),
    )
